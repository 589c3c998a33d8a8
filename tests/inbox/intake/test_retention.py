"""Old bodies go first and in time, and what is gone, or stays, is not read again and again."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from inbox.intake import retention
from inbox.models import LeadLabel, Mention, Message, Note, OutboundSend, WebhookDelivery
from insights import retention as insights_retention
from insights.models import ContextPack, ConversationInsight
from integrations.models import AiCall
from jobs import retention as jobs_retention
from jobs.deadline import Deadline
from jobs.kinds import KINDS
from jobs.models import BackgroundJob
from tests import factories
from tests.factories import ago, make_delivery
from tests.reading import reads

pytestmark = pytest.mark.django_db

ROWS = 3_000


@pytest.fixture
def workspace():
    return factories.make_workspace("Northwind")


@pytest.fixture
def small_slices(monkeypatch):
    monkeypatch.setattr(jobs_retention, "SLICE", 250)


def deliveries(workspace, *, days: float, count: int = ROWS, **fields) -> None:
    """`count` deliveries, a second apart, the youngest `days` old."""
    defaults = {"source": "email", "verdict": "accepted", "body": b"{}" * 100, "body_sha256": "0" * 64}
    at = timezone.now() - timedelta(days=days)
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(workspace=workspace, received_at=at - timedelta(seconds=number), **defaults | fields)
        for number in range(count)
    )


def known(*tables: str) -> None:
    """Statistics as a server has them whose autovacuum has been by."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ANALYZE {table}")


def long() -> Deadline:
    return Deadline.after_ms(60_000)


def test_bodies_are_emptied_whatever_else_there_is_to_delete(workspace, monkeypatch):
    def endless(deadline: Deadline) -> int:
        while not deadline.expired:
            pass
        return 0

    monkeypatch.setattr(jobs_retention, "PRUNERS", {"endless": endless, **jobs_retention.PRUNERS})
    due = make_delivery(workspace, received_at=ago(days=31))
    assert jobs_retention.prune(Deadline.after_ms(2_000))["delivery bodies"] == 1
    due.refresh_from_db()
    assert due.body is None


def test_the_body_pruner_does_not_slow_down_with_its_own_success(workspace, small_slices):
    """Guard: delivery_body_to_empty. By id, each slice read past all that were emptied before."""
    deliveries(workspace, days=60, count=2 * ROWS, body=None)
    deliveries(workspace, days=31)
    known("inbox_webhookdelivery")
    with reads('"body" IS NOT NULL') as slices:
        assert retention.empty_bodies(long()) == ROWS
    own = [one for one in slices if '"workspace_id" IS NULL' not in one.sql]
    assert [one.rows for one in own] == [250] * (ROWS // 250) + [0]


def test_bodies_that_are_not_due_are_not_read(workspace):
    deliveries(workspace, days=1)
    known("inbox_webhookdelivery")
    with reads('"body" IS NOT NULL') as slices:
        assert retention.empty_bodies(long()) == 0
    assert sum(one.rows for one in slices) == 0, slices


def test_a_shorter_time_of_one_workspace_reads_nobody_elses_bodies(workspace):
    brief = factories.make_workspace("Bluebird", keep_bodies_days=2)
    deliveries(workspace, days=3)
    due = make_delivery(brief, received_at=ago(days=3))
    known("inbox_webhookdelivery")
    with reads('"body" IS NOT NULL') as slices:
        assert retention.empty_bodies(long()) == 1
    due.refresh_from_db()
    assert due.body is None
    assert sum(one.rows for one in slices) == 1, slices


def test_a_workspace_cannot_keep_bodies_longer_than_was_promised(workspace):
    type(workspace).objects.filter(pk=workspace.pk).update(keep_bodies_days=90)
    make_delivery(workspace, received_at=ago(days=31))
    assert retention.empty_bodies(long()) == 1


def test_rows_that_stay_for_their_key_are_read_once_a_run(workspace, small_slices):
    for number in range(1_000):
        make_delivery(workspace, received_at=ago(days=600, seconds=number), event_key=f"k{number}")
    deliveries(workspace, days=500, count=1_000)
    deliveries(workspace, days=1)
    known("inbox_webhookdelivery")
    with reads('"event_key" IS NULL') as slices:
        assert retention.old_rows(long()) == 1_000
    assert sum(one.rows for one in slices if "LIMIT" in one.sql) <= 2_000


def test_a_delivery_goes_though_its_replay_is_younger(workspace):
    old = make_delivery(workspace, received_at=ago(days=401))
    replay = make_delivery(workspace, received_at=ago(days=390), replay_of=old)
    assert retention.old_rows(long()) == 1
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    replay.refresh_from_db()
    assert replay.replay_of is None


def test_old_model_calls_go_by_time(workspace, small_slices):
    AiCall.objects.bulk_create(
        AiCall(workspace=owner, feature="draft", prompt_version="1", model="m", duration_ms=1, outcome="ok")
        for owner in [workspace, None]
        for _ in range(1_500)
    )
    AiCall.objects.filter(pk__in=AiCall.objects.values("pk")[:2_000]).update(created_at=ago(days=91))
    known("integrations_aicall")
    assert retention.old_model_calls(long()) == 2_000
    assert AiCall.objects.count() == 1_000


def test_sessions_go_when_they_have_run_out_and_others_stay():
    now = timezone.now()
    for key, hours in (("old", -1), ("new", 1)):
        Session.objects.create(session_key=key, session_data="x", expire_date=now + timedelta(hours=hours))

    assert jobs_retention.prune(long())["sessions"] == 1
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]


