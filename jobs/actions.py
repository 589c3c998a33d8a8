"""The actions that users take on jobs. Each action is one transaction, which adds a JobAction to each job's timeline
and sends the signal `acted` for the audit log. `workspace_id` limits an action to one workspace's jobs; None is for
staff. Jobs that do not exist are left out of the results. Each action raises ValueError for more than MAX_JOBS jobs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Now
from django.dispatch import Signal
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jobs.enqueue import wake
from jobs.models import BackgroundJob, JobAction

Status = BackgroundJob.Status
Action = JobAction.Action

MAX_JOBS = 10_000
"""The most jobs that one call of an action changes, and the most that the pages count."""

RUNNABLE = (Status.QUEUED, Status.FAILED, Status.CANCELLED)
"""The states from which a user can run a job now or at a given time."""
STATES: dict[Action, Sequence[Status]] = {
    Action.RETRY: RUNNABLE,
    Action.RUN_AT: RUNNABLE,
    Action.CANCEL: (Status.QUEUED, Status.RUNNING),
    Action.DISCARD: (Status.QUEUED, Status.FAILED),
}
MAX_TOLD = 10
FARTHEST = timedelta(days=365)

acted = Signal()
"""The signal that each action sends within its transaction, with `action`, `actor`, `results` (of the changed jobs
only) and `detail`."""


@dataclass(frozen=True)
class ActionResult:
    """The outcome of a user's action for one job. If `done` is False, the job was not changed because of `reason`."""

    job_id: UUID
    workspace_id: UUID | None
    kind: str
    done: bool
    reason: str


def retry_now(
    job_ids: Sequence[UUID], *, workspace_id: UUID | None, actor: AbstractBaseUser
) -> list[ActionResult]:
    """Makes failed, cancelled and queued jobs due now. Failed and cancelled jobs get all their attempts again."""
    return _each(job_ids, workspace_id, actor, Action.RETRY, "", _requeue(Now()))


def run_at(
    job_ids: Sequence[UUID], moment: datetime | str, *, workspace_id: UUID | None, actor: AbstractBaseUser
) -> list[ActionResult]:
    """Makes jobs due as `retry_now` does, but at `moment` (aware, or a text for `parse_moment`). Raises ValueError if
    `moment` is in the past, over a year away, or not a time.
    """
    moment = parse_moment(moment) if isinstance(moment, str) else moment
    if not timezone.now() - timedelta(minutes=1) <= moment <= timezone.now() + FARTHEST:
        raise ValueError("moment: choose a time in the next year.")
    detail = moment.isoformat(timespec="minutes")
    return _each(job_ids, workspace_id, actor, Action.RUN_AT, detail, _requeue(Value(moment)))


def requeue(jobs: QuerySet[BackgroundJob]) -> int:
    """Makes all queued and failed jobs in `jobs` due now, without a user's action. Returns the number of these jobs."""
    waiting = jobs.filter(status__in=[Status.QUEUED, Status.FAILED])
    with transaction.atomic():
        for kind, lane in set(waiting.values_list("kind", "lane")):
            wake(kind, lane)
        return _requeue(Now())(waiting)


def parse_moment(text: str) -> datetime:
    """Parses `text` as a time in the active time zone, and returns an aware datetime. Raises ValueError if `text` is
    not a date with a time.
    """
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise ValueError("moment: enter a day and time.")
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


def cancel(
    job_ids: Sequence[UUID], *, workspace_id: UUID | None, actor: AbstractBaseUser
) -> list[ActionResult]:
    """Cancels queued jobs, and asks running jobs to stop at their next step or outside call."""
    return _each(job_ids, workspace_id, actor, Action.CANCEL, "", _cancel)


def discard(
    job_ids: Sequence[UUID], reason: str, *, workspace_id: UUID | None, actor: AbstractBaseUser
) -> list[ActionResult]:
    """Closes failed or queued jobs without running them. Raises ValueError if `reason` is empty or too long."""
    reason = reason.strip()
    if not 0 < len(reason) <= 200:
        raise ValueError("reason: enter 1 to 200 characters.")
    return _each(job_ids, workspace_id, actor, Action.DISCARD, reason, _close)


def retry_group(
    fingerprint: str, *, workspace_ids: Sequence[UUID] | None, actor: AbstractBaseUser
) -> list[ActionResult]:
    """Requeues the MAX_JOBS oldest failed jobs with the cause `fingerprint` in `workspace_ids`. For staff, None stands
    for all workspaces. Returns only the results of jobs that this call has queued.
    """
    failed = BackgroundJob.objects.filter(status=Status.FAILED, fingerprint=fingerprint)
    if workspace_ids is not None:
        failed = failed.filter(tenant__in=workspace_ids)
    ids = list(failed.order_by("finished_at").values_list("pk", flat=True)[:MAX_JOBS])
    results = _each(ids, None, actor, Action.RETRY, "", _requeue(Now()), [Status.FAILED])
    return [row for row in results if row.done]


