"""What people do to a lead by hand: correct what is known of it, and deal with a meeting that fell through."""

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from inbox import audit
from inbox.access import workspace_view
from inbox.forms.lead import TAKEN, LeadForm
from inbox.leads import facts, refusals, rollup
from inbox.models import Appointment, Lead, Membership
from inbox.models.lead import Channel


@require_http_methods(["GET", "POST"])
@workspace_view(Membership.Role.MEMBER)
def edit_lead(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/leads/<lead>/edit/`: what a person enters stays, whatever is found later."""
    lead = get_object_or_404(
        Lead.objects.select_related("workspace"), pk=lead_id, workspace=request.workspace
    )
    form = LeadForm(request.POST or None, instance=lead)
    if request.method == "POST" and form.is_valid():
        try:
            changed = facts.enter(lead, form.entered(), request.user)
        except facts.Taken as taken:
            form.add_error(taken.name, TAKEN)
        else:
            messages.success(request, "Saved." if changed else "Nothing was changed.")
            return redirect("inbox:conversation", request.workspace.pk, lead.pk)
    known = Lead.objects.get(pk=lead.pk)  # the form has written into its own
    return render(
        request, "leads/edit.html", {"lead": known, "form": form}, status=422 if form.errors else 200
    )


@require_POST
@workspace_view(Membership.Role.MEMBER)
def allow_channel(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/leads/<lead>/allow/`: a person opens the `channel` again that the lead had ended."""
    lead = get_object_or_404(Lead, pk=lead_id, workspace=request.workspace)
    channel = request.POST.get("channel", "")
    with transaction.atomic():
        lead = rollup.locked(lead)
        if channel in lead.refused_channels:
            refusals.allow(lead, channel)
            rollup.save(lead)
            audit.record(request.workspace.pk, request.user, "channel.allow", lead, channel=channel)
            messages.success(request, f"{Channel(channel).label} may be used again.")
    return redirect("inbox:conversation", request.workspace.pk, lead.pk)


@require_POST
@workspace_view()
def meeting_handled(request: HttpRequest, appointment_id: uuid.UUID) -> HttpResponse:
    """A person has dealt with a meeting that was cancelled, or that nobody came to."""
    fell_through = Appointment.objects.filter(
        workspace=request.workspace, status__in=Appointment.FELL_THROUGH
    )
    appointment = get_object_or_404(fell_through, pk=appointment_id)
    if Appointment.objects.filter(pk=appointment.pk, handled_at=None).update(handled_at=timezone.now()):
        audit.record(request.workspace.pk, request.user, "meeting.handled", appointment)
    messages.success(request, "The meeting is dealt with.")
    return redirect("inbox:conversation", request.workspace.pk, appointment.lead_id)
