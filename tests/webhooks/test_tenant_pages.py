"""Northwind's owner, logged in, names what is Bluebird's in addresses, searches, forms: nothing is read or written."""

import re
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from inbox.leads import triage
from tests import factories
from tests.webhooks.rivals import ACCOUNTS, EMAIL, WORDS, unread, wall
from tests.webhooks.walls import fingerprint


def _routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern, route)
        elif isinstance(pattern, URLPattern) and route.startswith("w/<uuid:workspace_id>/"):
            yield from {route.replace("<str:kind>/<uuid:row", f"{kind}/<uuid:{kind}") for kind in TRACED}


TRACED = ("message", "lead", "job", "delivery", "send", "draft")
"""The kinds of rows that one page tells of, named in its address."""
ROUTES = list(_routes(get_resolver()))
NAMING = [route for route in ROUTES if re.search(r"<(uuid|int):(?!workspace_id)", route)]
"""Pages whose address names an object."""
OBJECTS = {
    "lead_id": "lead", "send_id": "send", "draft_id": "draft", "message_id": "message", "campaign_id": "campaign",
    "job_id": "job", "task_id": "task", "sequence_id": "sequence", "integration_id": "account", "key_id": "key",
    "delivery_id": "delivery", "membership_id": "member", "appointment_id": "meeting", "pack_id": "pack",
    "invitation_id": "invitation", "fact_id": "fact", "view_id": "view",
    "snippet_id": "snippet", "label_id": "label", "token_id": "token", "endpoint_id": "endpoint",
    "inbox/all/<uuid:job_id>": "matching",
}  # fmt: skip
FORM = {
    "do": "send", "text": "Hello", "channel": "email", "client_token": str(uuid.uuid4()), "overlap": "0",
    "email": "taken@example.org", "first_name": "Taken", "tag": "OPT_OUT", "reason": "why", "role": "viewer",
    "question": "What?", "name": "Taken", "mode": "off", "hours": "720",
}  # fmt: skip


def address(route: str, blue: SimpleNamespace, workspace: Any) -> str:
    """The page of `workspace` that names an object of Bluebird."""

    def fill(match: re.Match) -> str:
        name = match[1]
        if name == "workspace_id":
            return str(workspace.pk)
        if name == "number":
            return "1"
        of_route = next((one for one in OBJECTS if f"/{one}/" in route), name)
        assert of_route in OBJECTS or not name.endswith("_id"), f"{name}: name its object in OBJECTS."
        return str(getattr(blue, OBJECTS[of_route]).pk) if of_route in OBJECTS else "emailbison"

    return "/" + re.sub(r"<\w+:(\w+)>", fill, route)


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_page_of_ours_opens_an_object_of_theirs(north, blue, method):
    with wall(blue):
        for route in NAMING:
            response = getattr(north.client, method)(address(route, blue, north.workspace), FORM)
            assert response.status_code in (404, 405), route
            unread(response)


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_page_of_theirs_opens_to_us(north, blue, method):
    with wall(blue):
        for route in ROUTES:
            response = getattr(north.client, method)(address(route, blue, blue.workspace), FORM)
            assert response.status_code in (404, 405), route
            unread(response)


def test_what_is_attacked_is_there_for_its_own_people(blue):
    client = Client()
    client.force_login(blue.workspace.memberships.get(role="owner").user)
    pages = [client.get(address(route, blue, blue.workspace)) for route in NAMING]
    assert [page.request["PATH_INFO"] for page in pages if page.status_code not in (200, 302, 405)] == []
    shown = b"".join(page.content for page in pages if page.status_code == 200).decode()
    assert [word for word in WORDS if word not in shown] == []


SEARCHES = {
    "inbox:list": ("q", "campaign"), "inbox:deliveries": ("q",), "inbox:jobs": ("q", "fingerprint"),
    "inbox:find": ("q",),
    "inbox:followups": ("view",), "insights:overview": ("campaign",), "insights:overview-csv": ("campaign",),
    "inbox:corrections": (), "inbox:people": (), "inbox:integrations": (), "inbox:health": (), "insights:packs": (),
    "inbox:sequences": (), "inbox:automation": (), "inbox:rules": (), "inbox:settings": (),
    "inbox:facts": ("q",), "inbox:facts-export": (),
}  # fmt: skip


def test_no_list_of_ours_shows_what_is_theirs(north, blue):
    values = (EMAIL, blue.message.external_id, blue.campaign.pk, blue.lead.pk, blue.job.fingerprint)
    with wall(blue):
        for name, fields in SEARCHES.items():
            for query in [{}, *({field: str(value)} for field in fields for value in values)]:
                response = north.client.get(reverse(name, args=[north.workspace.pk]), query)
                assert response.status_code < 500, name
                unread(response)


