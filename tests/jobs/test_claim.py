"""The claim: who is next, how many workers a workspace may keep busy, and what a flood costs the others."""

from datetime import timedelta
from importlib import import_module
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from jobs import queue
from jobs.failures import NO_FAILURE
from jobs.lanes import BY_NAME
from jobs.models import BackgroundJob, Worker, WorkspaceLimit
from jobs.retries import AttemptOutcome, Decision, Status
from tests.factories import make_workspace

pytestmark = pytest.mark.django_db


def put(workspace=None, *, count=1, priority=100, age_s=60, lane="reply") -> None:
    moment = timezone.now() - timedelta(seconds=age_s)
    BackgroundJob.objects.bulk_create(
        BackgroundJob(
            kind="t",
            workspace=workspace,
            dedupe_key=str(uuid4()),
            lane=lane,
            priority=priority,
            run_at=moment,
        )
        for _ in range(count)
    )


def have_workers(count: int, places: int = 1) -> list:
    workers = [Worker(cluster=uuid4(), host="h", pid=n, places=places) for n in range(count)]
    return [worker.pk for worker in Worker.objects.bulk_create(workers)]


def claimed(limit: int, worker=None) -> list:
    return queue.claim(worker or uuid4(), limit)[1]


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
    token, [job] = queue.claim(uuid4(), 1)
    assert BackgroundJob.objects.get().attempts == 0

    started = queue.start(job, token)

    row = BackgroundJob.objects.get()
    assert (started.job.attempts, row.attempts) == (1, 1)


def test_a_start_of_unknown_outcome_may_be_repeated():
    put()
    token, [job] = queue.claim(uuid4(), 1)

    first, again = queue.start(job, token), queue.start(job, token)

    assert (again.job.attempts, again.job.started_at) == (1, first.job.started_at)


def test_settling_starts_the_next_job_in_the_same_write():
    put(count=2)
    token, [first, second] = queue.claim(uuid4(), 2)
    done = Decision(Status.SUCCEEDED, AttemptOutcome.SUCCEEDED)

    outcome, following = queue.settle(queue.start(first, token), done, failure=NO_FAILURE, upcoming=second)

    assert (outcome, following.job.pk, following.job.attempts) == ("succeeded", second.pk, 1)
    second.refresh_from_db()
    assert second.status == "running" and second.started_at is not None


def test_settling_does_not_start_a_job_that_was_given_back():
    put(count=2)
    token, [first, second] = queue.claim(worker := uuid4(), 2)
    started = queue.start(first, token)
    queue.give_back(token, worker)
    done = Decision(Status.SUCCEEDED, AttemptOutcome.SUCCEEDED)

    assert queue.settle(started, done, failure=NO_FAILURE, upcoming=second) == ("succeeded", None)


def test_what_must_stop_goes_before_replies_and_replies_before_drafts():
    have_workers(1, places=20)
    for lane in ("bulk", "draft", "reply", "steps", "person", "stop", "proof"):
        put(lane=lane)

    taken = [job.lane for _ in range(7) for job in claimed(5)]

    assert taken == ["stop", "proof", "person", "reply", "draft", "steps", "bulk"]


def test_a_claim_is_of_one_lane():
    put(lane="stop", count=2)
    put(lane="reply", count=5)

    assert [job.lane for job in claimed(5)] == ["stop", "stop"]


def test_a_claim_takes_as_many_as_its_lane_is_good_for():
    put(lane="draft", count=5)
    sizes = dict.fromkeys((lane.name for lane in queue.LANES), 5) | {"draft": 2}

    assert len(queue.claim(uuid4(), sizes)[1]) == 2


