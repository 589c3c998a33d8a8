"""What a person may do to jobs: retry, move, cancel, discard. Many at once, one answer per job.

Each call is one transaction (or part of the caller's) and a handful of statements, whatever the number of jobs. A job's
own timeline gets a JobAction; `acted` lets the audit log have its entries in the same transaction. A failed job's row,
error and attempts stay when it is retried.
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

from jobs.models import BackgroundJob, JobAction
from jobs.wakeup import ring

Status = BackgroundJob.Status
Action = JobAction.Action

MAX_JOBS = 10_000
"""Jobs per call, as many as the pages count; more is done by calling again."""

MAX_TOLD = 10
FARTHEST = timedelta(days=365)

acted = Signal()
"""A person did something to jobs. Sent in its transaction: `action`, `actor`, `results` (the done ones), `detail`."""


@dataclass(frozen=True)
class Result:
    """What became of one job. `done` False: nothing was changed, `reason` says why in words for the page."""

    job_id: UUID
    workspace_id: UUID | None
    kind: str
    done: bool
    reason: str


def retry_now(job_ids: Sequence[UUID], *, workspace_id: UUID | None, actor: AbstractBaseUser) -> list[Result]:
    """Run failed, cancelled or waiting jobs now, with all their attempts again.

    `workspace_id` limits the call to one workspace's jobs; None is for operators of all. Jobs that are not there (or
    not in the workspace) are left out of the answers. `actor` is shown in the timeline.
    """
    return _each(job_ids, workspace_id, actor, Action.RETRY, "", _why_not_requeued, _requeue(Now()))


def run_at(
    job_ids: Sequence[UUID], moment: datetime, *, workspace_id: UUID | None, actor: AbstractBaseUser
) -> list[Result]:
    """As retry_now, but at `moment` (aware). Raises ValueError for the past or beyond a year."""
    if not timezone.now() - timedelta(minutes=1) <= moment <= timezone.now() + FARTHEST:
        raise ValueError("moment: must lie within the coming year.")
    detail = moment.isoformat(timespec="minutes")
    return _each(
        job_ids, workspace_id, actor, Action.RUN_AT, detail, _why_not_requeued, _requeue(Value(moment))
    )


def parse_moment(text: str) -> datetime:
    """`text` of a form, in the zone that is active, for run_at. Raises ValueError where it is no day and time."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise ValueError("moment: give a day and a time.")
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


def cancel(job_ids: Sequence[UUID], *, workspace_id: UUID | None, actor: AbstractBaseUser) -> list[Result]:
    """Cancel waiting jobs at once and ask running ones to stop at their next step or outside call."""
    return _each(job_ids, workspace_id, actor, Action.CANCEL, "", _why_not_cancelled, _cancel)


def discard(
    job_ids: Sequence[UUID], reason: str, *, workspace_id: UUID | None, actor: AbstractBaseUser
) -> list[Result]:
    """Close failed or waiting jobs without running them. Raises ValueError without a reason of 1 to 200 characters."""
    reason = reason.strip()
    if not 0 < len(reason) <= 200:
        raise ValueError("reason: say why in 1 to 200 characters.")
    return _each(job_ids, workspace_id, actor, Action.DISCARD, reason, _why_not_discarded, _close)


def retry_group(fingerprint: str, *, workspace_id: UUID | None, actor: AbstractBaseUser) -> list[Result]:
    """retry_now for the failed jobs of one cause, oldest first, up to MAX_JOBS.

    The answers are of the jobs that this call has queued: one that was sent twice finds none the second time.
    """
    failed = BackgroundJob.objects.filter(status=Status.FAILED, fingerprint=fingerprint)
    if workspace_id is not None:
        failed = failed.filter(tenant=workspace_id)
    ids = list(failed.order_by("finished_at").values_list("pk", flat=True)[:MAX_JOBS])
    results = _each(ids, workspace_id, actor, Action.RETRY, "", _why_not_failed, _requeue(Now()))
    return [result for result in results if result.done]


def complaint(error: ValueError) -> str:
    """What to tell the person who gave a bad value: the sentence without the argument's name."""
    sentence = str(error).partition(": ")[2]
    return sentence[:1].upper() + sentence[1:]


