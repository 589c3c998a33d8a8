"""The queue's numbers and a job's story in the shape that pages draw: one for the workspaces' pages and the admin."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from jobs import stats
from jobs.models import BackgroundJob, JobAction, JobAttempt, JobStep

Status = BackgroundJob.Status
AGES = {"3600": "Older than 1 hour", "86400": "Older than 1 day", "604800": "Older than 7 days"}
"""The ages that a list can be narrowed to, by seconds."""

LATE_S = 60
"""A job that has been due for longer than this is waiting for something other than its turn."""


def now(workspace_id: UUID | None) -> dict[str, Any]:
    """The context of templates/jobs/_now.html: one workspace's day, or everybody's (None)."""
    series = stats.series(workspace_id)
    return {
        "tiles": tiles(workspace_id),
        "bars": bars(series),
        "hours": hours(series),
        "groups": stats.failure_groups(workspace_id),
        "timings": stats.timings(workspace_id),
        "ticks": stats.ticks(),
    }


def tiles(workspace_id: UUID | None) -> list[dict]:
    """Jobs by state, the oldest due one, and the workers, as partials/tiles.html draws them."""
    counts = stats.counts(workspace_id)
    oldest_s = stats.oldest_due_age_s(workspace_id)
    alive = stats.workers(workspace_id)
    busy = sum(worker.job is not None for worker in alive)
    whose = "" if workspace_id is None else " on this workspace’s jobs"
    failed = counts[Status.FAILED]
    return [
        _tile("Queued", _count(counts[Status.QUEUED]), "due or for later"),
        _tile(
            "Oldest due",
            _span(oldest_s) if oldest_s else "none",
            "since it became due",
            "warn" if oldest_s > LATE_S else "",
        ),
        _tile("Running", _count(counts[Status.RUNNING]), "right now"),
        _tile("Failed", _count(failed), "wait for a person", "bad" if failed else ""),
        _tile("Done", _count(counts[Status.SUCCEEDED]), f"and {_count(counts[Status.CANCELLED])} cancelled"),
        _tile("Workers alive", str(len(alive)), f"{busy} busy{whose}", "" if alive else "bad"),
    ]


def _tile(label: str, value: str, note: str, tone: str = "") -> dict:
    return {"label": label, "value": value, "note": note, "tone": tone}


def _count(count: int) -> str:
    return f"{count:,}+" if count >= stats.COUNT_CAP else f"{count:,}"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else str(timedelta(seconds=int(seconds)))


def bars(series: list[stats.Bucket]) -> list[dict]:
    """The chart's rectangles on a 96 × 100 grid: failures stand on the successes."""
    top = max((bucket.done + bucket.failed for bucket in series), default=0) or 1
    found = []
    for x, bucket in enumerate(series):
        done, failed = 100 * bucket.done / top, 100 * bucket.failed / top
        title = f"{timezone.localtime(bucket.starts_at):%H:%M}: {bucket.done} done, {bucket.failed} failed"
        if done:
            found.append({"x": x, "y": 100 - done, "height": done, "tone": "ok", "title": title})
        if failed:
            found.append({"x": x, "y": 100 - done - failed, "height": failed, "tone": "bad", "title": title})
    return found


def hours(series: list[stats.Bucket]) -> list[dict]:
    """The chart's twin for those who read: the hours in which anything ended."""
    found: dict[datetime, dict] = {}
    for bucket in series:
        hour = timezone.localtime(bucket.starts_at).replace(minute=0)
        row = found.setdefault(hour, {"at": hour, "done": 0, "failed": 0})
        row["done"] += bucket.done
        row["failed"] += bucket.failed
    return [row for row in found.values() if row["done"] or row["failed"]]


def timeline(job: BackgroundJob) -> list[dict]:
    """A job's attempts, steps and people's actions, as templates/jobs/_timeline.html draws them."""
    return [_line(entry) for entry in stats.timeline(job)]


def _line(entry: JobAttempt | JobStep | JobAction) -> dict:
    """Tone, icon, what, why and when; a key that keeps what is unfolded open over a refresh."""
    if isinstance(entry, JobAction):
        return _action_line(entry)
    return _step_line(entry) if isinstance(entry, JobStep) else _attempt_line(entry)


def _action_line(action: JobAction) -> dict:
    what = f"{action.get_action_display()} by {action.actor}"
    return {"tone": "info", "icon": "user", "what": what, "why": action.detail, "at": action.created_at}


def _step_line(step: JobStep) -> dict:
    tone, icon = {"done": ("ok", "check"), "skipped": ("", "off")}.get(step.status, ("warn", "run"))
    return {
        "tone": tone,
        "icon": icon,
        "what": f"Step {step.name}: {step.get_status_display().lower()}",
        "why": step.reason,
        "at": step.started_at,
        "ms": step.finished_at and (step.finished_at - step.started_at).total_seconds() * 1000,
    }


def _attempt_line(attempt: JobAttempt) -> dict:
    well = attempt.outcome == JobAttempt.Outcome.SUCCEEDED
    bad = attempt.outcome in (JobAttempt.Outcome.FAILED, JobAttempt.Outcome.KILLED_WORKER)
    return {
        "key": f"attempt-{attempt.pk}",
        "tone": "ok" if well else "bad" if bad else "warn",
        "icon": "check" if well else "fail" if bad else "retry",
        "what": f"Attempt {attempt.number}: {attempt.get_outcome_display().lower()}",
        "why": f"{attempt.error_class}: {attempt.error}" if attempt.error_class else "",
        "at": attempt.started_at,
        "ms": attempt.duration_ms,
        "traceback": attempt.traceback,
        "worker": attempt.worker,
    }
