"""The numbers behind the pages."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from jobs import backlog, queue, stats
from jobs.models import BackgroundJob, JobAction, JobAttempt, JobStep, Tick, Worker, WorkspaceLimit
from tests.factories import make_workspace
from tests.reading import pages_of, reads, vacuum

pytestmark = pytest.mark.django_db


def make(workspace=None, **fields) -> BackgroundJob:
    return BackgroundJob.objects.create(
        **{"kind": "t.stat", "workspace": workspace, "dedupe_key": str(uuid4())} | fields
    )


def finished(workspace=None, *, ago_s=60, status="succeeded", wait_s=1, run_s=2, **fields) -> BackgroundJob:
    end = timezone.now() - timedelta(seconds=ago_s)
    start = end - timedelta(seconds=run_s)
    return make(
        workspace,
        status=status,
        run_at=start - timedelta(seconds=wait_s),
        started_at=start,
        finished_at=end,
        **fields,
    )


def test_counts_by_state_within_a_workspace():
    ours, theirs = make_workspace(), make_workspace()
    make(ours)
    finished(ours)
    finished(ours, status="failed")
    finished(theirs)

    assert stats.totals(ours.pk).jobs == {
        "queued": 1,
        "running": 0,
        "succeeded": 1,
        "failed": 1,
        "cancelled": 0,
    }
    assert stats.totals(None).jobs["succeeded"] == 2


def test_counts_stop_at_their_cap(monkeypatch):
    monkeypatch.setattr(stats, "COUNT_CAP", 3)
    for _ in range(5):
        make()

    assert stats.totals(None).jobs["queued"] == 3


def test_the_oldest_due_job_tells_the_age():
    ours, theirs = make_workspace(), make_workspace()
    make(ours, run_at=timezone.now() - timedelta(seconds=90))
    make(ours, run_at=timezone.now() + timedelta(hours=1))
    make(theirs, run_at=timezone.now() - timedelta(hours=2))

    assert 89 < stats.oldest_due_age_s(ours.pk) < 120
    assert 89 < stats.totals(ours.pk).oldest_s < 120
    nobody = make_workspace().pk
    assert (stats.oldest_due_age_s(nobody), stats.totals(nobody).oldest_s) == (0, 0)


def test_workers_alive_and_their_busy_places():
    busy = Worker.objects.create(cluster=uuid4(), host="a", pid=1, places=4)
    Worker.objects.create(cluster=uuid4(), host="b", pid=2, places=2)
    Worker.objects.create(
        cluster=uuid4(), host="c", pid=3, heartbeat_at=timezone.now() - timedelta(minutes=1)
    )
    Worker.objects.create(cluster=uuid4(), host="d", pid=4, ended_at=timezone.now())
    workspace = make_workspace()
    make(workspace)
    token, [claimed] = queue.claim(busy.pk, 1)
    queue.start(claimed, token)

    assert [worker.host for worker in stats.workers()] == ["a", "b"]
    seen, others = stats.totals(workspace.pk), stats.totals(make_workspace().pk)
    assert (seen.workers, seen.places, seen.busy) == (2, 6, 1)
    assert (others.workers, others.places, others.busy) == (2, 6, 0)


def test_the_series_covers_a_day_without_gaps():
    workspace = make_workspace()
    finished(workspace, ago_s=5)
    finished(workspace, ago_s=5, status="failed")
    finished(workspace, ago_s=3 * 3600)
    finished(workspace, ago_s=30 * 3600)
    finished(make_workspace(), ago_s=5)

    buckets = stats.series(workspace.pk)

    assert len(buckets) == 96
    assert {b.starts_at - a.starts_at for a, b in zip(buckets, buckets[1:], strict=False)} == {
        timedelta(minutes=15)
    }
    assert (sum(b.done for b in buckets), sum(b.failed for b in buckets)) == (2, 1)


def test_percentiles_per_lane():
    for n in range(1, 101):
        finished(lane="bulk", wait_s=n)
    finished(lane="stop", wait_s=0)
    finished(lane="bulk", wait_s=9_999, ago_s=30 * 3600)

    times = stats.timings(None)
    quick, slow = times["stop"], times["bulk"]

    assert (quick.wait_p50_ms, slow.wait_p50_ms) == (0, 50_500)
    assert 95_000 <= slow.wait_p95_ms <= 96_000


def test_failures_are_grouped_by_cause():
    workspace = make_workspace()
    for _ in range(3):
        finished(workspace, status="failed", fingerprint="f1", last_error_class="E", last_error="down")
    finished(workspace, status="failed", fingerprint="f2", last_error_class="E", ago_s=1)
    finished(make_workspace(), status="failed", fingerprint="f1", last_error_class="E")

    groups = stats.failure_groups(workspace.pk)

    assert [(g["fingerprint"], g["jobs"]) for g in groups] == [("f2", 1), ("f1", 3)]
    assert groups[1]["last_error"] == "down"


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, "ab"),
        ({"kind": "t.other"}, "b"),
        ({"status": "failed"}, "b"),
        ({"fingerprint": "f1"}, "b"),
        ({"text": "b"}, "b"),
        ({"text": " a "}, "a"),
        ({"text": "%"}, ""),
    ],
    ids=str,
)
def test_finds_jobs_by_each_filter(filters, found):
    workspace = make_workspace()
    make(workspace, dedupe_key="a")
    finished(
        workspace,
        dedupe_key="b",
        kind="t.other",
        status="failed",
        fingerprint="f1",
    )
    make(make_workspace(), dedupe_key="a b")

    assert {job.dedupe_key for job in stats.find(workspace.pk, **filters)} == set(found)


def test_finds_a_job_by_its_id():
    job = make()
    make()

    assert list(stats.find(None, text=str(job.pk))) == [job]


def test_a_missed_tick_is_visible():
    Tick.objects.create(name="background-jobs", started_at=timezone.now())
    Tick.objects.create(name="retention", started_at=timezone.now() - timedelta(hours=3))

    states = {tick.name: tick.missed for tick in stats.ticks()}

    assert states["background-jobs"] is False
    assert states["retention"] is True


def test_a_tick_that_never_ran_is_missed():
    assert all(tick.missed and tick.last is None for tick in stats.ticks())


def test_the_timeline_is_in_order_of_time():
    job, now = make(), timezone.now()
    attempt = JobAttempt.objects.create(
        job=job, number=1, outcome="retried", started_at=now, finished_at=now, duration_ms=5
    )
    step = JobStep.objects.create(job=job, name="look", status="done", started_at=now + timedelta(seconds=1))
    action = JobAction.objects.create(
        job=job, action="retry", actor="a", created_at=now + timedelta(seconds=2)
    )

    assert stats.timeline(job) == [attempt, step, action]


def test_each_lane_tells_what_is_due_in_it_for_how_long_and_whether_that_breaks_its_promise():
    ours, theirs = make_workspace(), make_workspace()
    make(ours, lane="stop", run_at=timezone.now() - timedelta(seconds=9))
    make(ours, lane="bulk", run_at=timezone.now() - timedelta(seconds=90))
    make(ours, lane="bulk", run_at=timezone.now() + timedelta(hours=1))
    make(theirs, lane="reply", run_at=timezone.now() - timedelta(hours=1))

    told = {state.queue.lane.name: state for state in stats.lanes(ours.pk)}

    assert {name: state.queue.due for name, state in told.items() if state.queue.due} == {
        "stop": 1,
        "bulk": 1,
    }
    assert 89 < told["bulk"].queue.oldest_s < 120
    assert [name for name, state in told.items() if state.broken] == ["stop"]
    assert [state.queue.lane.name for state in stats.lanes(None) if state.broken] == ["stop", "reply"]


def test_a_workspace_that_is_paused_breaks_no_promise():
    paused = make_workspace()
    make(paused, lane="stop", run_at=timezone.now() - timedelta(hours=1))
    WorkspaceLimit.objects.create(workspace=paused, max_workers=0)

    assert not any(state.broken for state in stats.lanes(None))


def test_a_lane_tells_how_long_its_jobs_waited():
    for wait_s in (1, 2, 3):
        finished(lane="reply", wait_s=wait_s)

    told = {state.queue.lane.name: state.waits for state in stats.lanes(None)}

    assert (told["reply"].wait_p50_ms, told["stop"]) == (2_000, None)


def test_each_kind_with_due_jobs_tells_how_long_its_oldest_waits():
    for waited_s in (90, 10):
        make(kind="t.due", run_at=timezone.now() - timedelta(seconds=waited_s))
    make(kind="t.later", run_at=timezone.now() + timedelta(hours=1))
    finished(kind="t.done", wait_s=3)
    paused = make_workspace()
    make(paused, kind="t.paused", run_at=timezone.now() - timedelta(hours=1))
    WorkspaceLimit.objects.create(workspace=paused, max_workers=0)

    oldest = stats.oldest_by_kind()

    assert list(oldest) == ["t.due"] and 89 < oldest["t.due"] < 120


def test_a_long_queue_is_counted_up_to_a_cap_and_hides_no_other_kind(monkeypatch):
    monkeypatch.setattr(backlog, "CAP", 3)
    for waited_s in (50, 40, 30, 20, 10):
        make(kind="t.many", lane="bulk", run_at=timezone.now() - timedelta(seconds=waited_s))
    make(kind="t.one", lane="reply", run_at=timezone.now() - timedelta(seconds=5))

    oldest = stats.oldest_by_kind()

    assert set(oldest) == {"t.many", "t.one"} and 50 <= oldest["t.many"] < 80
    assert {s.queue.lane.name: s.queue.due for s in stats.lanes(None) if s.queue.due} == {
        "reply": 1,
        "bulk": 3,
    }
    assert stats.exact_due() == {"reply": 1, "bulk": 5}


def test_a_monitor_gets_every_count_whole(monkeypatch):
    monkeypatch.setattr(stats, "COUNT_CAP", 3)
    for _ in range(5):
        make()

    assert stats.exact_counts() == {"queued": 5, "running": 0, "succeeded": 0, "failed": 0, "cancelled": 0}


def many_jobs(workspace, count: int) -> None:
    """Jobs of the last hours that have succeeded."""
    now = timezone.now()
    BackgroundJob.objects.bulk_create(
        BackgroundJob(
            kind="t.many",
            workspace=workspace,
            dedupe_key=f"{workspace.pk}:{number}",
            payload={"message_id": str(uuid4())},
            result={"steps": ["done"] * 40},
            status="succeeded",
            created_at=now - timedelta(seconds=number),
            started_at=now - timedelta(seconds=number),
            finished_at=now - timedelta(seconds=number),
        )
        for number in reversed(range(count))
    )


@pytest.mark.parametrize("status", ["", "succeeded"])
def test_a_page_of_the_newest_jobs_reads_no_older_ones(status):
    workspace = make_workspace()
    many_jobs(workspace, 500)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE jobs_backgroundjob")

    with reads("jobs_backgroundjob") as found:
        assert len(stats.find(workspace.pk, status=status).order_by("-created_at", "-pk")[:51]) == 51
    assert [one.rows < 60 for one in found] == [True], found


@pytest.mark.django_db(transaction=True)
def test_a_monitor_counts_ended_jobs_from_an_index_and_not_from_the_table():
    many_jobs(make_workspace(), 4_000)
    vacuum("jobs_backgroundjob")

    with reads("jobs_backgroundjob") as found:
        assert stats.exact_counts()["succeeded"] == 4_000
    assert [one.buffers < pages_of("jobs_backgroundjob") / 3 for one in found] == [True], found
