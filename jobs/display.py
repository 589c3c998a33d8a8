"""Prepares the numbers of the job queue and the history of a job for workspace pages and the admin."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jobs import backlog, stats
from jobs.actions import STATES
from jobs.durations import duration
from jobs.kinds import policy_of
from jobs.models import BackgroundJob, JobAction, JobAttempt, JobStep
from jobs.ticks import TICKS

Status = BackgroundJob.Status
Action = JobAction.Action
LATE_S = 60
"""Seconds after which the age of the oldest due job is shown as a warning."""


def now(workspace_id: UUID | None, totals: stats.Totals) -> dict[str, Any]:
    """Returns the context of templates/jobs/_now.html."""
    series = stats.series(workspace_id)
    return {
        "tiles": tiles(totals, "" if workspace_id is None else " on this workspace’s jobs"),
        "bars": bars(series),
        "hours": hours(series),
        "groups": stats.failure_groups(workspace_id),
        "lanes": lanes(workspace_id, totals.running),
    }


def tiles(totals: stats.Totals, whose: str = "") -> list[dict[str, Any]]:
    """Returns the tiles of partials/tiles.html. `whose` ends the note about the busy places."""
    counts, oldest_s = totals.jobs, totals.oldest_s
    failed = counts[Status.FAILED]
    return [
        tile("Queued", counted(counts[Status.QUEUED]), "due now or later"),
        tile(
            "Oldest due",
            duration(oldest_s) if oldest_s else "none",
            "since it became due",
            "warn" if oldest_s > LATE_S else "",
        ),
        tile("Running", counted(counts[Status.RUNNING]), "right now"),
        tile("Failed", counted(failed), "to retry or discard", "bad" if failed else ""),
        tile("Done", counted(counts[Status.SUCCEEDED]), f"and {counted(counts[Status.CANCELLED])} cancelled"),
        tile(
            "Workers running",
            str(totals.workers),
            f"{totals.busy} of {totals.places} slots busy{whose}",
            "" if totals.workers else "bad",
        ),
    ]


def lanes(workspace_id: UUID | None, running: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "label": state.queue.lane.name.capitalize(),
            "what": state.queue.lane.what,
            "promise": duration(state.queue.lane.promise_s),
            "due": counted(state.queue.due, backlog.CAP),
            "oldest": duration(state.queue.oldest_s) if state.queue.due else "",
            "running": running.get(state.queue.lane.name, 0),
            "broken": state.broken,
            "waits": state.waits,
        }
        for state in stats.lanes(workspace_id)
    ]


def tile(label: str, figure: str | int, note: str, tone: str = "", url: str = "") -> dict[str, Any]:
    return {"label": label, "value": figure, "note": note, "tone": tone, "url": url}


def counted(count: int, cap: int = stats.COUNT_CAP) -> str:
    """Formats a number of jobs. A number that has reached `cap`, where counting stops, gets a "+"."""
    return f"{count:,}+" if count >= cap else f"{count:,}"


def with_noun(number: int, noun: str) -> str:
    """A count with its noun: "1 step", "2 steps". `noun` is in the singular."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def bars(series: list[stats.Bucket]) -> list[dict[str, Any]]:
    """Returns the bars of the chart of ended jobs, on a grid of 96 × 100, with failures stacked on successes."""
    top = max((bucket.done + bucket.failed for bucket in series), default=0) or 1
    rectangles = []
    for x, bucket in enumerate(series):
        done, failed = 100 * bucket.done / top, 100 * bucket.failed / top
        title = f"{timezone.localtime(bucket.starts_at):%H:%M}: {bucket.done} done, {bucket.failed} failed"
        for y, height, tone in ((100 - done, done, "ok"), (100 - done - failed, failed, "bad")):
            if height:
                rectangles.append({"x": x, "y": y, "height": height, "tone": tone, "title": title})
    return rectangles


def hours(series: list[stats.Bucket]) -> list[dict[str, Any]]:
    """Returns the chart's numbers of ended jobs as table rows, one for each hour in which a job ended."""
    by_hour: dict[datetime, dict[str, Any]] = {}
    for bucket in series:
        hour = timezone.localtime(bucket.starts_at).replace(minute=0)
        row = by_hour.setdefault(hour, {"at": hour, "done": 0, "failed": 0})
        row["done"] += bucket.done
        row["failed"] += bucket.failed
    return [row for row in by_hour.values() if row["done"] or row["failed"]]


CRON_STATES = ("never", "late", "running", "failed", "overran", "on time")


def crons() -> list[dict[str, Any]]:
    """Describes all registered ticks, each with its last runs and one of CRON_STATES. Ticks that never ran, are late or
    have failed come first; each group is sorted by name.
    """
    rows = [_cron(state) for state in stats.ticks()]
    return sorted(rows, key=lambda cron: (cron["state"] not in ("never", "late", "failed"), cron["name"]))


