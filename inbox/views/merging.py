"""Merging two leads by choice: find the other one, see what will happen, do it."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from inbox.access import workspace_view
from inbox.leads import merge
from inbox.models import Lead, Membership
from inbox.search import search_leads

CANDIDATES = 10


@require_http_methods(["GET", "POST"])
@workspace_view(Membership.Role.ADMIN)
def merge_lead(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/leads/<lead>/merge/?q=…&other=<lead>`; POST with `other` merges it into this lead."""
    keep = get_object_or_404(Lead, pk=lead_id, workspace=request.workspace)
    other = _other(request)
    if request.method == "POST" and other is not None:
        try:
            merge.merge(keep, other, request.user)
        except merge.MergeRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.info(request, "The two leads are one now.")
            return redirect("inbox:conversation", request.workspace.pk, keep.pk)
    query = request.GET.get("q", "").strip()[:200]
    context = {"keep": keep, "query": query, "candidates": _candidates(request, keep, query), "preview": None}
    if other is not None:
        try:
            context["preview"] = merge.preview(keep, other)
        except merge.MergeRefused as refusal:
            messages.error(request, str(refusal))
    return render(request, "leads/merge.html", context)


def _other(request: HttpRequest) -> Lead | None:
    value = request.POST.get("other") or request.GET.get("other")
    try:
        key = uuid.UUID(value) if value else None
    except ValueError:
        key = None
    return get_object_or_404(Lead, pk=key, workspace=request.workspace) if value else None


def _candidates(request: HttpRequest, keep: Lead, query: str) -> list[Lead]:
    """Who it may be: what the search finds, else those whom events have named together with others."""
    leads = Lead.objects.filter(workspace=request.workspace).exclude(pk=keep.pk)
    found = search_leads(leads, request.workspace, query) if query else leads.filter(identity_conflict=True)
    return list(found.order_by("-last_message_at", "-pk")[:CANDIDATES])
