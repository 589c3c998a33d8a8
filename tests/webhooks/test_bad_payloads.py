"""Whatever an authenticated sender posts is kept, once, in the sender's workspace, and answered as promised."""

import json
import logging
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings

from inbox.models import WebhookDelivery
from inbox.webhooks.scrub import without_secrets
from integrations.models import WebhookKey
from integrations.registry import WebhookSource
from tests import forms
from tests.webhooks import junk
from tests.webhooks.doors import DOORS, Door, Target, install_secrets
from tests.webhooks.walls import fingerprint

pytestmark = [pytest.mark.slow, pytest.mark.shortened]

EXAMPLES = forms.either(25, 500)
"""For each source; where two addresses lead to it, they share them."""
Verdict = WebhookDelivery.Verdict
FIXED = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
"""The same bodies in every run: what fails here fails everywhere."""

HANDLED = {"success", "deduped", "eventType", "deliveryId", "messageId", "leadId", "postProcessEnqueued"}
KEYS = {
    Verdict.ACCEPTED: HANDLED,
    Verdict.DUPLICATE: HANDLED,
    Verdict.IGNORED: {"success", "ignored", "eventType", "reason", "deliveryId"},
    Verdict.MISMATCH: {"success", "error", "deliveryId"},
}
PEOPLES_WORDS = ("Dana", "Reyes", "dana.reyes", "reyesroofing", "Reyes Roofing", "quick question")


@pytest.fixture
def own(db, settings) -> Target:
    install_secrets(settings)
    return Target.create("Northwind", "LocNorthwind01")


@pytest.fixture
def foreign(own) -> Target:
    """Another workspace, with a lead of the same address."""
    return Target.create("Bluebird", "LocBluebird01")


class Rollback(Exception):
    """Ends an example: the next one starts from the same rows."""


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_bad_payload_is_kept_and_answered_as_promised(own, foreign, caplog, door: Door):
    caplog.set_level(logging.INFO)
    for body in door.valid(foreign):  # so that it has the same people, campaigns and messages
        assert door.post(foreign, door.encode(json.dumps(body).encode())).status_code == 200
    before = list(WebhookDelivery.objects.values_list("pk", flat=True))
    deliveries = WebhookDelivery.objects.exclude(pk__in=before)
    untouched = fingerprint(foreign.poster.workspace)

    @settings(FIXED, max_examples=EXAMPLES // sum(door.source is one.source for one in DOORS.values()))
    @given(junk.bodies(door.valid(own), [] if door.named else foreign.ids))
    def attack(raw: bytes) -> None:
        caplog.clear()
        body = door.encode(raw)
        with pytest.raises(Rollback), transaction.atomic():
            response = door.post(own, body)
            assert_kept(response, deliveries.get(), body, own, door)
            assert fingerprint(foreign.poster.workspace) == untouched
            assert_discreet(caplog.records)
            raise Rollback

    attack()


def test_change_in_another_workspace_shows(own, foreign):
    before, mine = fingerprint(foreign.poster.workspace), fingerprint(own.poster.workspace)
    keys = WebhookKey.objects.filter(integration__workspace=foreign.poster.workspace)
    keys.update(last_used_at=timezone.now())  # the key knows its workspace by its integration alone
    foreign.lead.save()
    after = fingerprint(foreign.poster.workspace)
    changed = {table for table in after if after[table] != before[table]}
    assert changed == {"inbox.Lead", "integrations.WebhookKey"}
    assert fingerprint(own.poster.workspace) == mine


def assert_kept(response, delivery: WebhookDelivery, body: bytes, own: Target, door: Door) -> None:
    """One ledger row with the raw bytes in the sender's workspace, and the answer that its verdict asks for."""
    assert bytes(delivery.body) == without_secrets(body, ())  # the recorded ones hold some
    nobody = (None,) if door.named else ()
    assert delivery.workspace_id in (own.poster.workspace.pk, *nobody)
    answer = response.json()
    assert UUID(answer["deliveryId"]) == delivery.pk
    assert_answer(answer, response.status_code, delivery, door.source)


def assert_answer(answer: dict, status: int, delivery: WebhookDelivery, source: WebhookSource) -> None:
    """The table of docs/reference/addresses.md, Answers, row by row."""
    verdict = Verdict(delivery.verdict)
    assert verdict != Verdict.FAILED, delivery.reason
    keys = set(answer) - {"ok", "updatedExisting"}
    if verdict == Verdict.REJECTED:
        quarantined = source.rules.unusable_status == 200
        assert keys == {"success", "error", "deliveryId", "quarantined" if quarantined else "fields"}
        assert (status, answer["error"]) == (source.rules.unusable_status, "invalid_payload")
        assert delivery.error_fields and answer["success"] is False
        return
    assert keys == KEYS[verdict]
    assert status == (403 if verdict == Verdict.MISMATCH else 200)
    assert answer["success"] is (status == 200)
    if keys == HANDLED:
        assert answer["deduped"] is (verdict == Verdict.DUPLICATE)
    elif verdict == Verdict.IGNORED:
        assert answer["ignored"] is True and answer["reason"] == delivery.reason


def assert_discreet(records: list[logging.LogRecord]) -> None:
    """No traceback, and nothing of what people wrote."""
    for record in records:
        assert record.exc_info is None, record
        text = str(vars(record) | {"event_type": ""})  # of an unknown event, this is the sender's own word
        assert not [word for word in PEOPLES_WORDS if word in text], text
