"""Edits, merges and erases a lead, reopens a channel, and marks a missed meeting as handled.

Addresses and numbers are stored in the normal form in which identities are compared.
"""

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from inbox.leads import erasure, facts, identity, merge, rollup, stops
from inbox.models import Appointment, Lead
from inbox.models.lead import Channel
from inbox.pages.access import (
    ADMIN,
    FORM,
    MEMBER,
    POST,
    WorkspaceRequest,
    asks_again,
    signed_in,
    workspace_view,
)
from inbox.pages.desk.search import matches, search_page
from inbox.pages.forms import form_page, record, redirect_to, refusals_shown

TAKEN = "Another lead already has this. Correct it, or merge the two leads."
NO_ADDRESS = "Enter a valid email address, like name@example.com."
NO_NUMBER = "Enter a valid phone number, like +1 555 555 0123."
MOST = 50
"""The maximum number of additional addresses, and of additional numbers, of one lead."""


class LinesField(forms.CharField):
    """A form field for a list, with one entry per line."""

    widget = forms.Textarea(attrs={"rows": 2})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        before, after = (str(self.prepare_value(lines) or "").splitlines() for lines in (initial, data))
        return before != after


class LeadForm(forms.ModelForm):  # type: ignore[type-arg]
    """Edits a lead's names, numbers and addresses. Only fields that the user changed are stored.

    Each field also posts the value that the form showed, so a value that arrived in the meantime is not overwritten.
    """

    alternate_emails = LinesField(
        label="Other addresses",
        required=False,
        help_text="One per line. Emails from these addresses join this conversation.",
    )
    alternate_phones = LinesField(
        label="Other numbers",
        required=False,
        help_text="One per line. Texts from these numbers, including STOP, count as this lead’s. Nothing is sent "
        "to these numbers.",
    )

    class Meta:
        model = Lead
        fields = (
            *("first_name", "last_name", "title", "company"),
            *("email", "alternate_emails", "phone", "alternate_phones", "linkedin_url"),
        )
        labels = {"first_name": "First name", "last_name": "Last name", "title": "Role"} | {
            name: label for name, label in facts.LABELS.items() if name != "title"
        }
        help_texts = {
            "email": "Holdfast sends new emails to this address.",
            "phone": "Holdfast sends texts to this number. For a number abroad, include the country code.",
            "linkedin_url": "The profile’s URL: https://www.linkedin.com/in/…",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True

    def clean_email(self) -> str:
        return self._normal("email", identity.normal_email, NO_ADDRESS)

    def clean_alternate_emails(self) -> list[str]:
        return self._lines("alternate_emails", "email", identity.normal_email, NO_ADDRESS)

    def clean_phone(self) -> str:
        return self._normal("phone", self._phone, NO_NUMBER)

    def clean_alternate_phones(self) -> list[str]:
        return self._lines("alternate_phones", "phone", self._phone, NO_NUMBER)

    def _phone(self, number: str) -> str:
        return identity.normal_phone(number, self.instance.workspace.phone_region)

    def clean_linkedin_url(self) -> str:
        return self._normal(
            "linkedin_url",
            identity.normal_profile_url,
            "Enter the URL of a personal profile, like https://www.linkedin.com/in/name.",
        )

    def _normal(self, name: str, normal: Callable[[str], str], problem: str) -> str:
        text = self.cleaned_data[name].strip()
        address = normal(text) if text else ""
        if text and not address:
            raise forms.ValidationError(problem)
        return address

    def _lines(self, name: str, main: str, normal: Callable[[str], str], problem: str) -> list[str]:
        """Returns the entries of the field `name`, each once, without the entry that the field `main` has."""
        addresses = {}
        for line in filter(None, map(str.strip, self.cleaned_data[name].splitlines())):
            if not (address := normal(line)):
                raise forms.ValidationError(f"“{line[:40]}”: {problem[0].lower()}{problem[1:]}")
            addresses[address] = True
        addresses.pop(str(self.cleaned_data.get(main)), None)
        if len(addresses) > MOST:
            raise forms.ValidationError(f"Add at most {MOST}.")
        return list(addresses)

    def entered(self) -> dict[str, str | list[str]]:
        """Returns the fields that the user changed, with their new values. The form must be valid."""
        return {name: self.cleaned_data[name] for name in self.changed_data}

    def shown(self) -> dict[str, list[str]]:
        """Returns the additional addresses and numbers that the form showed to the user, by field."""
        return {
            name: str(self.data.get(self[name].html_initial_name, "")).splitlines()
            for name in facts.ALTERNATES
        }


@workspace_view(MEMBER, FORM)
def edit_lead(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/leads/<lead>/edit/`: edits a lead. Later events do not replace a value that a person entered."""
    leads = Lead.objects.select_related("workspace")
    lead = get_object_or_404(leads, pk=lead_id, workspace=request.workspace)
    form, taken_by = LeadForm(request.POST or None, instance=lead), None
    if form.is_valid():
        try:
            changed = facts.enter(lead, form.entered(), request.user, shown=form.shown())
        except facts.Taken as taken:
            form.add_error(taken.name, TAKEN)
            taken_by = taken.other
        else:
            words = "Saved." if changed else "Nothing was changed."
            return redirect_to(request, "inbox:conversation", lead.pk, success=words)
    saved = Lead.objects.get(pk=lead.pk)  # read again, because the form has changed its own instance
    return form_page(request, "leads/edit.html", form, lead=saved, taken_by=taken_by)


@workspace_view(MEMBER, POST)
def add_contact(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/leads/<lead>/contact/`: adds a `phone` or `email` that a reply contains to the lead.

    If another lead has this contact, nothing is added and both leads are flagged. An admin is then sent to the page on
    which leads are merged.
    """
    lead = get_object_or_404(Lead, pk=lead_id, workspace=request.workspace)
    name = "phone" if "phone" in request.POST else "email"
    text, region = request.POST.get(name, ""), request.workspace.phone_region
    contact = identity.normal_phone(text, region) if name == "phone" else identity.normal_email(text)
    problem = NO_NUMBER if name == "phone" else NO_ADDRESS
    if not contact:
        return redirect_to(request, "inbox:conversation", lead.pk, error=problem)
    try:
        words = "Added." if facts.add(lead, name, contact, signed_in(request)) else "Already on this lead."
    except facts.Taken as taken:
        return _taken(request, lead, taken)
    return redirect_to(request, "inbox:conversation", lead.pk, success=words)


def _taken(request: WorkspaceRequest, lead: Lead, conflict: facts.Taken) -> HttpResponse:
    both = [lead.pk, conflict.other.pk] if conflict.other else [lead.pk]
    Lead.objects.filter(workspace=request.workspace, pk__in=both).update(identity_conflict=True)
    messages.warning(
        request, "Another lead already has this, so nothing was added. They may be the same person."
    )
    if conflict.other and request.membership.at_least(ADMIN):
        merging = reverse("inbox:merge", args=[request.workspace.pk, lead.pk])
        return redirect(f"{merging}?other={conflict.other.pk}")
    return redirect_to(request, "inbox:conversation", lead.pk)


@workspace_view(MEMBER, POST)
def allow_channel(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/leads/<lead>/allow/`: allows messages on `channel` again after an opt-out, with an audit entry.

    A channel that is already allowed stays unchanged.
    """
    lead = get_object_or_404(Lead, pk=lead_id, workspace=request.workspace)
    channel = request.POST.get("channel", "")
    with rollup.holding(lead) as lead:
        if channel in lead.refused_channels:
            stops.allow_channel(lead, channel)
            rollup.save(lead)
            record(request, "channel.allow", lead, channel=channel)
            messages.success(request, f"You can message them via {Channel(channel).label} again.")
    return redirect_to(request, "inbox:conversation", lead.pk)


@workspace_view(methods=POST)
def meeting_handled(request: WorkspaceRequest, appointment_id: uuid.UUID) -> HttpResponse:
    """Marks a cancelled or missed meeting as handled. Any other meeting is a 404."""
    rows = Appointment.objects.filter(workspace=request.workspace, status__in=Appointment.FELL_THROUGH)
    appointment = get_object_or_404(rows, pk=appointment_id)
    if Appointment.objects.filter(pk=appointment.pk, handled_at=None).update(handled_at=timezone.now()):
        record(request, "meeting.handled", appointment)
    messages.success(request, "Meeting marked as handled.")
    return redirect_to(request, "inbox:conversation", appointment.lead_id)


CANDIDATES = 10


class Asked:
    """The merge that the request asks for: the lead to `keep`, the lead `other` to merge into it (or None), and the
    search text `query`. Raises Http404 if `other` is not in the same workspace.
    """

    def __init__(self, request: HttpRequest, keep: Lead) -> None:
        text = request.POST.get("other") or request.GET.get("other")
        try:
            key = uuid.UUID(text) if text else None
        except ValueError:
            key = None
        self.keep = keep
        self.other = get_object_or_404(Lead, pk=key, workspace_id=keep.workspace_id) if text else None
        self.query = request.GET.get("q", "").strip()[:200]


@workspace_view(ADMIN, FORM)
def merge_lead(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/leads/<lead>/merge/?q=…&other=<lead>`: shows the effects of merging `other`. A POST merges it."""
    choice = Asked(request, get_object_or_404(Lead, pk=lead_id, workspace=request.workspace))
    if request.method == "POST" and choice.other is not None:
        with refusals_shown(request, merge.MergeRefused):
            merge.merge(choice.keep, choice.other, request.user)
            return redirect_to(request, "inbox:conversation", choice.keep.pk, info="Leads merged.")
    return render(request, "leads/merge.html", context_of(request, choice))


def context_of(request: HttpRequest, choice: Asked, *, reads: bool = True) -> dict[str, object]:
    """Returns the template context: the effects of merging the chosen lead, and other leads that can be chosen.

    `reads` is False if the user may not read messages. The search then ignores the words of messages.
    """
    candidates = _candidates(choice, reads)
    context = {"keep": choice.keep, "query": choice.query, "candidates": candidates, "preview": None}
    if choice.other is not None:
        try:
            context["preview"] = merge.preview(choice.keep, choice.other)
        except merge.MergeRefused as refusal:
            if request.method == "GET":  # after a POST the user has seen the refusal
                messages.error(request, str(refusal))
    return context


def _candidates(choice: Asked, reads: bool) -> list[Lead]:
    workspace = choice.keep.workspace
    leads = Lead.objects.filter(workspace=workspace).exclude(pk=choice.keep.pk)
    hits = matches(leads, workspace, choice.query) if choice.query else leads.filter(identity_conflict=True)
    rows = list(hits.order_by("-last_message_at", "-pk")[:CANDIDATES])
    if choice.query and reads and len(rows) < CANDIDATES:
        wrote = search_page(leads, workspace, choice.query, size=CANDIDATES)[0].rows
        rows += [lead for lead in wrote if lead not in rows]
    return rows[:CANDIDATES]


@workspace_view(ADMIN, FORM)
@asks_again()
def erase_lead(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/leads/<lead>/erase/`: shows the effects of erasing the lead. A POST with `sure` erases it."""
    lead = get_object_or_404(Lead, pk=lead_id, workspace=request.workspace)
    if request.POST.get("sure"):
        with refusals_shown(request, erasure.EraseRefused):
            erasure.begin(lead, request.user)
            messages.success(request, "The lead is being erased. Nothing more goes out to them.")
        return redirect_to(request, "inbox:lead-erase", lead.pk)
    context = {
        "lead": lead,
        "preview": erasure.preview(lead),
        "waits_for": erasure.waits_for(lead) if lead.erasing_at else "",
        "unsure": request.method == "POST",
    }
    return render(request, "leads/erase.html", context, status=422 if context["unsure"] else 200)