def test_drafts_that_take_all_they_can_get_leave_every_other_lane_a_place():
    workspaces = [make_workspace() for _ in range(4)]
    for workspace in workspaces:
        put(workspace, lane="draft", count=40)
    [worker] = have_workers(1, places=64)

    drafts = [job for _ in range(64) for job in claimed(1, worker)]
    for lane in BY_NAME:
        put(workspaces[0], lane=lane, count=10)
    others = [claimed(1, worker) for _ in range(7)]

    assert len(drafts) == 57
    assert sorted(job.lane for [job] in others) == sorted(set(BY_NAME) - {"draft"})


def test_lanes_with_long_jobs_take_half_of_the_places_at_most():
    for _ in range(4):
        put(make_workspace(), lane="person", count=20)
    [worker] = have_workers(1, places=16)

    assert len([job for _ in range(16) for job in claimed(1, worker)]) == 8


def test_where_there_are_few_places_the_lane_that_has_waited_longest_for_its_promise_has_its_turn():
    have_workers(4)
    put(lane="stop", count=2, age_s=1)
    put(lane="bulk", age_s=2 * 3600)

    assert queue.claim(uuid4(), 1, aged=True)[1][0].lane == "bulk"
    assert queue.claim(uuid4(), 1)[1][0].lane == "stop"


def test_a_workspace_leaves_one_of_eight_places_to_others():
    flooded, other = make_workspace(), make_workspace()
    put(flooded, count=40)
    [worker] = have_workers(1, places=16)
    put(other, age_s=1)
    assert len([job for _ in range(20) for job in claimed(1, worker)]) == 15
    assert BackgroundJob.objects.filter(status="running", workspace=flooded).count() == 14


def test_jobs_of_a_release_that_had_no_lanes_get_one_by_the_migration():
    put(lane="")
    BackgroundJob.objects.update(status="failed", finished_at=timezone.now())
    put(lane="", count=2)
    put(lane="draft")

    with connection.cursor() as cursor:
        cursor.execute(import_module("jobs.migrations.0018_a_lane_for_every_job").ASSIGN)

    assert sorted(BackgroundJob.objects.values_list("lane", flat=True)) == ["draft", *["reply"] * 3]
    assert [job.lane for job in claimed(5)] == ["reply"] * 2


@pytest.mark.parametrize("counted", [True, False])
def test_a_flood_is_read_no_further_than_the_batch(counted):
    """50,000 due jobs of one workspace must not be looked at to find another's single one, even if they came after
    PostgreSQL last counted the table.
    """
    flooded, quiet = make_workspace(), make_workspace()
    moment = timezone.now() - timedelta(hours=1)
    with connection.cursor() as cursor:
        # The rows of the tests before are dead in the indexes, where a first look passes over each of them.
        cursor.execute("REINDEX TABLE jobs_backgroundjob")
        cursor.execute("ANALYZE jobs_backgroundjob")
        cursor.execute(
            "INSERT INTO jobs_backgroundjob (id, kind, workspace_id, dedupe_key, status, lane, priority, run_at,"
            " payload, attempts, snoozes, worker_deaths, losses, last_error_class, last_error, fingerprint)"
            " SELECT gen_random_uuid(), 't', %s, n, 'queued', 'reply', 100, %s, '{}', 0, 0, 0, 0, '', '', ''"
            " FROM generate_series(1, 50000) n",
            [flooded.pk, moment],
        )
        if counted:
            cursor.execute("ANALYZE jobs_backgroundjob")
        put(quiet)
        have_workers(3, places=8)
        for _ in range(6):  # then PostgreSQL keeps a plan; to make one, it reads the catalogue
            queue.claim(uuid4(), 1)
        asked = {"token": uuid4(), "worker": uuid4(), "aged": False, "suspects": True, "batches": [10] * 8}
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + queue.CLAIM, queue.CLAIM_VALUES | asked)
        plan = cursor.fetchone()[0]
    import json

    root = (plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]
    read = root["Shared Hit Blocks"] + root["Shared Read Blocks"]
    assert root["Actual Rows"] == 10
    assert read < 1_000  # the table alone has more