def _forms(north: SimpleNamespace, blue: SimpleNamespace) -> dict[str, tuple[str, list[Any], list[dict]]]:
    """Forms of ours that name objects of theirs: the page, its arguments, and what is sent."""
    seen = str(triage.Seen.of(blue.lead))
    merge, message = (
        {"other": str(blue.lead.pk)},
        {"lead": str(blue.lead.pk), "reply_to": str(blue.message.pk)},
    )
    step = {
        "name": "Mine", "starts": "person", "steps-TOTAL_FORMS": "1", "steps-INITIAL_FORMS": "1",
        "steps-0-id": str(blue.step.pk), "steps-0-position": "0", "steps-0-offset_days": "0",
        "steps-0-offset_minutes": "0", "steps-0-channel": "email", "steps-0-condition": "always",
        "steps-0-text": "Taken", "steps-0-sequence": str(blue.sequence.pk),
    }  # fmt: skip
    jobs = [
        {"job": str(blue.job.pk), "do": name, "reason": "why", "moment": f"{timezone.now():%Y-%m-%dT23:59}"}
        for name in ("retry", "run-at", "cancel", "discard")
    ]
    followups = [
        {"instance": str(blue.instance.pk), "view": view, "do": name}
        for view, name in (
            ("waiting", "pause"), ("waiting", "skip"), ("waiting", "cancel"), ("paused", "resume"),
            ("approval", "approve"),
        )
    ]  # fmt: skip
    return {
        "triage": ("inbox:triage", [], [{"lead": seen, "do": name} for name in ("done", "unread", "snooze:week")]),
        "triage of an open one": ("inbox:triage", [], [{"lead": seen, "do": "done", "open": "1"}]),
        "jobs": ("inbox:jobs-act", [], [*jobs, {"do": "retry-group", "fingerprint": blue.job.fingerprint}]),
        "follow-ups": ("inbox:followups-act", [], followups),
        "all follow-ups": ("inbox:followups-act", [], [{"all": "1", "view": "approval", "do": "skip"}]),
        "replay of all failed": ("inbox:deliveries-replay", [], [{"hours": "720"}]),
        "merge": ("inbox:merge", [north.lead.pk], [merge]),
        "enrol a lead": ("inbox:lead-enrol", [north.lead.pk], [{"sequence": str(blue.sequence.pk)}]),
        "enrol by address": ("inbox:sequence-enrol", [north.sequence.pk], [{"emails": EMAIL}]),
        "a step": ("inbox:sequence", [north.sequence.pk], [step]),
        "a pack": ("insights:packs", [], [{"question": "Who?", "window": "D7", "campaigns": str(blue.campaign.pk)}]),
        "facts": ("inbox:lead-edit", [north.lead.pk], [{"email": EMAIL, "phone": blue.lead.phone}]),
        "message": ("inbox:own-message", [north.lead.pk], [FORM | message]),
    }  # fmt: skip


def test_no_form_of_ours_moves_what_is_theirs(north, blue):
    with wall(blue):
        for name, (page, args, sent) in _forms(north, blue).items():
            for data in sent:
                address = reverse(page, args=[north.workspace.pk, *args])
                response = north.client.post(address, data, follow=True)
                assert response.status_code < 500, name
                unread(response)


def test_merge_does_not_preview_a_lead_of_theirs(north, blue):
    page = reverse("inbox:merge", args=[north.workspace.pk, north.lead.pk])
    for query in ({"other": str(blue.lead.pk)}, {"q": EMAIL}):
        response = north.client.get(page, query)
        unread(response)
    assert north.client.get(page, {"other": str(blue.lead.pk)}).status_code == 404


def test_their_undo_is_not_ours(north, blue):
    token = triage.change(blue.workspace, [triage.Seen.of(blue.lead)], triage.DONE).undo
    with wall(blue):
        unread(
            north.client.post(reverse("inbox:undo", args=[north.workspace.pk]), {"token": token}, follow=True)
        )
    assert len(triage.undo(blue.workspace, token)) == 1


@pytest.mark.parametrize(
    ("source", "field", "key"), [("ghl/sms", "location_id", "ours"), ("linkedin", "account_id", "")]
)
def test_their_account_cannot_be_connected_to_our_workspace(north, blue, settings, source, field, key):
    settings.UNIPILE_API_KEY = "of-the-installation"
    mine = north.poster.integration(source)
    with wall(blue):
        response = north.client.post(
            reverse("inbox:integration-settings", args=[north.workspace.pk, mine.pk]),
            {field: ACCOUNTS[source][1], "api_key": key, "enabled": "on"},
        )
    assert response.status_code == 422
    assert north.poster.integration(source).external_account_id == ACCOUNTS[source][0]


def test_the_same_forms_move_what_is_ones_own(blue):
    client = Client()
    client.force_login(blue.workspace.memberships.get(role="owner").user)
    own = SimpleNamespace(
        client=client,
        workspace=blue.workspace,
        lead=factories.make_lead(blue.workspace),
        sequence=blue.sequence,
    )
    before, idle = fingerprint(blue.workspace), []
    for name, (page, args, sent) in _forms(own, blue).items():
        with transaction.atomic():
            for data in sent:
                client.post(reverse(page, args=[own.workspace.pk, *args]), data)
            if fingerprint(blue.workspace) == before:
                idle.append(name)
            transaction.set_rollback(True)
    assert idle == [
        "facts",
        "message",
    ]  # the address is another lead's, and that lead has written nothing yet
