"""The pages of background jobs for admins: the jobs' states, the causes of failures, and actions on jobs."""

import uuid
from typing import Any, NamedTuple

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from inbox.models import (
    Draft,
    Enrichment,
    FollowUpTask,
    Lead,
    Message,
    OutboundSend,
    WebhookDelivery,
    Workspace,
)
from inbox.pages.access import ADMIN, POST, WorkspaceRequest, next_url, workspace_view
from inbox.pages.pagination import KeysetPage, page_of
from jobs import actions, display, stats
from jobs.kinds import KINDS
from jobs.models import BackgroundJob

Status = BackgroundJob.Status
FILTERS = ("kind", "status", "fingerprint", "q")
SUBJECTS: dict[str, tuple[type[Model], str]] = {
    "message_id": (Message, ""),
    "lead_id": (Lead, ""),
    "draft_id": (Draft, "trigger_message"),
    "send_id": (OutboundSend, "reply_to"),
    "task_id": (FollowUpTask, "response_message"),
    "enrichment_id": (Enrichment, ""),
}
"""For each id in jobs' payloads: its model, and the field that leads from a row of this model to a message."""


@workspace_view(ADMIN)
def job_list(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/jobs/`: lists the jobs that match FILTERS. The counts and the list are reloaded separately."""
    workspace_id = request.workspace.pk
    totals = stats.totals(workspace_id)
    if request.htmx and request.htmx.target == "jobs-now":
        return render(request, "jobs/_now.html", _now(request, totals))
    filters = {name: request.GET.get(name, "").strip()[:255].replace("\0", "") for name in FILTERS}
    context = {
        "page": _page(request, filters),
        "asked": filters,
        "filtered": any(filters.values()),
        "tabs": _tabs(totals.jobs, filters["status"]),
    }
    if request.htmx:
        return render(request, "jobs/_live.html", context)
    context |= _now(request, totals)
    context |= {"crons": display.crons(), "kinds": sorted(KINDS)}
    return render(request, "jobs/list.html", context)


def _page(request: WorkspaceRequest, filters: dict[str, str]) -> KeysetPage:
    jobs = stats.find(
        request.workspace.pk,
        kind=filters["kind"],
        status=filters["status"] if filters["status"] in Status.values else "",
        fingerprint=filters["fingerprint"],
        text=filters["q"],
    )
    return page_of(request, jobs.order_by(), "created_at")


def _now(request: WorkspaceRequest, totals: stats.Totals) -> dict[str, Any]:
    return display.now(request.workspace.pk, totals) | {
        "act_url": reverse("inbox:jobs-act", args=[request.workspace.pk]),
        "list_url": reverse("inbox:jobs", args=[request.workspace.pk]),
        "can_retry_group": True,
    }


@workspace_view(ADMIN)
def job(request: WorkspaceRequest, job_id: uuid.UUID) -> HttpResponse:
    """Shows one job: what it is about, its attempts and steps in order, and the possible actions."""
    row = get_object_or_404(stats.of(request.workspace.pk), pk=job_id)
    about = _about(request.workspace, row)
    delivery = _delivery(request.workspace, row, about.message)
    context = display.job_page(row) | {"about": about, "delivery": delivery}
    return render(request, "jobs/_job.html" if request.htmx else "jobs/job.html", context)


@workspace_view(ADMIN, POST)
def act(request: WorkspaceRequest) -> HttpResponse:
    """Retries, delays, cancels or discards the selected jobs, or retries all jobs with one cause, as `do` says."""
    back = redirect(next_url(request, reverse("inbox:jobs", args=[request.workspace.pk])))
    do = request.POST.get("do")
    limits: dict[str, Any] = {"workspace_id": request.workspace.pk, "actor": request.user}
    try:
        if do == "retry-group":
            ids, fingerprint = [request.workspace.pk], request.POST.get("fingerprint", "")
            results = actions.retry_group(fingerprint, workspace_ids=ids, actor=request.user)
            tell(request, actions.group_sentences(results))
        elif do in ACTIONS:
            carry_out, *fields = ACTIONS[do]
            entered = [request.POST.get(field, "") for field in fields]
            tell(request, actions.sentences(carry_out(_ids(request), *entered, **limits)))
        else:
            messages.error(request, "This action doesn’t exist.")
    except ValueError as error:
        messages.error(request, actions.complaint(error))
    return back


def tell(request: HttpRequest, lines: list[tuple[bool, str]]) -> None:
    """Shows `lines` as messages: the outcomes of an action on jobs. The boolean says whether a line is a success."""
    for good, line in lines:
        messages.add_message(request, messages.SUCCESS if good else messages.WARNING, line)


def _ids(request: WorkspaceRequest) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(key) for key in request.POST.getlist("job")]
    except ValueError:
        raise ValueError("job: must be the ID of a job.") from None


ACTIONS: dict[str, Any] = {
    "retry": (actions.retry_now,),
    "run-at": (actions.run_at, "moment"),
    "cancel": (actions.cancel,),
    "discard": (actions.discard, "reason"),
}
"""The actions, each with the fields of the form that it takes."""


class About(NamedTuple):
    """The lead and the message that a job is about, as far as its payload names them."""

    lead: Lead | None = None
    message: Message | None = None


def _about(workspace: Workspace, job: BackgroundJob) -> About:
    for key, (model, message_field) in SUBJECTS.items():
        try:
            subject_id = uuid.UUID(str(job.payload.get(key)))
        except ValueError:
            continue
        subject: Any = model._default_manager.filter(workspace=workspace, pk=subject_id).first()
        if isinstance(subject, Lead):
            return About(subject)
        if isinstance(subject, Message):
            return About(subject.lead, subject)
        if subject is not None:
            return About(subject.lead, getattr(subject, message_field) if message_field else None)
    return About()


def _delivery(workspace: Workspace, job: BackgroundJob, message: Message | None) -> WebhookDelivery | None:
    deliveries = WebhookDelivery.objects.filter(workspace=workspace).defer("body", "headers")
    delivery = deliveries.filter(job=job).first()
    if delivery is None and message is not None:
        delivery = deliveries.filter(message=message).order_by("received_at").first()
    return delivery


def _tabs(counts: dict[str, int], current: str) -> list[dict[str, Any]]:
    tabs = [{"value": "", "label": "All", "count": sum(counts.values()), "current": not current}]
    return tabs + [
        {"value": status, "label": label, "count": counts[status], "current": status == current}
        for status, label in Status.choices
    ]
