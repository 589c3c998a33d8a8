"""What a claim on a send refuses, whatever stands before it: each guard by itself."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.models import DatabaseOrigin, OutboundSend
from inbox.replying import lost_time, send_claims
from tests import factories

pytestmark = pytest.mark.django_db
State = OutboundSend.State


@pytest.fixture
def lead():
    return factories.make_lead(factories.make_workspace())


@pytest.fixture
def send(lead):
    """An automatic answer that has been claimed."""
    return factories.make_send(factories.make_draft(factories.make_message(lead)))


@pytest.mark.parametrize("state", [State.INTENT, State.SENT, State.UNKNOWN])
def test_a_send_is_repeated_only_from_the_state_that_was_seen(send, lead, state):
    OutboundSend.objects.filter(pk=send.pk).update(state=state)
    user = factories.make_member(lead.workspace)
    with pytest.raises(send_claims.AlreadyDecided):
        send_claims.again(send, state=State.FAILED, user=user)
    assert OutboundSend.objects.get().state == state


def test_an_answer_is_taken_back_before_its_call_and_not_after(send, lead):
    OutboundSend.objects.update(called_at=timezone.now())
    assert not send_claims.take_back(send, lead, "They wrote again.")
    assert OutboundSend.objects.get() == send
    OutboundSend.objects.update(called_at=None)
    assert send_claims.take_back(send, lead, "They wrote again.")
    assert not OutboundSend.objects.exists()


def test_nothing_is_sent_to_a_lead_that_is_being_erased(lead):
    assert send_claims.blocked(lead, "email") == ""
    lead.erasing_at = timezone.now()
    assert send_claims.blocked(lead, "email") == "This lead is being erased."


@pytest.mark.parametrize(("age", "doubtful"), [(timedelta(minutes=10), True), (timedelta(0), False)])
def test_a_message_of_the_lost_time_is_in_doubt(send, age, doubtful):
    now = timezone.now()
    origin = DatabaseOrigin(restored_at=now, lost_until=now - timedelta(minutes=5))
    manual = OutboundSend(origin=OutboundSend.Origin.PERSON, created_at=now - age)
    assert lost_time.doubtful(manual, origin) is doubtful
