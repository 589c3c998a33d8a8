"""Background work as a workspace's admins see it: how it stands, why it failed, and what they can do about it."""

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_POST

from inbox import audit
from inbox.access import workspace_view
from inbox.models import Membership, Message, WebhookDelivery, Workspace
from inbox.pagination import keyset_page
from inbox.safe_next import next_url
from jobs import actions, stats
from jobs.models import BackgroundJob, JobAction, JobAttempt, JobStep
from jobs.registry import KINDS

ADMIN = Membership.Role.ADMIN
Status = BackgroundJob.Status
AGES = {
    "": "Any age",
    "3600": "Older than 1 hour",
    "86400": "Older than 1 day",
    "604800": "Older than 7 days",
}
FILTERS = ("kind", "status", "error", "age", "q")


@require_GET
@workspace_view(ADMIN)
def job_list(request: HttpRequest) -> HttpResponse:
    """`w/<workspace>/jobs/?kind=…&status=…&error=…&age=…&q=…`"""
    workspace_id = request.workspace.pk
    asked = {name: request.GET.get(name, "").strip()[:255] for name in FILTERS}
    found = stats.find(
        workspace_id,
        kind=asked["kind"],
        status=asked["status"] if asked["status"] in Status.values else "",
        error_class=asked["error"],
        older_than_s=int(asked["age"]) if asked["age"] in AGES and asked["age"] else None,
        text=asked["q"],
    )
    cursors = {name: request.GET.get(name, "") for name in ("after", "before")}
    context = {
        "page": keyset_page(found.order_by(), "created_at", **cursors),
        "asked": asked,
        "filtered": any(asked.values()),
        "tabs": _tabs(stats.counts(workspace_id), asked["status"]),
        "tiles": _tiles(workspace_id),
        "kinds": sorted(KINDS),
        "ages": AGES.items(),
    }
    if request.htmx:
        return render(request, "jobs/_live.html", context)
    series = stats.series(workspace_id)
    context |= {
        "bars": _bars(series),
        "hours": _hours(series),
        "timings": stats.timings(workspace_id),
        "groups": stats.failure_groups(workspace_id),
        "ticks": stats.ticks(),
    }
    return render(request, "jobs/list.html", context)


@require_GET
@workspace_view(ADMIN)
def job(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """One job: what it is about, its attempts and steps in order, and what can be done now."""
    found = _job(request.workspace, job_id)
    context = {
        "job": found,
        "timeline": [_entry(entry) for entry in stats.timeline(found)],
        "message": _message(request.workspace, found),
        "delivery": WebhookDelivery.objects.filter(workspace=request.workspace, job=found)
        .defer("body")
        .first(),
        "can_retry": found.status in (Status.FAILED, Status.CANCELLED, Status.QUEUED),
        "can_discard": found.status in (Status.FAILED, Status.QUEUED),
        "can_cancel": found.status in (Status.QUEUED, Status.RUNNING),
    }
    template = "jobs/_job.html" if request.htmx else "jobs/job.html"
    return render(request, template, context)


@require_POST
@workspace_view(ADMIN)
def act(request: HttpRequest) -> HttpResponse:
    """Retry, move, cancel or discard the ticked jobs, or retry all of one cause; one answer per job."""
    back = redirect(next_url(request, reverse("inbox:jobs", args=[request.workspace.pk])))
    action = ACTIONS.get(request.POST.get("do", ""))
    if action is None:
        messages.error(request, "There is no such action.")
        return back
    try:
        with transaction.atomic():
            results = action(request)
            for result in results:
                if result.done:
                    subject = BackgroundJob(pk=result.job_id)
                    audit.record(request.workspace.pk, request.user, f"job.{request.POST['do']}", subject)
    except ValueError as error:
        messages.error(request, str(error).partition(": ")[2] or str(error))
        return back
    _say(request, results)
    return back


def _ids(request: HttpRequest) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(value) for value in request.POST.getlist("job")]
    except ValueError:
        raise ValueError("job: is not the id of a job.") from None


def _limits(request: HttpRequest) -> dict:
    return {"workspace_id": request.workspace.pk, "actor": str(request.user.email)}


def _run_at(request: HttpRequest) -> list[actions.Result]:
    moment = parse_datetime(request.POST.get("moment", ""))
    if moment is None:
        raise ValueError("moment: give a day and a time.")
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment)
    return actions.run_at(_ids(request), moment, **_limits(request))


ACTIONS: dict[str, Callable[[HttpRequest], list[actions.Result]]] = {
    "retry": lambda request: actions.retry_now(_ids(request), **_limits(request)),
    "run-at": _run_at,
    "cancel": lambda request: actions.cancel(_ids(request), **_limits(request)),
    "discard": lambda request: actions.discard(
        _ids(request), request.POST.get("reason", ""), **_limits(request)
    ),
    "retry-group": lambda request: actions.retry_group(
        request.POST.get("fingerprint", ""), **_limits(request)
    ),
}


