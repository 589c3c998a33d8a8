"""What waits, by lane and workspace: for the admin's first page, which asks every few seconds."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from jobs import backlog
from jobs.models import BackgroundJob, WorkspaceLimit
from tests import factories

pytestmark = pytest.mark.django_db


def queue(workspace, lane: str, count: int = 1, waited_s: float = 1, **fields) -> None:
    due = timezone.now() - timedelta(seconds=waited_s)
    BackgroundJob.objects.bulk_create(
        BackgroundJob(
            workspace=workspace,
            kind="x",
            dedupe_key=f"{lane}-{waited_s}-{n}",
            lane=lane,
            run_at=due,
            **fields,
        )
        for n in range(count)
    )


def lane(name: str, tenants=None) -> backlog.Backlog:
    return next(one for one in backlog.by_lane(tenants) if one.lane.name == name)


def test_each_lane_says_what_is_due_how_long_and_whose_it_is():
    first, second = factories.make_workspace(), factories.make_workspace()
    queue(first, "reply", 3, waited_s=10)
    queue(second, "reply", 5, waited_s=50, priority=7)
    queue(second, "reply", 1, waited_s=20, priority=9)
    queue(first, "bulk", 2, waited_s=-60)  # for later

    found = lane("reply")

    assert [(one.tenant, one.due) for one in found.tenants] == [(second.pk, 6), (first.pk, 3)]
    assert found.due == 9 and 50 <= found.oldest_s < 60
    assert lane("bulk").tenants == []
    assert [one.lane.name for one in backlog.by_lane(None)][:2] == ["stop", "proof"]


def test_a_broken_promise_is_a_job_that_waits_or_began_too_late():
    workspace = factories.make_workspace()
    queue(workspace, "reply", 2, waited_s=31)
    queue(workspace, "reply", 4, waited_s=5)
    now = timezone.now()
    for number, waited_s in enumerate((29, 31, 300)):
        BackgroundJob.objects.create(
            workspace=workspace,
            kind="x",
            dedupe_key=f"ended-{number}",
            lane="reply",
            status="succeeded",
            run_at=now - timedelta(seconds=waited_s),
            started_at=now,
            finished_at=now,
        )

    assert lane("reply").broken == 2 + 2
    BackgroundJob.objects.filter(status="succeeded").update(finished_at=now - timedelta(hours=2))
    assert lane("reply").broken == 2


def test_a_workspace_sees_its_own_queue_alone():
    mine, other = factories.make_workspace(), factories.make_workspace()
    queue(mine, "bulk", 1, waited_s=5)
    queue(other, "bulk", 4, waited_s=90)

    found = lane("bulk", [mine.pk])

    assert [one.tenant for one in found.tenants] == [mine.pk] and found.oldest_s < 60
    assert lane("bulk", []).tenants == []


def test_a_paused_workspace_is_named_and_breaks_no_promise():
    workspace = factories.make_workspace()
    WorkspaceLimit.objects.create(workspace=workspace, max_workers=0)
    queue(workspace, "reply", 3, waited_s=500)

    found = lane("reply")

    assert (found.due, found.oldest_s, found.broken) == (0, 0, 0)
    assert [(one.due, one.paused) for one in found.tenants] == [(3, True)]


def test_a_long_queue_is_counted_up_to_the_cap(monkeypatch):
    monkeypatch.setattr(backlog, "CAP", 50)
    queue(factories.make_workspace(), "bulk", 53)

    assert lane("bulk").due == 50


def test_postgresql_counts_the_queue_again_after_a_burst_of_a_thousand_jobs():
    """It waited for a tenth of all jobs that are kept. Meanwhile each of 600 queues read all due jobs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT option_name, option_value FROM pg_class, pg_options_to_table(reloptions)"
            " WHERE oid = 'jobs_backgroundjob'::regclass"
        )
        assert dict(cursor.fetchall()) == {
            "autovacuum_analyze_scale_factor": "0",
            "autovacuum_analyze_threshold": "1000",
        }
