"""The pages that decide about all conversations of a list, and show the progress."""

import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from inbox.leads import assigning
from inbox.models import Membership
from inbox.pages.access import WorkspaceRequest, signed_in, workspace_view
from inbox.pages.desk import all_matching_job
from inbox.pages.desk.conversation_list import query_of
from inbox.pages.desk.decision_forms import AllForm, DecisionForm
from inbox.pages.desk.saved_views import open_view
from inbox.pages.team import team_of
from jobs.models import BackgroundJob

MEMBER = Membership.Role.MEMBER


@workspace_view(MEMBER)
def decide(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/inbox/all/?view=…`, with the filters of the list: decides about all conversations that match.

    A GET shows their number. A POST enqueues the job, which leaves alone what changes after the page was read. Raises
    Http404 for an unknown folder or filter, and for a search.
    """
    query = query_of(request)
    if request.method == "POST":
        return _start(request, query)
    now = timezone.now()
    mark = vars(request.membership)["snapshot"]
    matching = all_matching_job.Matching(request, now, mark)
    count, more = matching.count()
    context = {
        "label": view.name if (view := open_view(request)) else matching.folder.label,
        "filters": [(label, choice) for _, label, choice in matching.filter.active()],
        "query": query,
        "at": now.isoformat(),
        "mark": mark,
        "count": count,
        "more": more,
    }
    return render(request, "inbox/all.html", context)


def _start(request: WorkspaceRequest, query: str) -> HttpResponse:
    form = AllForm(request.POST, opens_at=request.workspace.opens_at)
    try:
        if not form.is_valid():
            raise all_matching_job.Otherwise(form.problem())
        if form.action == "assign":
            assigning.receiver(request.workspace, form.membership_id())
        job = all_matching_job.start(request, form, form.cleaned_data.get("snooze_until"))
    except (assigning.NotAMember, all_matching_job.Otherwise) as reason:
        messages.error(request, str(reason))
        return HttpResponseRedirect(request.get_full_path())
    page = reverse("inbox:all-progress", args=[request.workspace.pk, job.pk])
    return HttpResponseRedirect(f"{page}?{query}")


@workspace_view(MEMBER)
def progress(request: WorkspaceRequest, job_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/inbox/all/<job>/`: shows the user how far their job is. A POST takes it back. Raises Http404 for
    another person's job.
    """
    jobs = BackgroundJob.objects.filter(workspace=request.workspace, kind=all_matching_job.JOB, pk=job_id)
    job = jobs.first()
    if job is None or job.payload["user"] != signed_in(request).pk:
        raise Http404("No such job.")
    query = query_of(request)
    if request.method == "POST":
        if not all_matching_job.start_undo(job, signed_in(request)):
            messages.error(request, "That is too long ago to undo.")
        page = reverse("inbox:all-progress", args=[request.workspace.pk, job.pk])
        return HttpResponseRedirect(f"{page}?{query}")
    undoing = all_matching_job.undo_job(job)
    context = {
        "job": job,
        "undoing": undoing,
        "what": _said(request, job.payload),
        "can_undo": undoing is None and all_matching_job.can_undo(job),
        "runs": (undoing or job).finished_at is None,
        "query": query,
    }
    return render(request, "inbox/_all_progress.html" if request.htmx else "inbox/all_progress.html", context)


def _said(request: WorkspaceRequest, payload: dict[str, Any]) -> str:
    """What the job with this payload does to each conversation, in words."""
    action, _, word = payload["do"].partition(":")
    if action == "snooze":
        until = timezone.localtime(datetime.fromisoformat(payload["snooze_until"]))
        return f"Snoozed until {date_format(until, 'j F, H:i')}"
    if word == DecisionForm.NOBODY:
        return "Unassigned"
    if action == "assign":
        names = {str(mate.membership_id): mate.name for mate in team_of(request).members}
        return f"Assigned to {names.get(word, 'somebody who has left')}"
    return {"done": "Done", "unread": "Marked unread"}[action]
