"""Texts that users insert into a message as they write it: snippets and free meeting times."""

import uuid
from typing import NamedTuple

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache

from inbox.followups import step_text
from inbox.models import Draft, Lead
from inbox.pages.access import ADMIN, MEMBER, POST, WorkspaceRequest, signed_in, workspace_view
from inbox.pages.conversation.conversation import Typed, find_lead, is_unsigned, render_conversation
from inbox.replying import slots
from inbox.trace import asking
from inbox.workspaces.own_and_shared import SNIPPETS

FORMS = ("own", "draft")
"""The ids of the forms on a conversation's page that send a message."""


class Insert(NamedTuple):
    name: str
    text: str


class Times(NamedTuple):
    """Meeting times as words, and a sentence that names their source or says why there are none.

    `url` and `link` lead to the page on which the user can fix the problem.
    """

    words: list[str]
    said: str
    url: str = ""
    link: str = ""


@workspace_view(MEMBER)
def snippets_for(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`…/inbox/<lead>/snippets/?for=<form>&words=<words>`: shows a menu of snippets, filled in for the lead."""
    words = request.GET.get("words", "").replace("\0", "").strip()
    lead = get_object_or_404(Lead, workspace=request.workspace, pk=lead_id)
    inserts = _snippets(request, lead, words)
    context = {"form": _form(request), "lead": lead, "inserts": inserts, "words": words}
    return render(request, "inbox/_snippets.html", context)


@never_cache
@workspace_view(MEMBER)
def times_for(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`…/inbox/<lead>/times/?for=<form>`: shows a menu of free meeting times, read from the calendar within 3 s."""
    lead = get_object_or_404(Lead, workspace=request.workspace, pk=lead_id)
    context = {"form": _form(request), "lead": lead, "times": _times(request, lead)}
    return render(request, "inbox/_time_list.html", context)


@workspace_view(methods=POST)
def insert(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`…/inbox/<lead>/insert/`: renders the page of the conversation for a browser without scripts.

    The page shows the menu that `show` names ("snippets" or "times"), or the typed `text` with `insert` appended.
    """
    lead = find_lead(request, lead_id)
    text, channel = request.POST.get("text", ""), request.POST.get("channel", "")
    if chosen := request.POST.get("insert", ""):
        text = "\n".join(filter(None, (text.rstrip(), chosen)))
    typed, show = Typed(text, channel, unsigned=is_unsigned(request)), request.POST.get("show")
    if show == "snippets":
        return render_conversation(request, lead, typed, shown=show, inserts=_snippets(request, lead))
    if show == "times":
        return render_conversation(request, lead, typed, shown=show, times=_times(request, lead))
    return render_conversation(request, lead, typed)


def _form(request: WorkspaceRequest) -> str:
    form = request.GET.get("for", "")
    return form if form in FORMS else FORMS[0]


def _snippets(request: WorkspaceRequest, lead: Lead, words: str = "") -> list[Insert]:
    """Returns the user's snippets that contain all of `words`, filled in for `lead`. Variables without a value stay."""
    rows = SNIPPETS.listed(request.workspace, signed_in(request))
    for word in words.split():
        rows = rows.filter(Q(name__icontains=word) | Q(text__icontains=word))
    workspace = request.workspace
    return [
        Insert(
            row.name, step_text.render("", row.text, lead=lead, workspace=workspace, slots=[], gaps=True).text
        )
        for row in rows
    ]


def _times(request: WorkspaceRequest, lead: Lead) -> Times:
    workspace = request.workspace
    if lack := slots.lack(workspace):
        return _lacking(request, lack)
    try:
        with asking.slot() as deadline:
            free = slots.next_free(workspace, deadline)
    except asking.NO_ANSWER:
        drafted = _drafted(lead)
        hint = " These times were free when the draft was written." if drafted else ""
        return Times(drafted, f"The calendar isn’t responding, so there are no free times to offer.{hint}")
    if not free:
        return Times([], "There are no free times during business hours in the next seven days.")
    return Times([slot.words for slot in free], "These times are free right now, but not reserved.")


def _lacking(request: WorkspaceRequest, lack: slots.Lack) -> Times:
    if not request.membership.at_least(ADMIN):
        return Times([], f"{lack.words} An owner or admin can set this under Accounts.")
    if lack.account is None:
        return Times(
            [], lack.words, reverse("inbox:integrations", args=[request.workspace.pk]), "Integrations"
        )
    settings = reverse("inbox:integration-settings", args=[request.workspace.pk, lack.account.pk])
    return Times([], lack.words, f"{settings}#id_{lack.setting}", f"{lack.account.label} settings")


def _drafted(lead: Lead) -> list[str]:
    drafts = lead.drafts.filter(status=Draft.Status.PENDING).order_by("-created_at")
    draft = drafts.only("verification").first()
    offered = draft.verification.get("offered", []) if draft else []
    return [words for moment, words in offered if (parse_datetime(moment) or timezone.now()) > timezone.now()]