def _say(request: HttpRequest, results: list[actions.Result]) -> None:
    done = sum(result.done for result in results)
    if done:
        messages.success(request, f"{done} job{'' if done == 1 else 's'}: {results_word(results)}.")
    refused = Counter(result.reason for result in results if not result.done)
    for reason, count in refused.items():
        messages.warning(request, f"{count} left as it is: {reason}")
    if not results:
        messages.warning(request, "No job was chosen, or it is not there any more.")


def results_word(results: list[actions.Result]) -> str:
    """What was done, in lower case."""
    return next(result.reason for result in results if result.done).lower()


def _job(workspace: Workspace, job_id: uuid.UUID) -> BackgroundJob:
    found = stats.of(workspace.pk).filter(pk=job_id).first()
    if found is None:
        raise Http404("No such job.")
    return found


def _message(workspace: Workspace, job: BackgroundJob) -> Message | None:
    """The message that the job's payload names, if it does."""
    try:
        message_id = uuid.UUID(str(job.payload.get("message_id")))
    except ValueError:
        return None
    return Message.objects.filter(workspace=workspace, pk=message_id).select_related("lead").first()


def _tabs(counts: dict[str, int], current: str) -> list[dict]:
    tabs = [{"value": "", "label": "All", "count": sum(counts.values()), "current": not current}]
    return tabs + [
        {"value": value, "label": label, "count": counts[value], "current": value == current}
        for value, label in Status.choices
    ]


def _tiles(workspace_id: uuid.UUID) -> list[dict]:
    counts = stats.counts(workspace_id)
    oldest_s = stats.oldest_due_age_s(workspace_id)
    alive = stats.workers(workspace_id)
    busy = sum(worker.job is not None for worker in alive)
    return [
        {"label": "Waiting", "value": counts[Status.QUEUED], "note": "due or scheduled", "tone": ""},
        {
            "label": "Oldest due",
            "value": _span(oldest_s) if oldest_s else "none",
            "note": "since it became due",
            "tone": "warn" if oldest_s > 60 else "",
        },
        {"label": "Running", "value": counts[Status.RUNNING], "note": "right now", "tone": ""},
        {
            "label": "Failed",
            "value": counts[Status.FAILED],
            "note": "kept 90 days",
            "tone": "bad" if counts[Status.FAILED] else "",
        },
        {
            "label": "Workers alive",
            "value": len(alive),
            "note": f"{busy} on this workspace’s jobs",
            "tone": "" if alive else "bad",
        },
    ]


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else str(timedelta(seconds=int(seconds)))


def _bars(series: list[stats.Bucket]) -> list[dict]:
    """The chart's rectangles on a 96 × 100 grid: failures stand on the successes."""
    top = max((bucket.done + bucket.failed for bucket in series), default=0) or 1
    bars = []
    for x, bucket in enumerate(series):
        done, failed = 100 * bucket.done / top, 100 * bucket.failed / top
        title = f"{timezone.localtime(bucket.starts_at):%H:%M}: {bucket.done} done, {bucket.failed} failed"
        if done:
            bars.append({"x": x, "y": 100 - done, "height": done, "tone": "ok", "title": title})
        if failed:
            bars.append({"x": x, "y": 100 - done - failed, "height": failed, "tone": "bad", "title": title})
    return bars


def _hours(series: list[stats.Bucket]) -> list[dict]:
    """The chart's twin for those who read: the hours in which anything ended."""
    hours: dict[datetime, dict] = {}
    for bucket in series:
        hour = timezone.localtime(bucket.starts_at).replace(minute=0)
        row = hours.setdefault(hour, {"at": hour, "done": 0, "failed": 0})
        row["done"] += bucket.done
        row["failed"] += bucket.failed
    return [row for row in hours.values() if row["done"] or row["failed"]]


def _entry(entry: JobAttempt | JobStep | JobAction) -> dict:
    """One line of the timeline: tone, icon, what, when and why."""
    if isinstance(entry, JobAction):
        what = f"{entry.get_action_display()} by {entry.actor}"
        return {"tone": "info", "icon": "user", "what": what, "why": entry.detail, "at": entry.created_at}
    if isinstance(entry, JobStep):
        tone, icon = {"done": ("ok", "check"), "skipped": ("", "off")}.get(entry.status, ("warn", "run"))
        took = entry.finished_at and (entry.finished_at - entry.started_at).total_seconds() * 1000
        return {
            "tone": tone,
            "icon": icon,
            "what": f"Step {entry.name}: {entry.get_status_display().lower()}",
            "why": entry.reason,
            "at": entry.started_at,
            "ms": took,
        }
    well = entry.outcome == JobAttempt.Outcome.SUCCEEDED
    bad = entry.outcome in (JobAttempt.Outcome.FAILED, JobAttempt.Outcome.KILLED_WORKER)
    error = f"{entry.error_class}: {entry.error}" if entry.error_class else ""
    return {
        "tone": "ok" if well else "bad" if bad else "warn",
        "icon": "check" if well else "fail" if bad else "retry",
        "what": f"Attempt {entry.number}: {entry.get_outcome_display().lower()}",
        "why": error,
        "at": entry.started_at,
        "ms": entry.duration_ms,
        "traceback": entry.traceback,
        "worker": entry.worker,
    }
