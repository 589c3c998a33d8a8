"""Enqueue: once per key and workspace, in the caller's transaction, with few wake-ups."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from jobs import lanes, queue
from jobs.enqueue import JobSpec, enqueue, enqueue_many
from jobs.failures import NO_FAILURE
from jobs.models import BackgroundJob
from jobs.retries import AttemptOutcome, Decision, Status
from tests.factories import make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _kind(kind):
    kind("t.once", lambda ctx: None, lane=lanes.STEPS, priority=30)


def test_a_job_is_in_the_lane_of_its_kind_unless_the_caller_knows_better():
    own, _ = enqueue("t.once", dedupe_key="own")
    other, _ = enqueue("t.once", dedupe_key="other", lane=lanes.BULK)

    rows = BackgroundJob.objects.in_bulk([own.pk, other.pk])
    assert (rows[own.pk].lane, rows[other.pk].lane) == (lanes.STEPS, lanes.BULK)


def test_creates_a_job_with_the_kinds_priority():
    job, created = enqueue("t.once", dedupe_key="a", payload={"id": 1})

    assert created
    assert (job.status, job.priority, job.payload, job.attempts) == ("queued", 30, {"id": 1}, 0)


def test_a_duplicate_changes_nothing():
    first, _ = enqueue("t.once", dedupe_key="a", payload={"id": 1})
    again, created = enqueue("t.once", dedupe_key="a", payload={"id": 2}, priority=1)

    assert (again.pk, created, again.payload, again.priority) == (first.pk, False, {"id": 1}, 30)


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_a_duplicate_does_not_reset_a_finished_job(status):
    job, _ = enqueue("t.once", dedupe_key="a")
    BackgroundJob.objects.filter(pk=job.pk).update(status=status, finished_at=timezone.now())

    again, created = enqueue("t.once", dedupe_key="a")

    assert (again.status, created) == (status, False)


def test_a_missing_job_is_made_again():
    enqueue("t.once", dedupe_key="a")[0].delete()

    assert enqueue("t.once", dedupe_key="a")[1]


def test_only_a_job_that_has_not_begun_makes_a_new_look_superfluous():
    """Queued, claimed, running, finished: the first two have not looked yet."""
    waiting, _ = enqueue("t.once", dedupe_key="a", anew=True)
    assert enqueue("t.once", dedupe_key="a", anew=True) == (waiting, False)
    token, [job] = queue.claim(uuid4(), 1)
    assert enqueue("t.once", dedupe_key="a", anew=True) == (waiting, False)

    started = queue.start(job, token)
    second, created = enqueue("t.once", dedupe_key="a", anew=True)
    assert created and second.pk != waiting.pk
    done = Decision(Status.SUCCEEDED, AttemptOutcome.SUCCEEDED)
    assert queue.settle(started, done, failure=NO_FAILURE)[0] == "succeeded"
    assert enqueue("t.once", dedupe_key="a", anew=True) == (second, False)
    assert BackgroundJob.objects.get(pk=waiting.pk).status == "succeeded"


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_a_finished_job_never_makes_a_new_look_superfluous(status):
    job, _ = enqueue("t.once", dedupe_key="a", anew=True)
    BackgroundJob.objects.filter(pk=job.pk).update(status=status, finished_at=timezone.now())

    assert [enqueue("t.once", dedupe_key="a", anew=True)[1] for _ in range(2)] == [True, False]


def test_a_new_look_of_one_workspace_takes_no_key_of_another():
    ours, theirs = make_workspace(), make_workspace()
    job, _ = enqueue("t.once", dedupe_key="a", workspace_id=theirs.pk)
    BackgroundJob.objects.filter(pk=job.pk).update(status="succeeded", finished_at=timezone.now())

    assert enqueue("t.once", dedupe_key="a", workspace_id=ours.pk, anew=True)[1]
    assert not enqueue("t.once", dedupe_key="a", workspace_id=theirs.pk)[1]


def test_the_same_key_in_two_workspaces_is_two_jobs():
    ours, theirs = make_workspace(), make_workspace()

    jobs = {enqueue("t.once", dedupe_key="a", workspace_id=ws)[0].pk for ws in (ours.pk, theirs.pk, None)}

    assert len(jobs) == 3
    assert enqueue("t.once", dedupe_key="a", workspace_id=ours.pk)[0].workspace_id == ours.pk


def test_a_rolled_back_caller_leaves_no_job():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        enqueue("t.once", dedupe_key="a")
        raise ZeroDivisionError

    assert BackgroundJob.objects.count() == 0


def test_a_job_for_later_is_due_later():
    later = timezone.now() + timedelta(hours=1)
    job, _ = enqueue("t.once", dedupe_key="a", run_at=later)

    assert (job.run_at, job.first_run_at) == (later, later)


def test_many_at_once_tell_which_are_new():
    enqueue("t.once", dedupe_key="1")

    created = enqueue_many("t.once", [JobSpec(str(n)) for n in range(4)])

    keys = BackgroundJob.objects.filter(pk__in=created).values_list("dedupe_key", flat=True)
    assert set(keys) == {"0", "2", "3"}


@pytest.mark.parametrize(
    ("kind_name", "options", "named"),
    [
        ("t.unheard_of", {"dedupe_key": "a"}, "kind"),
        ("t.once", {"dedupe_key": ""}, "dedupe_key"),
        ("t.once", {"dedupe_key": "x" * 256}, "dedupe_key"),
        ("t.once", {"dedupe_key": "a", "payload": {"text": "x" * 9_000}}, "payload"),
    ],
)
def test_bad_input_is_refused_by_name(kind_name, options, named):
    with pytest.raises(ValueError, match=f"^{named}:"):
        enqueue(kind_name, **options)


def test_a_job_of_a_workspace_that_does_not_exist_is_refused():

    with pytest.raises(IntegrityError), transaction.atomic():
        enqueue("t.once", dedupe_key="a", workspace_id=uuid4())
        connection.check_constraints()