def complaint(error: ValueError) -> str:
    """Returns the text of an action's ValueError for the page, without the name of the argument."""
    sentence = str(error).partition(": ")[2]
    return sentence[:1].upper() + sentence[1:]


def group_sentences(results: Sequence[ActionResult]) -> list[tuple[bool, str]]:
    """Describes the results of `retry_group` for a page, as pairs: whether it is a success, and a sentence."""
    none = "There are no failed jobs with this cause left. All are queued or done."
    return sentences(results) if results else [(True, none)]


def sentences(results: Sequence[ActionResult]) -> list[tuple[bool, str]]:
    """Describes the results of an action for a page, as pairs: whether it is a success, and a sentence. The sentences
    name at most MAX_TOLD jobs.
    """
    done = [row for row in results if row.done]
    refused = [row for row in results if not row.done]
    lines = []
    if done:
        lines.append((True, f"{len(done)} job{'' if len(done) == 1 else 's'}: {done[0].reason.lower()}."))
    lines += [(False, f"Not changed: {it.kind} {it.job_id}. {it.reason}") for it in refused[:MAX_TOLD]]
    if len(refused) > MAX_TOLD:
        lines.append((False, f"{len(refused) - MAX_TOLD} more weren’t changed."))
    return lines or [(False, "Select a job first. The one you selected may no longer exist.")]


Change = Callable[[QuerySet[BackgroundJob]], object]


def _each(
    job_ids: Sequence[UUID],
    workspace_id: UUID | None,
    actor: AbstractBaseUser,
    action: Action,
    detail: str,
    change: Change,
    states: Sequence[Status] | None = None,
) -> list[ActionResult]:
    """Locks the jobs in a fixed order, and calls `change` for jobs in one of `states` (by default, the action's)."""
    states = STATES[action] if states is None else states
    if len(job_ids) > MAX_JOBS:
        raise ValueError(f"job_ids: at most {MAX_JOBS} at once.")
    with transaction.atomic():
        jobs = BackgroundJob.objects.select_for_update(of=("self",)).filter(pk__in=job_ids).order_by("pk")
        if workspace_id is not None:
            jobs = jobs.filter(tenant=workspace_id)
        results, moved = [], set()
        for job in jobs.only("workspace_id", "kind", "lane", "status", "started_at"):
            refused = None if job.status in states else _state_of(job)
            results.append(
                ActionResult(job.pk, job.workspace_id, job.kind, refused is None, refused or action.label)
            )
            if refused is None:
                moved.add((job.kind, job.lane))
        done = [row for row in results if row.done]
        change(BackgroundJob.objects.filter(pk__in=[row.job_id for row in done]))
        name = actor.get_username()[:254]
        JobAction.objects.bulk_create(
            [JobAction(job_id=it.job_id, action=action, actor=name, detail=detail) for it in done], 1_000
        )
        if action in (Action.RETRY, Action.RUN_AT):
            for kind, lane in moved:
                wake(kind, lane)
        acted.send(BackgroundJob, action=action, actor=actor, results=done, detail=detail)
    return results


def _state_of(job: BackgroundJob) -> str:
    verb = "has" if job.status in (Status.SUCCEEDED, Status.FAILED) else "is"
    return f"The job {verb} {job.get_status_display().lower()}."


def _requeue(moment: Now | Value) -> Callable[[QuerySet[BackgroundJob]], int]:
    """Queues jobs for `moment`. A queued job keeps its attempt counts; any other job starts again from zero."""
    fields = ("attempts", "worker_deaths", "losses")
    counts = {field: Case(When(status=Status.QUEUED, then=F(field)), default=0) for field in fields}
    return lambda jobs: jobs.update(
        status=Status.QUEUED,
        run_at=moment,
        first_run_at=moment,
        started_at=None,
        finished_at=None,
        cancel_requested_at=None,
        **counts,
    )


def _cancel(jobs: QuerySet[BackgroundJob]) -> None:
    in_work = Q(status=Status.RUNNING, started_at__isnull=False)
    jobs.filter(in_work).update(cancel_requested_at=Now())
    _close(jobs.exclude(in_work))


def _close(jobs: QuerySet[BackgroundJob]) -> None:
    jobs.update(
        status=Status.CANCELLED,
        finished_at=Now(),
        lease_token=None,
        lease_expires_at=None,
        worker_id=None,
    )
