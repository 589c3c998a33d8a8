"""Merging two leads by choice: find the other one, see what will happen, do it."""

import uuid
from typing import NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from inbox.access import workspace_view
from inbox.leads import merge
from inbox.models import Lead, Membership
from inbox.search import search_leads

CANDIDATES = 10


class Asked(NamedTuple):
    """What a request asks for: the lead that stays, the other one where it is chosen, and the words of the search."""

    keep: Lead
    other: Lead | None
    query: str


@require_http_methods(["GET", "POST"])
@workspace_view(Membership.Role.ADMIN)
def merge_lead(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/leads/<lead>/merge/?q=…&other=<lead>`; POST with `other` merges it into this lead."""
    asked = asked_for(request, get_object_or_404(Lead, pk=lead_id, workspace=request.workspace))
    if request.method == "POST" and asked.other is not None:
        try:
            merge.merge(asked.keep, asked.other, request.user)
        except merge.MergeRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.info(request, "The two leads are one now.")
            return redirect("inbox:conversation", request.workspace.pk, asked.keep.pk)
    return render(request, "leads/merge.html", context_of(request, asked))


def asked_for(request: HttpRequest, keep: Lead) -> Asked:
    """Raises Http404 where `other` is no lead of the same workspace."""
    value = request.POST.get("other") or request.GET.get("other")
    try:
        key = uuid.UUID(value) if value else None
    except ValueError:
        key = None
    other = get_object_or_404(Lead, pk=key, workspace_id=keep.workspace_id) if value else None
    return Asked(keep, other, request.GET.get("q", "").strip()[:200])


def context_of(request: HttpRequest, asked: Asked) -> dict[str, object]:
    """What a page that merges shows: the preview of the chosen one, and who else it may be."""
    context = {"keep": asked.keep, "query": asked.query, "candidates": _candidates(asked), "preview": None}
    if asked.other is not None:
        try:
            context["preview"] = merge.preview(asked.keep, asked.other)
        except merge.MergeRefused as refusal:
            if request.method == "GET":  # a refused merge has said so already
                messages.error(request, str(refusal))
    return context


def _candidates(asked: Asked) -> list[Lead]:
    """Who it may be: what the search finds, else those whom events have named together with others."""
    workspace = asked.keep.workspace
    leads = Lead.objects.filter(workspace=workspace).exclude(pk=asked.keep.pk)
    found = (
        search_leads(leads, workspace, asked.query) if asked.query else leads.filter(identity_conflict=True)
    )
    return list(found.order_by("-last_message_at", "-pk")[:CANDIDATES])
