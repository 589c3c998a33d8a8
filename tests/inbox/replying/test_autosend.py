"""The countdown: scheduled by the message alone, cancellable, and judged again before anything goes out."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from inbox.models import Draft, OutboundSend, SendingPolicy, Workspace
from inbox.replying import autosend, hours, review, undo
from jobs.models import BackgroundJob
from jobs.worker import drain
from tests import factories
from tests.ready import passing_draft

pytestmark = pytest.mark.django_db
PAST = datetime(2000, 1, 1, tzinfo=UTC)


def fresh(draft: Draft) -> Draft:
    related = ("workspace", "lead__campaign", "trigger_message__campaign")
    return Draft.objects.select_related(*related).get(pk=draft.pk)


def judged(draft: Draft) -> str:
    return autosend.judge(fresh(draft), SendingPolicy.objects.get(workspace_id=draft.workspace_id))


def countdown_over(draft: Draft) -> Draft:
    Draft.objects.filter(pk=draft.pk).update(send_at=PAST)
    BackgroundJob.objects.filter(kind="reply.autosend").update(run_at=PAST)
    BackgroundJob.objects.filter(kind="reply.send").delete()
    drain()
    return fresh(draft)


def test_the_delay_depends_on_the_message_alone_and_lies_in_its_bounds():
    draft, policy = passing_draft(), SendingPolicy(business_hours_only=False)
    at = autosend.plan(draft, policy)

    assert at == autosend.plan(draft, policy)
    assert 180 <= (at - draft.trigger_message.sent_at).total_seconds() <= 420


def test_a_delay_that_has_passed_still_leaves_half_a_minute():
    draft = passing_draft(sent_at=timezone.now() - timedelta(hours=2))

    left = (autosend.plan(draft, SendingPolicy(business_hours_only=False)) - timezone.now()).total_seconds()

    assert 29 < left <= 30


@pytest.mark.parametrize("of_campaign", [True, False])
def test_another_workspace_s_policy_switches_nothing_on_here(of_campaign):
    workspace, other = factories.make_workspace(), factories.make_workspace()
    theirs = factories.make_policy(other, mode=SendingPolicy.Mode.AUTO)

    policy = SendingPolicy.of(workspace, factories.make_campaign(workspace) if of_campaign else None)

    assert theirs.mode == SendingPolicy.Mode.AUTO != policy.mode
    assert (policy.pk, policy.workspace) == (None, workspace)


def test_the_policy_of_another_workspace_s_campaign_switches_nothing_on_here():
    workspace, other = factories.make_workspace(), factories.make_workspace()
    campaign = factories.make_campaign(other)
    factories.make_policy(other, campaign=campaign, mode=SendingPolicy.Mode.AUTO)

    assert SendingPolicy.of(workspace, campaign).mode == SendingPolicy.Mode.OFF


def test_a_send_at_night_moves_to_the_next_opening():
    workspace = factories.make_workspace(timezone="America/New_York")
    friday_evening = datetime(2026, 1, 17, 1, 0, tzinfo=UTC)
    with time_machine.travel(friday_evening, tick=False):
        draft = passing_draft(workspace)
        at = autosend.plan(draft, SendingPolicy(business_hours_only=True))

    assert at == datetime(2026, 1, 19, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "opening"),
    [
        # The night the clocks go forward in New York: 09:00 is 13:00 UTC afterwards, 14:00 before.
        (datetime(2026, 3, 6, 23, 0, tzinfo=UTC), datetime(2026, 3, 9, 13, 0, tzinfo=UTC)),
        (datetime(2026, 10, 30, 22, 0, tzinfo=UTC), datetime(2026, 11, 2, 14, 0, tzinfo=UTC)),
    ],
)
def test_opening_time_stays_put_when_the_clocks_change(at, opening):
    workspace = factories.make_workspace(timezone="America/New_York")

    assert hours.next_open(workspace, at) == opening


def test_auto_schedules_and_the_countdown_sends():
    draft = passing_draft()
    factories.make_integration(draft.workspace)
    assert judged(draft) == "scheduled"
    assert fresh(draft).send_at is not None and OutboundSend.objects.count() == 0

    draft = countdown_over(draft)

    send = OutboundSend.objects.get()
    assert (draft.status, send.approved_by_id, send.draft_id) == (Draft.Status.APPROVED, None, draft.pk)


def test_shadow_records_what_it_would_have_done_and_sends_nothing():
    draft = passing_draft(mode="shadow")

    assert judged(draft) == "shadow"

    draft = fresh(draft)
    assert (draft.would_send, draft.gate_mode, draft.send_at) == (True, "shadow", None)
    assert BackgroundJob.objects.filter(kind="reply.autosend").count() == 0


def test_a_failing_gate_holds_the_draft_for_a_person():
    draft = passing_draft(text="I want a refund.")

    assert judged(draft) == "held"
    assert (fresh(draft).would_send, fresh(draft).send_at) == (False, None)


def test_cancel_stops_the_countdown_and_is_refused_when_it_is_over():
    draft = passing_draft()
    judged(draft)
    user = factories.make_member(draft.workspace)

    autosend.cancel(draft, user=user)

    assert fresh(draft).send_at is None
    with pytest.raises(review.AlreadyDecided):
        autosend.cancel(draft, user=user)
    BackgroundJob.objects.filter(kind="reply.autosend").update(run_at=PAST)
    drain()
    assert OutboundSend.objects.count() == 0


def test_what_changed_since_holds_the_draft_when_it_is_due():
    draft = passing_draft()
    judged(draft)
    type(draft.workspace).objects.update(sends_paused=True)

    draft = countdown_over(draft)

    assert (draft.status, draft.send_at) == (Draft.Status.PENDING, None)
    assert draft.status_reason.startswith("Held: Automatic answers are off")
    assert OutboundSend.objects.count() == 0


def test_a_send_due_outside_business_hours_moves_instead_of_failing():
    draft = passing_draft()
    judged(draft)
    SendingPolicy.objects.update(business_hours_only=True)
    sunday = datetime(2027, 1, 17, 12, 0, tzinfo=UTC)
    Draft.objects.filter(pk=draft.pk).update(send_at=sunday)
    with time_machine.travel(sunday, tick=False):
        outcome = autosend._send(fresh(draft), timezone.now())

    assert outcome.startswith("moved to 2027-01-18T09:00")
    assert fresh(draft).send_at == datetime(2027, 1, 18, 9, 0, tzinfo=UTC)


def test_a_rewritten_draft_is_not_sent_by_the_old_countdown():
    draft = passing_draft()
    judged(draft)
    Draft.objects.filter(pk=draft.pk).update(revision=2)

    draft = countdown_over(draft)

    assert draft.status == Draft.Status.PENDING and OutboundSend.objects.count() == 0
    assert BackgroundJob.objects.get(kind="reply.autosend").result == {"outcome": "already decided"}


@pytest.mark.parametrize("way", ["the countdown is stopped", "an approval is undone"])
def test_what_a_person_took_back_never_goes_out_by_itself(way):
    draft = passing_draft()
    factories.make_integration(draft.workspace)
    user = factories.make_member(draft.workspace)
    assert judged(draft) == "scheduled"
    if way == "the countdown is stopped":
        autosend.cancel(fresh(draft), user=user)
    else:
        Workspace.objects.filter(pk=draft.workspace_id).update(undo_send_s=10)
        undo.take_back(review.approve(fresh(draft), user=user, text=draft.text), user=user)

    assert judged(draft) == "held"  # as when the provider marks the reply as interested later

    assert (fresh(draft).status, fresh(draft).send_at) == (Draft.Status.PENDING, None)
    BackgroundJob.objects.filter(kind="reply.autosend").update(run_at=PAST)
    drain()
    assert not OutboundSend.objects.exists()
