"""The page that erases a lead: what goes, what stays and why, and the confirmation."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from inbox.leads import erasure
from inbox.models import Lead, Membership
from inbox.pages.access import WorkspaceRequest, workspace_view


@require_http_methods(["GET", "POST"])
@workspace_view(Membership.Role.ADMIN)
def erase_lead(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/leads/<lead>/erase/`: shows the effects of erasing the lead. A POST with `sure` erases it."""
    lead = get_object_or_404(Lead, pk=lead_id, workspace=request.workspace)
    sure = bool(request.POST.get("sure"))
    if request.method == "POST" and sure:
        try:
            erasure.begin(lead, request.user)
        except erasure.EraseRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "The lead is being erased. Nothing goes out to it any more.")
        return redirect("inbox:lead-erase", request.workspace.pk, lead.pk)
    context = {
        "lead": lead,
        "preview": erasure.preview(lead),
        "waits_for": erasure.waits_for(lead) if lead.erasing_at else "",
        "unsure": request.method == "POST",
    }
    return render(request, "leads/erase.html", context, status=422 if context["unsure"] else 200)
