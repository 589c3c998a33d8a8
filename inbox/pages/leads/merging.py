"""The page that merges two leads: find the other one, see the effects, confirm."""

import uuid
from typing import NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from inbox.leads import merge
from inbox.models import Lead, Membership
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.pages.desk.search import matches, search_page

CANDIDATES = 10


class Asked(NamedTuple):
    """The lead that stays, the other one if it is chosen, and the search for it."""

    keep: Lead
    other: Lead | None
    query: str


@require_http_methods(["GET", "POST"])
@workspace_view(Membership.Role.ADMIN)
def merge_lead(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/leads/<lead>/merge/?q=…&other=<lead>`: shows the effects of merging `other` into this lead. A POST
    merges them.
    """
    choice = asked_for(request, get_object_or_404(Lead, pk=lead_id, workspace=request.workspace))
    if request.method == "POST" and choice.other is not None:
        try:
            merge.merge(choice.keep, choice.other, request.user)
        except merge.MergeRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.info(request, "The two leads are one now.")
            return redirect("inbox:conversation", request.workspace.pk, choice.keep.pk)
    return render(request, "leads/merge.html", context_of(request, choice))


def asked_for(request: HttpRequest, keep: Lead) -> Asked:
    """Reads the choice for merging into `keep`. Raises Http404 if `other` is no lead of the same workspace."""
    text = request.POST.get("other") or request.GET.get("other")
    try:
        key = uuid.UUID(text) if text else None
    except ValueError:
        key = None
    lead = get_object_or_404(Lead, pk=key, workspace_id=keep.workspace_id) if text else None
    return Asked(keep, lead, request.GET.get("q", "").strip()[:200])


def context_of(request: HttpRequest, choice: Asked, *, reads: bool = True) -> dict[str, object]:
    """The template context: the effects of merging the chosen lead, and other leads to choose from. Unless the person
    `reads` messages, their words find no lead.
    """
    candidates = _candidates(choice, reads)
    context = {"keep": choice.keep, "query": choice.query, "candidates": candidates, "preview": None}
    if choice.other is not None:
        try:
            context["preview"] = merge.preview(choice.keep, choice.other)
        except merge.MergeRefused as refusal:
            if request.method == "GET":  # a POST has shown the refusal already
                messages.error(request, str(refusal))
    return context


def _candidates(choice: Asked, reads: bool) -> list[Lead]:
    """The leads that the search finds, else those with an identity conflict."""
    workspace = choice.keep.workspace
    leads = Lead.objects.filter(workspace=workspace).exclude(pk=choice.keep.pk)
    hits = matches(leads, workspace, choice.query) if choice.query else leads.filter(identity_conflict=True)
    rows = list(hits.order_by("-last_message_at", "-pk")[:CANDIDATES])
    if choice.query and reads and len(rows) < CANDIDATES:
        wrote = search_page(leads, workspace, choice.query, size=CANDIDATES)[0].rows
        rows += [lead for lead in wrote if lead not in rows]
    return rows[:CANDIDATES]
