"""Carries out decisions about selected rows or the open conversation, such as done and snooze, and undoes them."""

from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.signing import BadSignature
from django.db import IntegrityError
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import date
from django.urls import reverse

from inbox.intake import tagging
from inbox.leads import assigning, labels, notes, triage
from inbox.models import Label, Lead
from inbox.pages.access import POST, WorkspaceRequest, signed_in, workspace_view
from inbox.pages.desk.conversation_list import list_url, threads
from inbox.pages.desk.decision_forms import LABELLING, TriageForm
from inbox.pages.desk.filters import BY_NAME, ORDER, filtered, looked_at
from inbox.pages.desk.search import following
from inbox.pages.forms import first_error
from inbox.pages.pagination import cursor_of, keyset_page
from inbox.pages.parts import part_asked, render_part
from inbox.pages.team import is_over_all

NAMED = 5
"""The maximum number of conversations that a warning names."""


@workspace_view(methods=POST)
def decide(request: WorkspaceRequest) -> HttpResponse:
    """Decides about the conversations in `lead` as `do` says, and redirects to the list with the same query string.

    If the decision comes from an open conversation (`open`), done and snooze lead to the next older conversation. A
    request for the part "toasts" gets the messages with the undo token; the status is 409 if nothing changed.
    """
    posted = {**request.POST.dict(), "lead": request.POST.getlist("lead")}
    form = TriageForm(posted, opens_at=request.workspace.opens_at)
    part = part_asked(request)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return render_part(request, part, status=422) if part else HttpResponseRedirect(_list_url(request))
    target, changed = "" if part else _after(request, form) or _list_url(request), False
    try:
        words, outcome = _carry_out(request, form)
    except (assigning.NotAMember, labels.LabelGone) as reason:
        messages.error(request, str(reason))
    else:
        changed = bool(outcome.leads)
        _tell(request, words, outcome)
    if part:
        return render_part(request, part, status=200 if changed else 409)
    return HttpResponseRedirect(target)


def _carry_out(request: WorkspaceRequest, form: TriageForm) -> tuple[str, triage.TriageResult]:
    workspace, rows = request.workspace, form.cleaned_data["lead"]
    if form.action == "assign":
        by = "user" if form.word.startswith(BY_NAME) else "pk"
        to = assigning.receiver(workspace, form.membership_id(), by)
        words = (
            f"{{}} assigned to {'you' if to.user_id == request.user.pk else to.user.name}"
            if to
            else "{} unassigned"
        )
        return words, assigning.give(workspace, signed_in(request), rows, to)
    if form.action == "tag":
        return f"Tagged {form.word}: {{}}", tagging.tag(workspace, signed_in(request), rows, form.word)
    if form.action in LABELLING:
        is_on = form.action == "label"
        label = _label(request, form)
        words = f"Labelled {label}: {{}}" if is_on else f"Label {label} removed: {{}}"
        ids = [row.lead_id for row in rows]
        return words, labels.decide(workspace, signed_in(request), ids, label, is_on=is_on)
    if form.action == "snooze":
        until = form.cleaned_data["snooze_until"]
        words = f"Snoozed {{}} until {date(until, 'j F, H:i')}"
        return words, triage.change(workspace, rows, triage.snoozed(until))
    if form.action == "done":
        return "Done: {}", triage.change(workspace, rows, triage.DONE)
    if form.action == "read":
        outcome = triage.change(workspace, rows, triage.READ)
        read = [lead.pk for lead in outcome.leads]
        notes.mark_read(workspace.pk, signed_in(request), read)
        assigning.mark_seen(workspace.pk, signed_in(request), read)
        return "Read: {}", outcome
    return "Unread: {}", triage.change(workspace, rows, triage.UNREAD)


def _label(request: WorkspaceRequest, form: TriageForm) -> Label:
    """Returns the workspace's label with the id, or the name, in `form`. Raises Http404, or LabelGone for a name."""
    rows, name = Label.objects.filter(workspace=request.workspace), form.word.removeprefix(BY_NAME)
    if name == form.word:
        return get_object_or_404(rows, pk=form.word)
    label, count = rows.filter(name__iexact=name).first(), len(form.cleaned_data["lead"])
    if label is None:
        skipped = f"{count} conversation{' was' if count == 1 else 's were'} skipped"
        raise labels.LabelGone(f"{request.workspace} has no label “{name}”: {skipped}.")
    return label


