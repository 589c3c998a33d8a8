"""Retention: old enough and no sooner, by kind and by how it ended."""

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_q.models import OrmQ

from jobs import retention
from jobs.deadline import Deadline
from jobs.models import BackgroundJob, JobAction, JobAttempt, JobStep, Worker

pytestmark = pytest.mark.django_db


def finished(days: float, status: str = "succeeded", kind: str = "t.kept") -> BackgroundJob:
    moment = timezone.now() - timedelta(days=days)
    return BackgroundJob.objects.create(kind=kind, dedupe_key=str(uuid4()), status=status, finished_at=moment)


def prune() -> dict[str, int]:
    return retention.prune(Deadline.after_ms(20_000))


@pytest.mark.parametrize(
    ("status", "days", "kept"),
    [
        ("succeeded", 13, True),
        ("succeeded", 15, False),
        ("cancelled", 13, True),
        ("cancelled", 15, False),
        ("failed", 89, True),
        ("failed", 91, False),
    ],
)
def test_keeps_done_jobs_for_14_days_and_failed_ones_for_90(status, days, kept):
    job = finished(days, status)

    prune()

    assert BackgroundJob.objects.filter(pk=job.pk).exists() is kept


def test_a_kind_may_keep_its_jobs_shorter(kind):
    kind("t.brief", lambda ctx: None, keep_done_days=1)
    brief, usual = finished(2, kind="t.brief"), finished(2)

    prune()

    assert set(BackgroundJob.objects.values_list("pk", flat=True)) == {usual.pk}
    assert brief.pk != usual.pk


@pytest.mark.parametrize("status", ["queued", "running"])
def test_never_deletes_unfinished_work(status):
    lease = {"lease_token": uuid4(), "lease_expires_at": timezone.now()} if status == "running" else {}
    old = timezone.now() - timedelta(days=400)
    BackgroundJob.objects.create(kind="t", dedupe_key="a", status=status, run_at=old, created_at=old, **lease)

    prune()

    assert BackgroundJob.objects.count() == 1


def test_takes_the_jobs_history_along():
    job, now = finished(20), timezone.now()
    JobStep.objects.create(job=job, name="a", status="done", started_at=now)
    JobAttempt.objects.create(
        job=job, number=1, outcome="succeeded", started_at=now, finished_at=now, duration_ms=1
    )
    JobAction.objects.create(job=job, action="retry", actor="a")

    assert prune()["jobs"] == 1
    assert not any(model.objects.exists() for model in (JobStep, JobAttempt, JobAction))


def test_works_in_slices_until_nothing_is_left(monkeypatch):
    monkeypatch.setattr(retention, "SLICE", 2)
    for _ in range(5):
        finished(20)

    assert prune()["jobs"] == 5


def test_stops_at_its_deadline():
    finished(20)

    assert retention.prune(Deadline.after_ms(0))["jobs"] == 0
    assert BackgroundJob.objects.count() == 1


def taking_all_its_time(deadline: Deadline) -> int:
    while not deadline.expired:
        time.sleep(0.01)
    return 1


def test_one_with_more_than_its_share_to_do_leaves_the_others_theirs(monkeypatch):
    """Jobs once took the whole time of every run, and what came after them was never deleted."""
    pruners = {"endless": taking_all_its_time, "jobs": retention.PRUNERS["jobs"]}
    monkeypatch.setattr(retention, "PRUNERS", pruners)
    finished(20)

    counts = retention.prune(Deadline.after_ms(6_000))

    assert counts["jobs"] == 1
    assert (counts["endless"] >= 1, counts["unfinished"]) == (True, 1)


def test_who_was_cut_has_the_time_that_others_left(monkeypatch):
    turns = []

    def long(deadline: Deadline) -> int:
        turns.append("long")
        return taking_all_its_time(deadline) if len(turns) == 1 else 5

    def short(deadline: Deadline) -> int:
        turns.append("short")
        return 1

    monkeypatch.setattr(retention, "PRUNERS", {"long": long, "short": short})

    counts = retention.prune(Deadline.after_ms(4_000))

    assert turns == ["long", "short", "long"]
    assert counts == {"long": 6, "short": 1, "unfinished": 0, "errors": 0}


def test_what_was_promised_goes_first(monkeypatch):
    turns = []
    monkeypatch.setattr(retention, "PRUNERS", {})
    monkeypatch.setattr(retention, "PROMISED", set())
    retention.prunes("usual")(lambda deadline: turns.append("usual") or 0)
    retention.prunes("promised", promised=True)(lambda deadline: turns.append("promised") or 0)

    prune()

    assert turns == ["promised", "usual"]


def test_one_that_fails_keeps_no_other_from_its_turn(monkeypatch, caplog):
    def broken(_deadline: Deadline) -> int:
        raise ValueError("a defect")

    monkeypatch.setattr(retention, "PRUNERS", {"broken": broken, **retention.PRUNERS})
    finished(20)

    counts = prune()

    assert (counts["jobs"], counts["errors"]) == (1, 1)
    assert [line.pruner for line in caplog.records if line.exc_info] == ["broken"]


def test_forgets_workers_and_stale_wakeups():
    old = timezone.now() - timedelta(days=8)
    Worker.objects.create(cluster=uuid4(), host="gone", pid=1, heartbeat_at=old)
    Worker.objects.create(cluster=uuid4(), host="here", pid=2)
    OrmQ.objects.create(key="of another name", payload="x", lock=old)

    counts = prune()

    assert (counts["workers"], counts["wakeups"]) == (1, 1)
    assert Worker.objects.get().host == "here"


def test_the_command_reports_what_it_deleted(capsys):
    finished(20)

    call_command("prune")

    assert "jobs: 1" in capsys.readouterr().out
