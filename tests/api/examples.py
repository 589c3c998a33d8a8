"""The examples of the API's schema: what the product answers, with ids, times and secrets replaced by constant ones."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from inbox.events import endpoints
from inbox.models import FollowUpInstance, Lead, Message, OutboundSend, Workspace
from integrations.models import WebhookEndpoint
from tests import factories
from tests.api import reference
from tests.api.conftest import Program
from tests.api.test_walls import WRITES, filled, operations, rows_of

FILE = Path(__file__).with_name("examples.json")
BODIES: dict[str, dict[str, Any]] = WRITES | {
    "POST leads/<uuid:lead_id>/assign/": {"assignedTo": 1},
    "POST leads/<uuid:lead_id>/labels/": {"add": ["Partner"]},
    "POST drafts/<uuid:draft_id>/discard/": {"revision": 1},
    "POST sends/": {"lead": "lead_id", "channel": "email", "text": "Thursday at 1:00 works for us."},
    "POST followups/": {"lead": "lead_id", "sequence": "sequence_id"},
    "POST webhook-endpoints/": {
        "url": "https://crm.example.com/holdfast",
        "events": ["*"],
        "includeText": False,
    },
    "PATCH webhook-endpoints/<uuid:endpoint_id>/": {"events": ["message.received", "send.sent"]},
    "POST webhook-endpoints/<uuid:endpoint_id>/recover/": {"since": "2026-11-30T00:00:00Z"},
}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
SECRET = re.compile(r"whsec_[\w+/=]+")


class Rollback(Exception):
    """Ends an example: the next one starts from the same rows."""


def recorded(program: Program) -> dict[str, dict[str, Any]]:
    """The body and the answer of each operation that has them, by method and address."""
    rows = world(program)
    examples: dict[str, dict[str, Any]] = {}
    for address, method, _ in operations():
        name = f"{method} {address}"
        body = BODIES.get(name)
        if body is not None:
            body = {field: str(rows.get(str(text), "")) or text for field, text in body.items()}
            body |= {"assignedTo": rows["member_id"]} if "assignedTo" in body else {}
        try:
            with transaction.atomic():
                BEFORE.get(name, lambda _rows: None)(rows)
                answer = program.call(method, filled(address, rows), body, key="k" if method != "GET" else "")
                assert 200 <= answer.status_code < 300, f"{name}: {answer.status_code} {answer.content!r}"
                raise Rollback
        except Rollback:
            example = {"request": body} if body is not None else {}
            if answer.get("Content-Type") == "application/json":
                example["response"] = answer.json()
            examples[name] = Constant().of(example)
    return examples


def world(program: Program) -> dict[str, Any]:
    """The ids of the rows that the examples are about."""
    workspace = program.token.workspace
    Workspace.objects.filter(pk=workspace.pk).update(name="Acme")
    factories.make_integration(workspace, credentials={"api_key": "k"})
    member = factories.make_member(workspace, email="alex@example.com", first_name="Alex", last_name="Moreno")
    rows = rows_of(workspace) | {"member_id": member.pk}
    factories.make_label(workspace, name="Partner")
    endpoints.test(WebhookEndpoint.objects.get(), None)
    names = {"email": "dana@example.org", "first_name": "Dana", "last_name": "Reyes"}
    Lead.objects.update(**names, last_inbound_at=Message.objects.get().sent_at)
    Message.objects.update(from_address="dana@example.org", from_name="Dana Reyes", external_id="500001")
    return rows


def _no_send(_rows: object) -> None:
    OutboundSend.objects.all().delete()


def _in_its_countdown(_rows: object) -> None:
    OutboundSend.objects.update(send_at=timezone.now() + timedelta(minutes=1))


BEFORE: dict[str, Callable[[Any], object]] = {
    "POST sends/<uuid:send_id>/take-back/": _in_its_countdown,
    "POST sends/": _no_send,
    "POST drafts/<uuid:draft_id>/approve/": _no_send,
    "POST followups/": lambda _rows: FollowUpInstance.objects.all().delete(),
}
"""What is in the way of an operation."""


class Constant:
    """Replaces what differs in each run. The same id stays the same within one example."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}

    def of(self, part: Any, name: str = "") -> Any:
        if isinstance(part, dict):
            return {key: self.of(inner, key) for key, inner in part.items()}
        if isinstance(part, list):
            return [self.of(inner, name) for inner in part]
        if isinstance(part, str):
            text = SECRET.sub("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", UUID.sub(self._id, part))
            return TIME.sub("2026-12-01T09:14:03.511208Z", text)
        return 1 if name in ("id", "assignedTo", "tookMs") and isinstance(part, int) else part

    def _id(self, match: re.Match[str]) -> str:
        return self.ids.setdefault(match[0], f"01a22f00-0000-7000-8000-{len(self.ids) + 1:012d}")


def added_to(described: dict[str, Any]) -> dict[str, Any]:
    """The schema with the examples of FILE."""
    for name, example in json.loads(FILE.read_text(encoding="utf-8")).items():
        method, address = name.split(" ")
        operation = described["paths"][reference.PARAMETER.sub(r"{\1}", f"/api/v1/{address}")][method.lower()]
        [answer] = [operation["responses"][status] for status in operation["responses"] if status < "300"]
        for kind, place in (("request", operation.get("requestBody")), ("response", answer)):
            if kind in example:
                place["content"]["application/json"]["example"] = example[kind]
    return described
