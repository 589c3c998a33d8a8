"""A reply waits until somebody answers who can have read it, whatever time its provider says."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.leads import rollup
from inbox.models import Message
from inbox.models.message import OWN
from inbox.understanding.arrival import Arrival
from tests.factories import make_lead, make_message, make_workspace

pytestmark = pytest.mark.django_db
AT = timezone.now().replace(second=0, microsecond=0) - timedelta(hours=1)


def after(seconds: float):
    return AT + timedelta(seconds=seconds)


def waits(*came, then=None) -> bool:
    """Whether the lead waits, once the messages `came` were taken in, in this order."""
    lead = make_lead(make_workspace())
    for message in came:
        message = make_message(lead, **message)
        rollup.add(rollup.locked(lead), message, Arrival(message.text))
    if then is not None:
        then(rollup.locked(lead))
    lead.refresh_from_db()
    return lead.needs_reply


def reply(sent: float, received: float) -> dict:
    return {"sent_at": after(sent), "received_at": after(received)}


def ours(sent: float, source: str = OWN) -> dict:
    return {
        "source": source, "direction": Message.Direction.OUTBOUND, "sent_at": after(sent),
        "received_at": after(sent + 2),
    }  # fmt: skip


def test_what_was_not_here_when_ours_went_out_waits_though_its_providers_time_is_earlier():
    first, cut_to_the_minute, fetched_later = reply(-60, -59), reply(0, 40), reply(10, 300)
    assert waits(first, ours(20), cut_to_the_minute)
    assert waits(first, ours(20), fetched_later)
    assert waits(ours(20), fetched_later, then=rollup.recompute)


def test_what_comes_while_ours_is_on_its_way_waits():
    assert waits(reply(-60, -59), reply(15, 21), ours(20))


def test_what_was_here_or_was_answered_elsewhere_or_is_done_does_not_wait():
    late = reply(10, 300)
    assert not waits(reply(10, 11), ours(20))
    assert not waits(ours(20, "emailbison_sent") | {"by_hand": True}, late)
    assert not waits(ours(20), late, ours(400))

    def done_and_computed_anew(lead):
        lead.answered_at = lead.last_inbound_at
        rollup.recompute(lead)

    assert not waits(ours(20), late, then=done_and_computed_anew)
