"""The page of the fire drill, a rehearsed outage of a test account: a button to start it, and its steps."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from inbox.health import drill
from inbox.models import Membership, audit
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.workspaces.accounts import slack_of
from jobs.models import BackgroundJob, JobStep

ADMIN = Membership.Role.ADMIN


@dataclass(frozen=True, slots=True)
class DrillLine:
    """One step with its outcome. `ms` is its duration in milliseconds; None if it is not done."""

    title: str
    tone: str
    icon: str
    word: str
    said: str = ""
    ms: float | None = None


@workspace_view(ADMIN)
def page(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/health/drill/`: the last drill; for htmx the part with its steps. A POST starts one."""
    if request.method == "POST":
        begun = drill.start(request.workspace, request.user)
        audit.record(request.workspace.pk, request.user, "health.drill", begun)
        messages.info(request, "The drill has begun.")
        return redirect("inbox:drill", request.workspace.pk)
    job = drill.last(request.workspace)
    context = {"job": job, "lines": _lines(job) if job else []}
    if request.htmx:
        return render(request, "health/_drill.html", context)
    return render(request, "health/drill.html", context | {"slack": slack_of(request.workspace.pk)})


def _lines(job: BackgroundJob) -> list[DrillLine]:
    """Every step in order: done with its outcome, running, or still to come."""
    steps = {step.name: step for step in JobStep.objects.filter(job=job)}
    lines, running = [], job.status == BackgroundJob.Status.RUNNING
    for name, title in drill.STEPS.items():
        step = steps.get(name)
        if step is not None and step.result is not None and step.finished_at is not None:
            ms = (step.finished_at - step.started_at).total_seconds() * 1000
            lines.append(_done(title, step.result, ms))
        elif running:
            lines.append(DrillLine(title, "info", "run", "Running"))
            running = False
        elif job.finished_at:
            lines.append(DrillLine(title, "", "off", "Not reached"))
        else:
            lines.append(DrillLine(title, "", "clock", "To come"))
    return lines


def _done(title: str, outcome: dict[str, Any], ms: float) -> DrillLine:
    look = {True: ("ok", "ok", "Passed"), False: ("bad", "fail", "Failed"), None: ("", "off", "Skipped")}
    return DrillLine(title, *look[outcome["ok"]], said=outcome["said"], ms=ms)
