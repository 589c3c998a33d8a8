"""Done, snoozed, unread: only for what the person saw, and back again."""

import pytest
import time_machine
from django.core import signing
from django.utils import timezone

from inbox.leads import rollup, triage
from inbox.models import Lead
from tests import factories
from tests.factories import ago


@pytest.fixture
def workspace(db):
    return factories.make_workspace()


@pytest.fixture
def lead(workspace):
    return factories.make_lead(workspace, needs_reply=True, unread=True, last_inbound_at=ago(hours=1))


def test_done_needs_no_reply_and_is_read(workspace, lead):
    triage.change(workspace, [triage.Seen.of(lead)], triage.DONE)
    lead.refresh_from_db()
    assert (lead.needs_reply, lead.unread) == (False, False)


def test_done_outlives_the_next_roll_up(workspace, lead):
    triage.change(workspace, [triage.Seen.of(lead)], triage.DONE)
    rollup.save(Lead.objects.get(pk=lead.pk))
    lead.refresh_from_db()
    assert lead.needs_reply is False


def test_reply_that_came_meanwhile_is_not_marked_done(workspace, lead):
    seen = triage.Seen.of(lead)
    Lead.objects.filter(pk=lead.pk).update(last_inbound_at=timezone.now())
    outcome = triage.change(workspace, [seen], triage.DONE)
    lead.refresh_from_db()
    assert (outcome.leads, outcome.missed, lead.needs_reply) == ([], [lead], True)


def test_lead_of_another_workspace_is_left_alone(lead):
    outcome = triage.change(factories.make_workspace(), [triage.Seen.of(lead)], triage.DONE)
    lead.refresh_from_db()
    assert (outcome.missed, outcome.gone, lead.needs_reply) == ([], 1, True)


@pytest.mark.parametrize("fields", [triage.DONE, triage.UNREAD, triage.snoozed(ago(days=-3))])
def test_undo_puts_everything_back(fields, workspace, lead):
    names = [*triage.DONE]
    before = Lead.objects.values(*names).get(pk=lead.pk)
    outcome = triage.change(workspace, [triage.Seen.of(lead)], fields)
    assert len(triage.undo(workspace, outcome.undo)) == 1
    assert Lead.objects.values(*names).get(pk=lead.pk) == before


def test_undo_leaves_a_lead_with_a_newer_message_alone(workspace, lead):
    outcome = triage.change(workspace, [triage.Seen.of(lead)], triage.snoozed(ago(days=-3)))
    Lead.objects.filter(pk=lead.pk).update(last_inbound_at=timezone.now(), unread=True)
    assert len(triage.undo(workspace, outcome.undo)) == 0
    lead.refresh_from_db()
    assert lead.unread is True


def test_undo_of_another_workspace_is_refused(workspace, lead):
    outcome = triage.change(workspace, [triage.Seen.of(lead)], triage.DONE)
    with pytest.raises(signing.BadSignature):
        triage.undo(factories.make_workspace(), outcome.undo)


def test_undo_ends_after_ten_minutes(workspace, lead):
    outcome = triage.change(workspace, [triage.Seen.of(lead)], triage.DONE)
    with time_machine.travel(ago(minutes=-11)), pytest.raises(signing.BadSignature):
        triage.undo(workspace, outcome.undo)


def test_reading_is_not_handling(lead):
    triage.mark_read(lead)
    lead.refresh_from_db()
    assert (lead.unread, lead.needs_reply) == (False, True)


def test_message_that_came_meanwhile_stays_unread(lead):
    stale = Lead.objects.get(pk=lead.pk)
    Lead.objects.filter(pk=lead.pk).update(last_inbound_at=timezone.now())
    triage.mark_read(stale)
    lead.refresh_from_db()
    assert lead.unread is True


@pytest.mark.parametrize("text", ["", "x", "@", "123@2026-01-01", f"{'0' * 32}@yesterday"])
def test_reference_that_is_none_is_refused(text):
    with pytest.raises(ValueError):
        triage.Seen.parse(text)


def test_reference_survives_the_page(lead):
    assert triage.Seen.parse(str(triage.Seen.of(lead))) == triage.Seen.of(lead)
