"""Many wish to answer one lead at once: exactly one message goes out."""

from functools import partial
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.utils import timezone

from inbox.leads import rollup
from inbox.models import AuditEntry, Draft, Message, OutboundSend
from inbox.replying import autosend, review, send_claims, sending, slack_cards, undo
from inbox.understanding.arrival import Arrival
from integrations.carriers import Accepted
from jobs.context import JobContext
from tests import factories
from tests.racing import InBackground, at_once, waiting_for_a_lock, won
from tests.ready import passing_draft
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


@pytest.fixture
def workspace():
    workspace = factories.make_workspace()
    factories.make_integration(workspace)
    return workspace


@pytest.fixture
def draft(workspace):
    return factories.make_draft(factories.make_message(factories.make_lead(workspace)))


def approve(draft, user):
    return lambda: review.approve(Draft.objects.get(pk=draft.pk), user=user, text="Hi Dana, Thursday works.")


def test_a_double_click_and_eight_reviewers_make_one_send(workspace, draft):
    users = [factories.make_member(workspace) for _ in range(4)]

    results = at_once(*(approve(draft, user) for user in users + users))

    (send,) = OutboundSend.objects.all()
    assert set(won(results)) == {send} and AuditEntry.objects.filter(action="draft.approve").count() == 1
    assert [send.approved_by == user for user in users + users] == [result == send for result in results]
    assert all(isinstance(other, review.AlreadyDecided) for other in results if other != send)


def beginning(send):
    """The transaction that commits the call of `send`, as one worker runs it."""

    def begin():
        related = ("lead", "reply_to__campaign", "draft", "workspace")
        fresh = OutboundSend.objects.select_related(*related).get(pk=send.pk)
        return sending._begin(SimpleNamespace(fenced=transaction.atomic), fresh, "")

    return begin


def test_two_workers_with_one_send_make_one_call(workspace, draft):
    """Guard: `called_at=None` in `sending._begin`; without it both go on to call the provider."""
    send = approve(draft, factories.make_member(workspace))()

    results = at_once(*[beginning(send)] * 4)

    assert sorted(results) == [False, False, False, True]


def test_a_send_that_was_settled_meanwhile_is_not_called(workspace, draft):
    """Guard: `state=State.INTENT` in `sending._begin`."""
    send = approve(draft, factories.make_member(workspace))()
    assert sending.settle_failed(send, "Another worker was refused.")

    assert beginning(send)() is False
    send.refresh_from_db()
    assert (send.state, send.called_at) == (OutboundSend.State.FAILED, None)


@pytest.mark.parametrize("text", ["draft", "own"])
@pytest.mark.parametrize("first", ["undo", "call"])
def test_a_send_is_taken_back_or_called_for_and_never_both(workspace, draft, first, text):
    """Guard: `called_at=None` in `inbox.replying.undo`; without it what has gone out is said to be taken back."""
    type(workspace).objects.filter(pk=workspace.pk).update(undo_send_s=10)
    user = factories.make_member(workspace)
    if text == "draft":
        send = approve(draft, user)()
    else:
        send = review.send_own(draft.lead, user=user, channel="email", text="Hi.", client_token="token-1")
    fresh = OutboundSend.objects.select_related("lead").get(pk=send.pk)
    racers = {"call": beginning(send), "undo": lambda: undo.take_back(fresh, user=user)}

    with transaction.atomic():
        racers.pop(first)()
        other = InBackground(*racers.values())
        until(lambda: other.is_over or waiting_for_a_lock(), "the other one is on")

    lost = other.result()
    if first == "call":
        assert isinstance(lost, review.AlreadyDecided)
        assert OutboundSend.objects.get(pk=send.pk).called_at is not None
    else:
        assert lost is False
        assert not OutboundSend.objects.filter(pk=send.pk, called_at__isnull=False).exists()
        assert Draft.objects.get(pk=draft.pk).text == (
            "Hi Dana, Thursday works." if text == "draft" else draft.text
        )


def test_two_countdowns_of_one_workspace_keep_to_its_cap_for_a_day(workspace):
    """Guard: `locks.hold("autosend", …)`; without it the second counts before the first has committed."""
    type(workspace).objects.filter(pk=workspace.pk).update(daily_send_cap=1)
    first, second = passing_draft(workspace), passing_draft(workspace)

    with transaction.atomic():
        assert counted_down(first) == "sent"
        other = InBackground(lambda: in_transaction(counted_down, second))
        until(lambda: other.is_over or waiting_for_a_lock(), "the second countdown is on")

    assert other.result() == "held: daily cap"
    assert OutboundSend.objects.count() == 1


def counted_down(draft):
    related = ("lead__campaign", "trigger_message__campaign", "workspace")
    return autosend._send(Draft.objects.select_related(*related).get(pk=draft.pk), timezone.now())


def in_transaction(call, *given):
    with transaction.atomic():
        return call(*given)


def test_a_form_sent_twice_with_one_token_makes_one_send(workspace, draft):
    user = factories.make_member(workspace)

    def send():
        return review.send_own(
            draft.lead, user=user, channel="email", text="Hi Dana, call me.", client_token="token-1"
        )

    results = at_once(*[send] * 6)

    assert len({send.pk for send in won(results)}) == 1 and OutboundSend.objects.count() == 1
    assert len(won(results)) == 6