def told_of_group(results: Sequence[Result]) -> list[tuple[bool, str]]:
    """As `told`, for retry_group: a cause without failed jobs is one that somebody has retried before."""
    none = "No failed job of this cause is left: all of them are queued already, or done."
    return told(results) if results else [(True, none)]


def told(results: Sequence[Result]) -> list[tuple[bool, str]]:
    """The answers as sentences, each with whether it is good news: the jobs that were changed counted in one, then
    each that was not by name, up to MAX_TOLD."""
    done = [result for result in results if result.done]
    refused = [result for result in results if not result.done]
    lines = []
    if done:
        lines.append((True, f"{len(done)} job{'' if len(done) == 1 else 's'}: {done[0].reason.lower()}."))
    lines += [(False, f"Not changed: {it.kind} {it.job_id}. {it.reason}") for it in refused[:MAX_TOLD]]
    if len(refused) > MAX_TOLD:
        lines.append((False, f"{len(refused) - MAX_TOLD} more were not changed."))
    return lines or [(False, "No job was chosen, or it is not there any more.")]


Change = Callable[[QuerySet[BackgroundJob]], object]


def _each(
    job_ids: Sequence[UUID],
    workspace_id: UUID | None,
    actor: AbstractBaseUser,
    action: Action,
    detail: str,
    why_not: Callable[[BackgroundJob], str | None],
    change: Change,
) -> list[Result]:
    """Lock the jobs in one order, ask `why_not` of each, and `change` those that have no reason against it."""
    if len(job_ids) > MAX_JOBS:
        raise ValueError(f"job_ids: at most {MAX_JOBS} at once.")
    with transaction.atomic():
        jobs = BackgroundJob.objects.select_for_update(of=("self",)).filter(pk__in=job_ids).order_by("pk")
        if workspace_id is not None:
            jobs = jobs.filter(tenant=workspace_id)
        results = []
        for job in jobs.only("workspace_id", "kind", "status", "started_at"):
            refused = why_not(job)
            results.append(
                Result(job.pk, job.workspace_id, job.kind, refused is None, refused or action.label)
            )
        done = [result for result in results if result.done]
        change(BackgroundJob.objects.filter(pk__in=[result.job_id for result in done]))
        name = actor.get_username()[:254]
        JobAction.objects.bulk_create(
            [JobAction(job_id=it.job_id, action=action, actor=name, detail=detail) for it in done], 1_000
        )
        if done and action in (Action.RETRY, Action.RUN_AT):
            ring()
        acted.send(BackgroundJob, action=action, actor=actor, results=done, detail=detail)
    return results


def _why_not_requeued(job: BackgroundJob) -> str | None:
    return {Status.RUNNING: "It is running.", Status.SUCCEEDED: "It has succeeded."}.get(job.status)


def _why_not_failed(job: BackgroundJob) -> str | None:
    return None if job.status == Status.FAILED else f"It is {job.get_status_display().lower()}."


def _requeue(moment: Now | Value) -> Change:
    """A waiting job keeps its counts, a finished one has all its attempts again."""

    def from_zero(field: str) -> Case:
        return Case(When(status=Status.QUEUED, then=F(field)), default=0)

    return lambda jobs: jobs.update(
        status=Status.QUEUED,
        run_at=moment,
        first_run_at=moment,
        started_at=None,
        finished_at=None,
        cancel_requested_at=None,
        **{field: from_zero(field) for field in ("attempts", "worker_deaths", "losses")},
    )


def _why_not_cancelled(job: BackgroundJob) -> str | None:
    return f"It is already {job.get_status_display().lower()}." if job.status in BackgroundJob.FINAL else None


def _cancel(jobs: QuerySet[BackgroundJob]) -> None:
    in_work = Q(status=Status.RUNNING, started_at__isnull=False)
    jobs.filter(in_work).update(cancel_requested_at=Now())
    _close(jobs.exclude(in_work))


def _why_not_discarded(job: BackgroundJob) -> str | None:
    return None if job.status == Status.QUEUED else _why_not_failed(job)


def _close(jobs: QuerySet[BackgroundJob]) -> None:
    jobs.update(
        status=Status.CANCELLED,
        finished_at=Now(),
        lease_token=None,
        lease_expires_at=None,
        worker_id=None,
    )