@workspace_view(methods=POST)
def undo(request: WorkspaceRequest) -> HttpResponse:
    """Undoes the change that `token` names, within ten minutes. A request for a part gets 409 if nothing was undone."""
    leads: list[Lead] = []
    try:
        leads = assigning.undo(request.workspace, signed_in(request), request.POST.get("token", ""))
    except BadSignature:
        messages.error(request, "It’s too late to undo that.")
    except IntegrityError:  # the previous assignee has left the workspace
        messages.error(request, "The earlier assignee is no longer in this workspace.")
    else:
        messages.info(
            request,
            f"Undone: {_who(leads)}"
            if leads
            else "Nothing to undo: a newer message has arrived, or someone has made a change since.",
        )
    if part := part_asked(request):
        return render_part(request, part, status=200 if leads else 409)
    return HttpResponseRedirect(_list_url(request))


def _list_url(request: WorkspaceRequest) -> str:
    return f"{list_url(request)}?{urlencode(request.GET.dict())}"


def _after(request: WorkspaceRequest, form: TriageForm) -> str:
    """Returns the URL of the conversation to show after a decision about the open conversation; "" for the list.

    This is the next conversation of the list, or the same one if it was assigned, tagged or labelled.
    """
    if form.action == "unread" or not request.POST.get("open"):
        return ""
    if form.action in ("assign", "tag", *LABELLING):
        return _conversation_url(request, form.cleaned_data["lead"][0].lead_id)
    lead = Lead.objects.filter(workspace=request.workspace, pk=form.cleaned_data["lead"][0].lead_id).first()
    if lead is None or lead.last_message_at is None:
        return ""
    if is_over_all(request):
        return _after_in_desk(request)
    folder, lead_filter, leads = filtered(request)
    if lead_filter.words:
        after = following(leads, request.workspace, lead_filter.words, lead)
    else:
        among = looked_at(request, folder, lead_filter)
        after_lead = cursor_of(lead, ORDER)
        page = keyset_page(leads, ORDER, after=after_lead, size=1, among=among, rises=folder.rises)
        after = next(iter(page.rows), None)
    return _conversation_url(request, after.pk) if after else ""


def _after_in_desk(request: WorkspaceRequest) -> str:
    """Returns the URL of the first conversation of the list over all workspaces that was not just decided."""
    decided = {text.partition("@")[0] for text in request.POST.getlist("lead")}
    rows = threads(request).page.rows
    row = next((row for row in rows if str(row.pk) not in decided), None)
    return _conversation_url(request, row.pk, row.workspace_id) if row else ""


def _conversation_url(request: WorkspaceRequest, lead_id: UUID, workspace_id: UUID | None = None) -> str:
    url = reverse("inbox:conversation", args=[workspace_id or request.workspace.pk, lead_id])
    return f"{url}?{urlencode(request.GET.dict())}"


def _tell(request: WorkspaceRequest, words: str, outcome: triage.TriageResult) -> None:
    if outcome.leads:
        messages.success(request, words.replace("{}", _who(outcome.leads), 1), extra_tags=outcome.undo)
    if outcome.missed:
        messages.warning(request, f"Skipped because a newer message arrived: {_names(outcome.missed)}.")
    if outcome.silent:
        messages.warning(request, f"Skipped because they haven’t written: {_names(outcome.silent)}.")
    if held := outcome.held:
        messages.warning(request, f"Skipped because they opted out or bounced, or may have: {_names(held)}.")
    if outcome.full:
        most = f"they already have {labels.PER_LEAD} labels"
        messages.warning(request, f"Skipped because {most}: {_names(outcome.full)}.")
    if outcome.gone:
        messages.warning(request, f"{outcome.gone} skipped because they no longer exist.")


def _who(leads: Sequence[Lead]) -> str:
    return leads[0].display_name if len(leads) == 1 else f"{len(leads)} conversations"


def _names(leads: Sequence[Lead]) -> str:
    more = f" and {len(leads) - NAMED} more" if len(leads) > NAMED else ""
    return ", ".join(lead.display_name for lead in leads[:NAMED]) + more