def test_jobs_that_are_kept_longer_are_read_once_a_walk(small_slices):
    """And there is a walk for each time that kinds are kept, not one for each kind."""
    BackgroundJob.objects.bulk_create(
        BackgroundJob(
            kind="t.kept",
            dedupe_key=f"{status}{number}",
            status=status,
            finished_at=ago(days=days, seconds=number),
        )
        for status, days, count in (("failed", 40, 3_000), ("succeeded", 20, 1_500))
        for number in range(count)
    )
    known("jobs_backgroundjob")
    with reads("finished_at") as slices:
        assert jobs_retention.prune_jobs(long()) == 1_500
    times = {kind.policy.keep_done_days for kind in KINDS.values()}
    assert sum(one.rows for one in slices if "LIMIT" in one.sql) < (len(times) + 1) * 4_500 + 2_000


@pytest.fixture
def brief(workspace):
    """A workspace that keeps messages for 60 days."""
    type(workspace).objects.filter(pk=workspace.pk).update(keep_messages_days=60)
    return factories.make_lead(workspace, last_snippet="Old words.")


def old_message(lead, **fields):
    return factories.make_message(lead, "Old words.", **{"received_at": ago(days=61)} | fields)


def test_messages_go_with_their_drafts_and_sends_when_their_time_is_up(brief, small_slices):
    message = old_message(brief)
    send = factories.make_send(factories.make_draft(message, status="sent"), state="sent")
    old_message(brief, source="holdfast", external_id=str(send.pk), direction="outbound")
    assert retention.old_messages(long()) == 2
    brief.refresh_from_db()
    assert brief.last_snippet == "" and not brief.messages.exists()
    assert not OutboundSend.objects.exists() and not brief.drafts.exists()


def test_the_model_s_reason_for_a_label_goes_with_the_last_message(brief, small_slices):
    old_message(brief)
    about = {"workspace": brief.workspace, "label": factories.make_label(brief.workspace), "kind": "model"}
    row = LeadLabel.objects.create(**about, lead=brief, state="suggested", by="model", reason="Old words.")
    assert retention.old_messages(long()) == 1
    row.refresh_from_db()
    assert (row.reason, row.state) == ("", "suggested")


def test_a_message_goes_whose_answer_was_taken_back(brief, small_slices):
    answered = old_message(brief)
    factories.make_send(factories.make_draft(answered, status="rejected"), state="taken_back")
    assert retention.old_messages(long()) == 1
    assert not brief.messages.exists()


def test_notes_go_as_messages_do(brief, small_slices):
    elsewhere = factories.make_lead(factories.make_workspace())
    old = [
        Note.objects.create(workspace=lead.workspace, lead=lead, text="Old.", created_at=ago(days=61))
        for lead in (brief, brief, elsewhere)
    ]
    member = factories.make_member(brief.workspace).memberships.get()
    Mention.objects.create(note=old[0], membership=member)
    young = Note.objects.create(workspace=brief.workspace, lead=brief, text="Young.")
    assert retention.old_notes(long()) == 2
    assert set(Note.objects.all()) == {young, old[2]} and not Mention.objects.exists()


def test_what_is_young_undecided_or_on_its_way_stays(brief):
    young, undecided, answered = (
        factories.make_message(brief),
        old_message(brief, suspected="opt_out"),
        old_message(brief),
    )
    factories.make_send(factories.make_draft(answered, status="approved"), state="unknown")
    elsewhere = old_message(factories.make_lead(factories.make_workspace("Bluebird")))
    assert retention.old_messages(long()) == 0
    assert set(Message.objects.all()) == {young, undecided, answered, elsewhere}
    brief.refresh_from_db()
    assert brief.last_snippet == "Old words."


def test_records_of_model_calls_are_kept_as_long_as_the_workspace_says(workspace):
    AiCall.objects.create(
        workspace=workspace, feature="draft", prompt_version="1", model="m", duration_ms=1, outcome="ok"
    )
    AiCall.objects.update(created_at=ago(days=500))
    type(workspace).objects.update(keep_model_calls_days=None)
    assert retention.old_model_calls(long()) == 0
    type(workspace).objects.update(keep_model_calls_days=400)
    assert retention.old_model_calls(long()) == 1


def test_readings_and_packs_go_with_the_messages_that_they_rest_on(brief):
    ConversationInsight.objects.create(workspace=brief.workspace, lead=brief, read_at=ago(days=61))
    ContextPack.objects.create(
        workspace=brief.workspace, question="Who?", window="D7", window_from=ago(days=70), scope_key="k",
        window_to=ago(days=62), status="COMPLETE", finished_at=ago(days=62),
    )  # fmt: skip
    assert insights_retention.past_messages(long()) == 2


def test_the_effect_is_told_before(brief):
    for _ in range(3):
        old_message(brief)
    brief.workspace.keep_messages_days, brief.workspace.keep_model_calls_days = 60, None
    make_delivery(brief.workspace, received_at=ago(days=31))
    told = retention.effects(brief.workspace)
    assert told[0] == f"Deletes 3 messages from 1 lead, dated before {ago(days=60):%Y-%m-%d}."
    assert told[1].startswith("Deletes 1 raw webhook body dated before 20")
    assert told[2] == "Records of model calls are kept."