def _cron(state: stats.TickState) -> dict[str, Any]:
    row = state.last
    began = row.started_at if row else None
    return {
        "name": state.name,
        "what": TICKS[state.name].words or state.name,
        "schedule": schedule(state.every_s),
        "state": _cron_state(state),
        "last": row,
        "next_at": began + timedelta(seconds=state.every_s) if began else None,
        "runs": [_run(run) for run in row.recent] if row else [],
    }


def _cron_state(state: stats.TickState) -> str:
    row = state.last
    if row is None or row.started_at is None:
        return "never"
    if state.missed:
        return "late"
    if row.lease_token is not None:
        return "running"
    if row.error_class:
        return "failed"
    over = row.duration_ms is not None and row.duration_ms >= TICKS[state.name].budget_ms
    return "overran" if over else "on time"


def _run(entry: dict[str, Any]) -> dict[str, Any]:
    counts = ", ".join(f"{name} {count}" for name, count in entry["counts"].items() if count)
    return entry | {"at": parse_datetime(entry["at"]), "counts": counts or "nothing to do"}


def schedule(every_s: int) -> str:
    """Describes the period of a tick: "every minute", "every 5 minutes", "every hour"."""
    for unit, seconds in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count, rest = divmod(every_s, seconds)
        if count and not rest:
            return f"every {unit}" if count == 1 else f"every {count} {unit}s"
    return f"every {every_s} seconds"


WORDS = {
    "retry_now": (Action.RETRY, "Retry now"),
    "run_at": (Action.RUN_AT, "Run at"),
    "cancel": (Action.CANCEL, "Cancel"),
    "discard": (Action.DISCARD, "Discard"),
}
WORDS_BY_STATUS = {(Status.QUEUED, "retry_now"): "Run now", (Status.RUNNING, "cancel"): "Ask to stop"}
FITTING: dict[str, dict[str, str]] = {
    status: {
        name: WORDS_BY_STATUS.get((status, name), words)
        for name, (action, words) in WORDS.items()
        if status in STATES[action]
    }
    for status in Status
}
"""The admin actions allowed for a job of each status, with their button labels."""


def job_page(job: BackgroundJob, *, with_reasons: bool = True) -> dict[str, Any]:
    """Returns the context of templates/jobs/_job.html. `with_reasons` is passed to `timeline`."""
    return {
        "job": job,
        "policy": policy_of(job.kind),
        "timeline": timeline(job, with_reasons=with_reasons),
        "fitting": FITTING.get(job.status, {}),
    }


def timeline(job: BackgroundJob, *, with_reasons: bool = True) -> list[dict[str, Any]]:
    """Returns the timeline of a job: its attempts, steps and actions. If `with_reasons` is False, the timeline leaves
    out the reasons for which users discarded the job.
    """
    return [_line(entry, with_reasons) for entry in stats.timeline(job)]


def _line(entry: JobAttempt | JobStep | JobAction, with_reasons: bool) -> dict[str, Any]:
    if isinstance(entry, JobAction):
        return _action_line(entry, with_reasons)
    return _step_line(entry) if isinstance(entry, JobStep) else _attempt_line(entry)


def _action_line(action: JobAction, with_reasons: bool) -> dict[str, Any]:
    what = f"{action.get_action_display()} by {action.actor}"
    why = action.detail if with_reasons or action.action != JobAction.Action.DISCARD else ""
    return {"tone": "info", "icon": "user", "what": what, "why": why, "at": action.created_at}


def _step_line(step: JobStep) -> dict[str, Any]:
    tone, icon = {"done": ("ok", "check"), "skipped": ("", "off")}.get(step.status, ("warn", "run"))
    return {
        "tone": tone,
        "icon": icon,
        "what": f"Step {step.name}: {step.get_status_display().lower()}",
        "why": step.reason,
        "at": step.started_at,
        "ms": step.finished_at and (step.finished_at - step.started_at).total_seconds() * 1000,
    }


def _attempt_line(attempt: JobAttempt) -> dict[str, Any]:
    well = attempt.outcome in (JobAttempt.Outcome.SUCCEEDED, JobAttempt.Outcome.MOVED)
    bad = attempt.outcome in (JobAttempt.Outcome.FAILED, JobAttempt.Outcome.KILLED_WORKER)
    return {
        "key": f"attempt-{attempt.pk}",
        "tone": "ok" if well else "bad" if bad else "warn",
        "icon": "check" if well else "fail" if bad else "retry",
        "what": f"Attempt {attempt.number}: {attempt.get_outcome_display().lower()}",
        "why": f"{attempt.error_class.rpartition('.')[2]}: {attempt.error}" if attempt.error_class else "",
        "at": attempt.started_at,
        "ms": attempt.duration_ms,
        "traceback": attempt.traceback,
        "worker": attempt.worker,
    }
