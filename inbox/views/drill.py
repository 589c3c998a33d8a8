"""The fire drill's page: a button, and each step with its verdict while the drill runs."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from inbox import audit
from inbox.access import workspace_view
from inbox.accounts import slack_of
from inbox.health import drill
from inbox.models import Membership
from jobs.models import BackgroundJob, JobStep

ADMIN = Membership.Role.ADMIN


@dataclass(frozen=True, slots=True)
class Line:
    """A step as the page shows it. `ms` is None where it has not been done."""

    title: str
    tone: str
    icon: str
    word: str
    said: str = ""
    ms: float | None = None


@workspace_view(ADMIN)
def page(request: HttpRequest) -> HttpResponse:
    """`w/<workspace>/health/drill/`: the last drill (a fragment for htmx); a POST starts one."""
    if request.method == "POST":
        job = drill.start(request.workspace, request.user)
        audit.record(request.workspace.pk, request.user, "health.drill", job)
        messages.info(request, "The drill has begun.")
        return redirect("inbox:drill", request.workspace.pk)
    job = drill.last(request.workspace)
    context = {"job": job, "lines": _lines(job) if job else []}
    if request.htmx:
        return render(request, "health/_drill.html", context)
    return render(request, "health/drill.html", context | {"slack": slack_of(request.workspace.pk)})


def _lines(job: BackgroundJob) -> list[Line]:
    """Every step in order: done with its verdict, under way, or still to come."""
    known = {step.name: step for step in JobStep.objects.filter(job=job)}
    lines, running = [], job.status == BackgroundJob.Status.RUNNING
    for name, title in drill.STEPS.items():
        step = known.get(name)
        if step is not None and step.result is not None:
            lines.append(_done(title, step))
        elif running:
            lines.append(Line(title, "info", "run", "Running"))
            running = False
        elif job.finished_at:
            lines.append(Line(title, "", "off", "Not reached"))
        else:
            lines.append(Line(title, "", "clock", "To come"))
    return lines


def _done(title: str, step: JobStep) -> Line:
    ms = (step.finished_at - step.started_at).total_seconds() * 1000
    look = {True: ("ok", "ok", "Passed"), False: ("bad", "fail", "Failed"), None: ("", "off", "Skipped")}
    return Line(title, *look[step.result["ok"]], said=step.result["said"], ms=ms)
