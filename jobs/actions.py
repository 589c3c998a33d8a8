"""What a person may do to jobs: retry, move, cancel, discard. Many at once, one answer per job.

Each call is one transaction (or part of the caller's, who writes the audit entries from the answers). A job's own
timeline gets a JobAction. A failed job's row, error and attempts stay when it is retried.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from jobs.models import BackgroundJob, JobAction
from jobs.wakeup import ring

Status = BackgroundJob.Status
Action = JobAction.Action

MAX_JOBS = 1_000
"""Jobs per call; more is done by calling again."""

FARTHEST = timedelta(days=365)


@dataclass(frozen=True)
class Result:
    """What became of one job. `done` False: nothing was changed, `reason` says why in words for the page."""

    job_id: UUID
    workspace_id: UUID | None
    kind: str
    done: bool
    reason: str


def retry_now(job_ids: Sequence[UUID], *, workspace_id: UUID | None, actor: str) -> list[Result]:
    """Run failed, cancelled or waiting jobs now, with all their attempts again.

    `workspace_id` limits the call to one workspace's jobs; None is for operators of all. Jobs that are not there (or
    not in the workspace) are left out of the answers. `actor` is shown in the timeline.
    """
    return _each(job_ids, workspace_id, actor, Action.RETRY, "", lambda job: _requeue(job, None))


def run_at(
    job_ids: Sequence[UUID], moment: datetime, *, workspace_id: UUID | None, actor: str
) -> list[Result]:
    """As retry_now, but at `moment` (aware). Raises ValueError for the past or beyond a year."""
    if not timezone.now() - timedelta(minutes=1) <= moment <= timezone.now() + FARTHEST:
        raise ValueError("moment: must lie within the coming year.")
    detail = moment.isoformat(timespec="minutes")
    return _each(job_ids, workspace_id, actor, Action.RUN_AT, detail, lambda job: _requeue(job, moment))


def cancel(job_ids: Sequence[UUID], *, workspace_id: UUID | None, actor: str) -> list[Result]:
    """Cancel waiting jobs at once and ask running ones to stop at their next step or outside call."""
    return _each(job_ids, workspace_id, actor, Action.CANCEL, "", _cancel)


def discard(job_ids: Sequence[UUID], reason: str, *, workspace_id: UUID | None, actor: str) -> list[Result]:
    """Close failed or waiting jobs without running them. Raises ValueError without a reason of 1 to 200 characters."""
    reason = reason.strip()
    if not 0 < len(reason) <= 200:
        raise ValueError("reason: say why in 1 to 200 characters.")
    return _each(job_ids, workspace_id, actor, Action.DISCARD, reason, _discard)


def retry_group(fingerprint: str, *, workspace_id: UUID | None, actor: str) -> list[Result]:
    """retry_now for the failed jobs of one cause, oldest first, up to MAX_JOBS."""
    failed = BackgroundJob.objects.filter(status=Status.FAILED, fingerprint=fingerprint)
    if workspace_id is not None:
        failed = failed.filter(tenant=workspace_id)
    ids = list(failed.order_by("finished_at").values_list("pk", flat=True)[:MAX_JOBS])
    return retry_now(ids, workspace_id=workspace_id, actor=actor)


def _each(
    job_ids: Sequence[UUID],
    workspace_id: UUID | None,
    actor: str,
    action: Action,
    detail: str,
    act: Callable[[BackgroundJob], str | None],
) -> list[Result]:
    """Lock the jobs in one order, let `act` change each; it returns why not, or None."""
    if len(job_ids) > MAX_JOBS:
        raise ValueError(f"job_ids: at most {MAX_JOBS} at once.")
    with transaction.atomic():
        jobs = BackgroundJob.objects.select_for_update(of=("self",)).filter(pk__in=job_ids).order_by("pk")
        if workspace_id is not None:
            jobs = jobs.filter(tenant=workspace_id)
        results, notes = [], []
        for job in jobs:
            refused = act(job)
            results.append(
                Result(job.pk, job.workspace_id, job.kind, refused is None, refused or action.label)
            )
            if refused is None:
                notes.append(JobAction(job=job, action=action, actor=actor[:254], detail=detail))
        JobAction.objects.bulk_create(notes)
        if notes and action in (Action.RETRY, Action.RUN_AT):
            ring()
    return results


def _requeue(job: BackgroundJob, moment: datetime | None) -> str | None:
    if job.status == Status.RUNNING:
        return "It is running."
    if job.status == Status.SUCCEEDED:
        return "It has succeeded."
    when = moment or Now()
    fresh = {} if job.status == Status.QUEUED else {"attempts": 0, "worker_deaths": 0, "losses": 0}
    _change(
        job,
        status=Status.QUEUED,
        run_at=when,
        first_run_at=when,
        started_at=None,
        finished_at=None,
        cancel_requested_at=None,
        **fresh,
    )
    return None


def _cancel(job: BackgroundJob) -> str | None:
    if job.status in BackgroundJob.FINAL:
        return f"It is already {job.get_status_display().lower()}."
    if job.status == Status.RUNNING and job.started_at is not None:
        _change(job, cancel_requested_at=Now())
    else:
        _close(job)
    return None


def _discard(job: BackgroundJob) -> str | None:
    if job.status not in (Status.FAILED, Status.QUEUED):
        return f"It is {job.get_status_display().lower()}."
    _close(job)
    return None


def _close(job: BackgroundJob) -> None:
    _change(
        job,
        status=Status.CANCELLED,
        finished_at=Now(),
        lease_token=None,
        lease_expires_at=None,
        worker_id=None,
    )


def _change(job: BackgroundJob, **values: object) -> None:
    BackgroundJob.objects.filter(pk=job.pk).update(**values)
