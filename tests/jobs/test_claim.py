"""The claim: who is next, how many workers a workspace may keep busy, and what a flood costs the others."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from jobs import ledger
from jobs.failures import NO_FAILURE
from jobs.models import BackgroundJob, Worker, WorkspaceLimit
from jobs.outcomes import Decision, Outcome, Status
from tests.factories import make_workspace

pytestmark = pytest.mark.django_db


def put(workspace=None, *, count=1, priority=100, age_s=60) -> None:
    moment = timezone.now() - timedelta(seconds=age_s)
    BackgroundJob.objects.bulk_create(
        BackgroundJob(
            kind="t", workspace=workspace, dedupe_key=str(uuid4()), priority=priority, run_at=moment
        )
        for _ in range(count)
    )


def have_workers(count: int) -> list:
    workers = [Worker(cluster=uuid4(), host="h", pid=n) for n in range(count)]
    return [worker.pk for worker in Worker.objects.bulk_create(workers)]


def claimed(limit: int, worker=None) -> list:
    return ledger.claim(worker or uuid4(), limit)[1]


def test_takes_the_lower_priority_number_first():
    put(priority=50, age_s=10)
    put(priority=20, age_s=5)
    put(priority=90, age_s=99)

    assert [job.priority for job in claimed(3)] == [20, 50, 90]


def test_takes_the_oldest_first_within_a_workspace():
    for age_s in (5, 99, 50):
        put(age_s=age_s)

    moments = [job.run_at for job in claimed(3)]

    assert moments == sorted(moments)


def test_goes_round_the_workspaces_whatever_their_backlog():
    flooded, quiet, other = make_workspace(), make_workspace(), make_workspace()
    put(flooded, count=50, age_s=900)
    put(quiet, count=2, age_s=1)
    put(other, count=2, age_s=2)
    have_workers(4)

    first = [job.workspace_id for job in claimed(6)]

    assert {ws: first.count(ws) for ws in set(first)} == {flooded.pk: 2, quiet.pk: 2, other.pk: 2}


def test_the_workspace_with_fewer_busy_workers_goes_first():
    busy, idle = make_workspace(), make_workspace()
    workers = have_workers(4)
    put(busy, count=5, age_s=900)
    claimed(1, workers[0])
    put(idle, age_s=1)

    assert claimed(1, workers[1])[0].workspace_id == idle.pk


def test_one_workspace_cannot_take_the_last_worker():
    flooded, other = make_workspace(), make_workspace()
    put(flooded, count=20)
    workers = have_workers(3)

    assert len(claimed(2, workers[0])) == 2
    assert len(claimed(2, workers[1])) == 2
    assert claimed(2, workers[2]) == []
    put(other)
    assert [job.workspace_id for job in claimed(2, workers[2])] == [other.pk]


def test_a_workspace_keeps_to_its_own_limit():
    workspace = make_workspace()
    put(workspace, count=20)
    workers = have_workers(6)
    WorkspaceLimit.objects.create(workspace=workspace, max_workers=2)

    assert [len(claimed(3, worker)) for worker in workers] == [3, 3, 0, 0, 0, 0]


def test_a_limit_of_zero_pauses_a_workspace():
    workspace = make_workspace()
    put(workspace)
    WorkspaceLimit.objects.create(workspace=workspace, max_workers=0)

    assert claimed(1) == []


def test_expired_leases_do_not_count_as_busy():
    workspace = make_workspace()
    put(workspace, count=2)
    workers = have_workers(2)
    assert len(claimed(1, workers[0])) == 1
    assert claimed(1, workers[1]) == []

    BackgroundJob.objects.filter(status="running").update(
        lease_expires_at=timezone.now() - timedelta(seconds=1)
    )

    assert len(claimed(1, workers[1])) == 1


def test_a_claim_counts_no_attempt_and_a_start_counts_one():
    put()
    token, [job] = ledger.claim(uuid4(), 1)
    assert BackgroundJob.objects.get().attempts == 0

    started = ledger.start(job, token)

    row = BackgroundJob.objects.get()
    assert (started.job.attempts, row.attempts) == (1, 1)


def test_a_start_of_unknown_outcome_may_be_repeated():
    put()
    token, [job] = ledger.claim(uuid4(), 1)

    first, again = ledger.start(job, token), ledger.start(job, token)

    assert (again.job.attempts, again.job.started_at) == (1, first.job.started_at)


def test_settling_starts_the_next_job_in_the_same_write():
    put(count=2)
    token, [first, second] = ledger.claim(uuid4(), 2)
    done = Decision(Status.SUCCEEDED, Outcome.SUCCEEDED)

    outcome, following = ledger.settle(ledger.start(first, token), done, failure=NO_FAILURE, upcoming=second)

    assert (outcome, following.job.pk, following.job.attempts) == ("succeeded", second.pk, 1)
    second.refresh_from_db()
    assert second.status == "running" and second.started_at is not None


def test_settling_does_not_start_a_job_that_was_given_back():
    put(count=2)
    token, [first, second] = ledger.claim(worker := uuid4(), 2)
    started = ledger.start(first, token)
    ledger.give_back(token, worker)
    done = Decision(Status.SUCCEEDED, Outcome.SUCCEEDED)

    assert ledger.settle(started, done, failure=NO_FAILURE, upcoming=second) == ("succeeded", None)


def test_a_flood_is_read_no_further_than_the_batch():
    """50,000 due jobs of one workspace must not be looked at to find another's single one."""
    flooded, quiet = make_workspace(), make_workspace()
    moment = timezone.now() - timedelta(hours=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO jobs_backgroundjob (id, kind, workspace_id, dedupe_key, status, priority, run_at, payload,"
            " attempts, snoozes, worker_deaths, losses, last_error_class, last_error, fingerprint)"
            " SELECT gen_random_uuid(), 't', %s, n, 'queued', 100, %s, '{}', 0, 0, 0, 0, '', '', ''"
            " FROM generate_series(1, 50000) n",
            [flooded.pk, moment],
        )
        cursor.execute("ANALYZE jobs_backgroundjob")
        put(quiet)
        have_workers(3)
        statement = ledger.CLAIM.split(";", 1)[1]
        cursor.execute(
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement,
            {"limit": 10, "token": uuid4(), "worker": uuid4()},
        )
        plan = cursor.fetchone()[0]
    import json

    root = (plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]
    read = root["Shared Hit Blocks"] + root["Shared Read Blocks"]
    assert root["Actual Rows"] == 10
    assert read < 1_000  # the table alone has more than 1,500 blocks
