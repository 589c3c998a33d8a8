"""The pages on which people correct what is known of a lead, reopen a channel, and deal with a missed meeting."""

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from inbox.leads import facts, identity, refused_channels, rollup
from inbox.models import Appointment, Lead, Membership, audit
from inbox.models.lead import Channel
from inbox.pages.access import WorkspaceRequest, signed_in, workspace_view
from inbox.pages.forms.lead import NO_ADDRESS, NO_NUMBER, TAKEN, LeadForm


@require_http_methods(["GET", "POST"])
@workspace_view(Membership.Role.MEMBER)
def edit_lead(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/leads/<lead>/edit/`: edits what is known of a lead (names, numbers, addresses). What a person
    enters stays, whatever is found later.
    """
    lead = get_object_or_404(
        Lead.objects.select_related("workspace"), pk=lead_id, workspace=request.workspace
    )
    form, taken_by = LeadForm(request.POST or None, instance=lead), None
    if request.method == "POST" and form.is_valid():
        try:
            changed = facts.enter(lead, form.entered(), request.user, shown=form.shown())
        except facts.Taken as taken:
            form.add_error(taken.name, TAKEN)
            taken_by = taken.other
        else:
            messages.success(request, "Saved." if changed else "Nothing was changed.")
            return redirect("inbox:conversation", request.workspace.pk, lead.pk)
    saved = Lead.objects.get(pk=lead.pk)  # read again, because the form has changed its own instance
    context = {"lead": saved, "form": form, "taken_by": taken_by}
    return render(request, "leads/edit.html", context, status=422 if form.errors else 200)


@require_POST
@workspace_view(Membership.Role.MEMBER)
def add_contact(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/leads/<lead>/contact/`: adds a phone number (`phone`) or an address (`email`) that the lead wrote
    to what is known of them, as a person wants. If another lead has it, nothing is added, both are flagged, and who may
    merge them gets to that page.
    """
    lead = get_object_or_404(Lead, pk=lead_id, workspace=request.workspace)
    name = "phone" if "phone" in request.POST else "email"
    text = request.POST.get(name, "")
    region = request.workspace.phone_region
    contact = identity.normal_phone(text, region) if name == "phone" else identity.normal_email(text)
    if not contact:
        messages.error(request, NO_NUMBER if name == "phone" else NO_ADDRESS)
        return redirect("inbox:conversation", request.workspace.pk, lead.pk)
    try:
        added = facts.add(lead, name, contact, signed_in(request))
    except facts.Taken as taken:
        return _taken(request, lead, taken)
    messages.success(request, "Added." if added else "It was known already.")
    return redirect("inbox:conversation", request.workspace.pk, lead.pk)


def _taken(request: WorkspaceRequest, lead: Lead, conflict: facts.Taken) -> HttpResponse:
    both = [lead.pk, conflict.other.pk] if conflict.other else [lead.pk]
    Lead.objects.filter(workspace=request.workspace, pk__in=both).update(identity_conflict=True)
    messages.warning(request, "Another lead has this, so nothing was added. Perhaps the two are one person.")
    if conflict.other and request.membership.at_least(Membership.Role.ADMIN):
        merging = reverse("inbox:merge", args=[request.workspace.pk, lead.pk])
        return redirect(f"{merging}?other={conflict.other.pk}")
    return redirect("inbox:conversation", request.workspace.pk, lead.pk)


@require_POST
@workspace_view(Membership.Role.MEMBER)
def allow_channel(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/leads/<lead>/allow/`: lets messages go to the lead again on `channel`, where the lead had wanted
    none, and records it in the audit. For a channel that is not refused it does nothing.
    """
    lead = get_object_or_404(Lead, pk=lead_id, workspace=request.workspace)
    channel = request.POST.get("channel", "")
    with transaction.atomic():
        lead = rollup.locked(lead)
        if channel in lead.refused_channels:
            refused_channels.allow(lead, channel)
            rollup.save(lead)
            audit.record(request.workspace.pk, request.user, "channel.allow", lead, channel=channel)
            messages.success(request, f"{Channel(channel).label} may be used again.")
    return redirect("inbox:conversation", request.workspace.pk, lead.pk)


@require_POST
@workspace_view()
def meeting_handled(request: WorkspaceRequest, appointment_id: uuid.UUID) -> HttpResponse:
    """Records that a person has dealt with a meeting that was cancelled or missed. Another meeting is a 404. A second
    time changes nothing.
    """
    fell_through = Appointment.objects.filter(
        workspace=request.workspace, status__in=Appointment.FELL_THROUGH
    )
    appointment = get_object_or_404(fell_through, pk=appointment_id)
    if Appointment.objects.filter(pk=appointment.pk, handled_at=None).update(handled_at=timezone.now()):
        audit.record(request.workspace.pk, request.user, "meeting.handled", appointment)
    messages.success(request, "The meeting is dealt with.")
    return redirect("inbox:conversation", request.workspace.pk, appointment.lead_id)
