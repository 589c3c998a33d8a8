"""What people may do to jobs, in every state a job can be in."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from inbox.models import AuditEntry, User
from jobs import actions, queue
from jobs.enqueue import enqueue
from jobs.models import BackgroundJob, JobAction
from jobs.worker import drain
from tests.factories import make_workspace

pytestmark = pytest.mark.django_db

Status = BackgroundJob.Status
STATES = ("waiting", "claimed", "running", "succeeded", "failed", "cancelled")


@pytest.fixture(autouse=True)
def _kind(kind):
    kind("t.act", lambda ctx: None)


def ops() -> User:
    return User.objects.get_or_create(email="ops@example.com")[0]


def everywhere() -> dict:
    return {"workspace_id": None, "actor": ops()}


def make_job(state: str, workspace=None) -> BackgroundJob:
    later = timezone.now() + timedelta(hours=1)
    job, _ = enqueue(
        "t.act",
        dedupe_key=str(uuid4()),
        workspace_id=workspace and workspace.pk,
        run_at=later if state == "waiting" else None,
    )
    if state in ("claimed", "running"):
        token, [claimed] = queue.claim(uuid4(), 1)
        if state == "running":
            queue.start(claimed, token)
    elif state != "waiting":
        BackgroundJob.objects.filter(pk=job.pk).update(
            status=state,
            finished_at=timezone.now(),
            attempts=8,
            worker_deaths=3,
            last_error="down",
            fingerprint="f1",
        )
    job.refresh_from_db()
    return job


@pytest.mark.parametrize(
    ("state", "allowed"),
    [(s, s in ("waiting", "failed", "cancelled")) for s in STATES],
)
def test_retries_what_is_not_running_and_has_not_succeeded(state, allowed):
    job = make_job(state)
    before = job.status

    [result] = actions.retry_now([job.pk], **everywhere())

    job.refresh_from_db()
    assert result.done is allowed
    assert job.status == (Status.QUEUED if allowed else before)
    if allowed:
        assert drain() == {"succeeded": 1}


def test_a_retry_keeps_the_failure_and_gives_all_attempts_again():
    job = make_job("failed")

    actions.retry_now([job.pk], **everywhere())

    job.refresh_from_db()
    assert (job.attempts, job.worker_deaths, job.last_error, job.finished_at) == (0, 0, "down", None)
    note = JobAction.objects.get()
    assert (note.job_id, note.action, note.actor) == (job.pk, "retry", "ops@example.com")


def test_a_waiting_job_keeps_its_attempts_when_it_is_called_early():
    job = make_job("waiting")
    BackgroundJob.objects.filter(pk=job.pk).update(attempts=3)

    actions.retry_now([job.pk], **everywhere())

    job.refresh_from_db()
    assert job.attempts == 3


def test_moves_a_job_to_a_moment():
    job = make_job("failed")
    moment = timezone.now() + timedelta(days=2)

    [result] = actions.run_at([job.pk], moment, **everywhere())

    job.refresh_from_db()
    assert result.done
    assert (job.status, job.run_at, job.first_run_at) == (Status.QUEUED, moment, moment)


@pytest.mark.parametrize("shift", [timedelta(hours=-1), timedelta(days=400)], ids=str)
def test_refuses_a_moment_that_is_past_or_far(shift):
    with pytest.raises(ValueError, match="^moment:"):
        actions.run_at([], timezone.now() + shift, **everywhere())


@pytest.mark.parametrize(
    ("state", "done", "status"),
    [
        ("waiting", True, Status.CANCELLED),
        ("claimed", True, Status.CANCELLED),
        ("running", True, Status.RUNNING),
        ("succeeded", False, Status.SUCCEEDED),
        ("failed", False, Status.FAILED),
        ("cancelled", False, Status.CANCELLED),
    ],
)
def test_cancels_by_state(state, done, status):
    job = make_job(state)

    [result] = actions.cancel([job.pk], **everywhere())

    job.refresh_from_db()
    assert (result.done, job.status) == (done, status)
    assert (job.cancel_requested_at is not None) == (state == "running")


def test_a_claimed_job_that_was_cancelled_does_not_start():
    enqueue("t.act", dedupe_key="a")
    token, [job] = queue.claim(uuid4(), 1)

    actions.cancel([job.pk], **everywhere())

    assert queue.start(job, token) is None


@pytest.mark.parametrize(("state", "done"), [(s, s in ("waiting", "failed")) for s in STATES])
def test_discards_with_a_reason(state, done):
    job = make_job(state)

    [result] = actions.discard([job.pk], " sent by hand ", **everywhere())

    job.refresh_from_db()
    assert result.done is done
    if done:
        assert job.status == Status.CANCELLED
        assert JobAction.objects.get().detail == "sent by hand"
    else:
        assert not JobAction.objects.exists()


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_refuses_a_discard_without_a_fit_reason(reason):
    with pytest.raises(ValueError, match="^reason:"):
        actions.discard([], reason, **everywhere())


def test_one_cause_is_retried_in_several_workspaces_and_in_no_other():
    mine, too, other = make_workspace(), make_workspace(), make_workspace()
    jobs = [make_job("failed", workspace) for workspace in (mine, too, other)]
    BackgroundJob.objects.update(fingerprint="same")

    results = actions.retry_group("same", workspace_ids=[mine.pk, too.pk], actor=ops())

    assert {result.job_id for result in results} == {jobs[0].pk, jobs[1].pk}
    jobs[2].refresh_from_db()
    assert jobs[2].status == Status.FAILED
    assert actions.retry_group("same", workspace_ids=[], actor=ops()) == []


def test_retries_one_cause_and_no_other():
    ours = [make_job("failed") for _ in range(3)]
    other = make_job("failed")
    BackgroundJob.objects.filter(pk=other.pk).update(fingerprint="f2")

    results = actions.retry_group("f1", workspace_ids=None, actor=ops())

    assert {result.job_id for result in results if result.done} == {job.pk for job in ours}
    other.refresh_from_db()
    assert other.status == Status.FAILED


@pytest.mark.parametrize(
    "act",
    [
        lambda pk, ws: actions.retry_now([pk], workspace_id=ws, actor=ops()),
        lambda pk, ws: actions.run_at([pk], timezone.now(), workspace_id=ws, actor=ops()),
        lambda pk, ws: actions.cancel([pk], workspace_id=ws, actor=ops()),
        lambda pk, ws: actions.discard([pk], "why", workspace_id=ws, actor=ops()),
        lambda pk, ws: actions.retry_group("f1", workspace_ids=[ws], actor=ops()),
    ],
    ids=["retry_now", "run_at", "cancel", "discard", "retry_group"],
)
def test_another_workspaces_job_is_out_of_reach(act):
    mine, theirs = make_workspace(), make_workspace()
    job = make_job("failed", theirs)

    assert act(job.pk, mine.pk) == []

    job.refresh_from_db()
    assert job.status == Status.FAILED


def test_answers_each_job_of_a_mixed_selection():
    failed, done = make_job("failed"), make_job("succeeded")

    results = {r.job_id: (r.done, r.reason) for r in actions.retry_now([failed.pk, done.pk], **everywhere())}

    assert results == {failed.pk: (True, "Retried"), done.pk: (False, "The job has succeeded.")}


def test_each_changed_job_gets_its_audit_entry_and_no_other():
    workspace = make_workspace()
    failed, done = make_job("failed", workspace), make_job("succeeded", workspace)

    actions.discard([failed.pk, done.pk], "Dana asked for it", **everywhere())

    entry = AuditEntry.objects.get()
    assert (entry.workspace_id, entry.actor, entry.action) == (workspace.pk, ops(), "job.discard")
    assert (entry.object_type, entry.object_id, entry.data) == ("backgroundjob", str(failed.pk), {})


def test_many_jobs_take_as_many_statements_as_one(django_assert_num_queries):
    jobs = [make_job("failed") for _ in range(30)]
    person = ops()

    with django_assert_num_queries(7):
        results = actions.retry_now([job.pk for job in jobs], workspace_id=None, actor=person)

    assert len(results) == 30
    assert set(BackgroundJob.objects.values_list("status", "attempts")) == {("queued", 0)}


def test_says_what_was_done_and_names_each_job_that_was_not():
    failed, done = make_job("failed"), make_job("succeeded")
    results = actions.retry_now([failed.pk, done.pk], **everywhere())

    assert actions.sentences(results) == [
        (True, "1 job: retried."),
        (False, f"Not changed: t.act {done.pk}. The job has succeeded."),
    ]


def test_names_a_few_of_many_that_were_refused_and_counts_the_rest(monkeypatch):
    monkeypatch.setattr(actions, "MAX_TOLD", 2)
    jobs = [make_job("succeeded") for _ in range(5)]
    lines = actions.sentences(actions.retry_now([job.pk for job in jobs], **everywhere()))

    assert len(lines) == 3
    assert lines[-1] == (False, "3 more weren’t changed.")


def test_says_that_nothing_was_chosen():
    assert actions.sentences(actions.retry_now([uuid4()], **everywhere())) == [
        (False, "Select a job first. The one you selected may no longer exist.")
    ]


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-45T10:00"])
def test_a_moment_that_is_none_is_refused_in_words(text):
    with pytest.raises(ValueError, match="^moment: enter a day and time"):
        actions.parse_moment(text)