def test_an_answer_and_a_follow_up_at_once_make_one_send(workspace, draft):
    user = factories.make_member(workspace)

    def follow_up(number):
        def send():
            with transaction.atomic():
                lead = type(draft.lead).objects.select_for_update().get(pk=draft.lead_id)
                return send_claims.claim(
                    lead,
                    channel="email",
                    origin=OutboundSend.Origin.FOLLOWUP,
                    origin_id=f"step-{number}",
                    text="Still interested?",
                )

        return send

    results = at_once(approve(draft, user), *(follow_up(number) for number in range(5)))

    assert len(won(results)) == 1 and OutboundSend.objects.count() == 1


def test_a_follow_up_that_does_not_lock_the_lead_is_stopped_by_the_constraint(workspace, draft):
    """The lock only orders the racers; this is what holds when somebody forgets it."""
    user = factories.make_member(workspace)

    def unlocked(number):
        return lambda: send_claims.claim(
            type(draft.lead).objects.get(pk=draft.lead_id),
            channel="email",
            origin=OutboundSend.Origin.FOLLOWUP,
            origin_id=f"step-{number}",
            text="Still interested?",
        )

    results = at_once(approve(draft, user), *(unlocked(number) for number in range(7)))

    assert len(won(results)) == 1
    assert OutboundSend.objects.filter(state="intent").count() == 1


def test_a_reviewer_and_the_countdown_at_once_make_one_send(workspace, draft):
    user = factories.make_member(workspace)
    draft = passing_draft(workspace)

    def countdown():
        related = ("lead__campaign", "trigger_message__campaign", "workspace")
        fresh = Draft.objects.select_related(*related).get(pk=draft.pk)
        with transaction.atomic():
            return autosend._send(fresh, timezone.now())

    results = at_once(approve(draft, user), countdown, approve(draft, user), countdown)

    (send,) = OutboundSend.objects.all()
    draft.refresh_from_db()
    assert draft.status == Draft.Status.APPROVED
    # Both presses are of one person, so both tell of their send; the countdown sends nothing beside it.
    assert [result == send for result in results[::2]] == [send.approved_by == user] * 2
    assert results.count("sent") == (send.approved_by is None)


def test_a_send_settled_by_the_worker_the_webhook_and_the_list_at_once_is_one_message(workspace, draft):
    send = factories.make_send(draft, called_at=draft.created_at, provider="emailbison")

    def settle(message_id):
        def run():
            fresh = OutboundSend.objects.select_related("lead", "reply_to").get(pk=send.pk)
            return sending.settle_sent(fresh, Accepted(message_id=message_id))

        return run

    results = at_once(*(settle(str(number)) for number in range(6)))

    assert sorted(map(str, results)) == ["False"] * 5 + ["True"]
    assert Message.objects.filter(source="holdfast").count() == 1


def test_slack_and_the_page_at_once_make_one_send(workspace, draft, monkeypatch):
    member = factories.make_member(workspace)
    slack = factories.make_integration(workspace, "slack", credentials={"bot_token": "xoxb"})
    membership = workspace.memberships.get(user=member)
    monkeypatch.setattr(slack_cards, "member_of", lambda *_args: membership)
    monkeypatch.setattr(slack_cards, "_update", lambda *_args, **_fields: None)

    def press():
        payload = {"draft_id": str(draft.pk), "user_id": "U1", "channel_id": "C1", "message_ts": "1.1"}
        payload["value"] = {"revision": 1}
        context = SimpleNamespace(workspace_id=slack.workspace_id, payload=payload, deadline=None)
        context.row = partial(JobContext.row, context)
        return slack_cards.approve_pressed(context)["outcome"]

    results = at_once(press, approve(draft, member), press, approve(draft, member), press)

    (send,) = OutboundSend.objects.all()
    assert AuditEntry.objects.filter(action="draft.approve").count() == 1
    # The card and the page send different texts, and only the first of them is repeated.
    from_slack = send.text == draft.text
    assert [result == "done" for result in results[::2]] == [from_slack] * 3
    assert [result == send for result in results[1::2]] == [not from_slack] * 2


def test_a_countdown_and_follow_ups_at_once_make_one_send(workspace):
    draft = passing_draft(workspace)

    def countdown():
        related = ("lead__campaign", "trigger_message__campaign", "workspace")
        fresh = Draft.objects.select_related(*related).get(pk=draft.pk)
        with transaction.atomic():
            return autosend._send(fresh, timezone.now())

    def follow_up(number):
        return lambda: send_claims.claim(
            type(draft.lead).objects.get(pk=draft.lead_id),
            channel="email",
            origin=OutboundSend.Origin.FOLLOWUP,
            origin_id=f"step-{number}",
            text="Still interested?",
        )

    results = at_once(countdown, *(follow_up(number) for number in range(5)))

    assert OutboundSend.objects.count() == 1
    draft.refresh_from_db()
    went = results[0] == "sent"
    assert draft.status == (Draft.Status.APPROVED if went else Draft.Status.PENDING)
    assert sum(isinstance(result, OutboundSend) for result in results) == (0 if went else 1)


def test_an_answer_by_hand_and_a_reviewer_at_once_leave_no_draft_that_waits(workspace, draft):
    member = factories.make_member(workspace)

    def told():
        mail = factories.make_message(
            draft.lead, "Hi Dana", source="emailbison_sent", direction="outbound", by_hand=True
        )
        with transaction.atomic():
            rollup.add(rollup.locked(draft.lead), mail, Arrival("Hi Dana"))

    at_once(approve(draft, member), told, approve(draft, member))

    draft.refresh_from_db()
    sends = OutboundSend.objects.count()
    assert (draft.status, sends) in ((Draft.Status.APPROVED, 1), (Draft.Status.REJECTED, 0))
