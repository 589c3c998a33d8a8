"""From a restored database nothing is sent until somebody says so; then what may have gone out is asked for first."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from inbox.management.commands import doctor
from inbox.models import DatabaseOrigin, FollowUpInstance, OutboundSend
from inbox.replying import lost_time, review, send_claims
from jobs.models import BackgroundJob
from tests import factories

pytestmark = pytest.mark.django_db
State = OutboundSend.State


@pytest.fixture
def draft(world):
    message = world.reply("Sure, send me times.")
    world.work()
    return world.draft(message)


def approve(world, draft, text="Hi Dana, Thursday works."):
    return review.approve(draft, user=world.user, text=text)


def restore(part: int = 0) -> None:
    """Let the database be another than it was: on another server (0) or another timeline (1)."""
    origin = DatabaseOrigin.read()
    parts = origin.here.split("/")
    parts[part] = "0" * len(parts[part])
    DatabaseOrigin.objects.update(place="/".join(parts))


def take_over(**options: str) -> str:
    said = StringIO()
    call_command(
        "restored", **{"since": (timezone.now() - timedelta(hours=1)).isoformat()} | options, stdout=said
    )
    return said.getvalue()


def work_again(world) -> None:
    """Let what was put off be due, and the provider be asked."""
    OutboundSend.objects.filter(state=State.UNKNOWN).update(called_at=timezone.now() - timedelta(seconds=10))
    BackgroundJob.objects.filter(status="queued").update(run_at=timezone.now() - timedelta(days=1))
    world.work()


def of_the_lost_time(world, draft, text: str) -> None:
    """The provider accepts an answer, and our database does not know of it."""
    send = approve(world, draft, text)
    world.work()
    assert len(world.posted()) == 1
    type(draft).objects.filter(pk=draft.pk).update(status="pending", decided_by=None, decided_at=None)
    draft.lead.messages.filter(source="holdfast").delete()
    send.delete()
    draft.refresh_from_db()


def test_nothing_goes_out_until_somebody_says_what_was_lost(world, draft, settings):
    restore()
    send = approve(world, draft)
    world.work()

    send.refresh_from_db()
    assert (send.state, world.posted()) == (State.INTENT, [])
    assert BackgroundJob.objects.get(kind="reply.send").status == "queued"
    settings.METRICS_TOKEN = "t"
    assert Client().get("/readyz", headers={"Authorization": "Bearer t"}).json()["sends_held"] is True
    finding = next(one for one in doctor.examine(providers=False) if one.subject == "sends")
    assert finding.ok is False and "restored --since" in finding.fix


@pytest.mark.parametrize("part, words", [(0, "copied"), (1, "timeline"), (2, "copied"), (3, "copied")])
def test_a_server_a_timeline_a_database_and_a_table_are_each_another_place(part, words):
    assert lost_time.refusal(DatabaseOrigin.read()) == ""
    restore(part)
    assert words in lost_time.refusal(DatabaseOrigin.read())
    DatabaseOrigin.objects.all().delete()
    assert lost_time.is_held()


def test_a_send_under_way_is_unknown_then_and_goes_out_only_when_a_person_says_so(world, draft):
    restore()
    send = approve(world, draft)
    assert "now unknown and being looked up at the providers: 1" in take_over()

    work_again(world)
    send.refresh_from_db()
    assert (send.state, world.posted()) == (State.UNKNOWN, [])
    assert "didn’t list the message" in send.reason

    send_claims.again(send, state=State.UNKNOWN, user=world.user)
    world.work()
    assert len(world.posted()) == 1


def test_who_sends_it_again_before_the_provider_was_asked_has_it_asked_first(world, draft):
    restore()
    send = approve(world, draft)
    take_over()
    send.refresh_from_db()
    send_claims.again(send, state=State.UNKNOWN, user=world.user)
    world.work()
    send.refresh_from_db()
    assert (send.state, world.posted()) == (State.UNKNOWN, [])


def test_an_answer_that_went_out_in_the_lost_time_is_found_and_does_not_go_out_again(world, draft):
    of_the_lost_time(world, draft, "Hi Dana, Thursday works.")
    restore()
    take_over()

    send = approve(world, draft)  # somebody finds the draft waiting, as it was
    work_again(world)
    work_again(world)

    send.refresh_from_db()
    assert (send.state, len(world.posted())) == (State.SENT, 1)
    assert send.finished_at < DatabaseOrigin.objects.get().restored_at


def test_another_answer_in_the_lost_time_leaves_it_to_a_person(world, draft):
    of_the_lost_time(world, draft, "Hi Dana, call me.")
    restore()
    take_over()
    send = approve(world, draft)
    work_again(world)
    work_again(world)
    send.refresh_from_db()
    assert (send.state, len(world.posted())) == (State.UNKNOWN, 1)


def test_what_answers_a_later_message_goes_out_at_once(world):
    restore()
    take_over()
    approve(world, world_draft(world))
    world.work()
    assert len(world.posted()) == 1


def world_draft(world):
    message = world.reply("Sure, send me times.")
    message.sent_at = timezone.now()
    message.save(update_fields=["sent_at"])
    world.work()
    return world.draft(message)


def test_a_move_that_lost_nothing_doubts_nothing(world, draft):
    restore(1)
    send = approve(world, draft)
    world.work()
    call_command("restored", nothing_lost=True, stdout=StringIO())
    world.work()
    send.refresh_from_db()
    assert (send.state, len(world.posted())) == (State.SENT, 1)


def test_only_follow_ups_that_run_and_were_due_are_in_doubt(world, draft):
    now = timezone.now()
    sequence = factories.make_sequence(world.workspace)
    lately = now - timedelta(minutes=5)
    due, later, ended = (
        FollowUpInstance.objects.create(
            workspace=world.workspace,
            lead=factories.make_lead(world.workspace),
            sequence=sequence,
            next_step=sequence.steps.first(),
            due_at=at,
            quiet_since=now,
            status=status,
        )
        for at, status in ((lately, "active"), (now + timedelta(days=1), "active"), (lately, "completed"))
    )
    restore()
    take_over()
    due.refresh_from_db(), later.refresh_from_db(), ended.refresh_from_db()
    assert (due.in_doubt, later.in_doubt, ended.in_doubt) == (True, False, False)


def test_the_time_that_was_lost_is_checked():
    for options in (
        {"since": "yesterday"},
        {"since": "2100-01-01T00:00Z"},
        {"until": "2020-01-01T00:00Z"},
    ):
        with pytest.raises(CommandError):
            take_over(**options)
    assert not DatabaseOrigin.objects.get().restored_at


def test_the_newest_moment_is_noted_only_where_the_database_belongs():
    DatabaseOrigin.objects.update(seen_at=None)
    lost_time.note_seen()
    seen = DatabaseOrigin.objects.get().seen_at
    assert seen
    restore()
    lost_time.note_seen()
    assert DatabaseOrigin.objects.get().seen_at == seen
