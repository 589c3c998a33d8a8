"""What a person puts into a message while they write it, from the composer of a conversation."""

import uuid
from typing import NamedTuple

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from inbox.followups import step_text
from inbox.models import Lead, Membership
from inbox.pages.access import WorkspaceRequest, signed_in, workspace_view
from inbox.pages.views.conversation import Typed, find_lead, render_conversation
from inbox.workspaces import snippets

FORMS = ("own", "draft")
"""The ids of the forms of a conversation that send something."""


class Insert(NamedTuple):
    """A text that can be put into a message, and its name."""

    name: str
    text: str


@require_safe
@workspace_view(Membership.Role.MEMBER)
def snippets_for(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`…/inbox/<lead>/snippets/?for=<form>&words=<words>`: the part of a conversation's page with the snippets that
    have the words, filled in for the lead. It is asked for when the menu opens.
    """
    words, lead = request.GET.get("words", "").replace("\0", "").strip(), find_lead(request, lead_id)
    asked = request.GET.get("for", "")
    context = {
        "form": asked if asked in FORMS else FORMS[0],
        "lead": lead,
        "inserts": _snippets(request, lead, words),
        "words": words,
    }
    return render(request, "inbox/_snippets.html", context)


@require_POST
@workspace_view()
def insert(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`…/inbox/<lead>/insert/`: the conversation again, for a page without a script. With `show` there is the menu of
    that name in it; else `insert` stands at the end of the `text` that the person has typed.
    """
    lead = find_lead(request, lead_id)
    text, channel = request.POST.get("text", ""), request.POST.get("channel", "")
    if chosen := request.POST.get("insert", ""):
        text = "\n".join(filter(None, (text.rstrip(), chosen)))
    typed = Typed(text, channel)
    if request.POST.get("show") == "snippets":
        inserts = _snippets(request, lead)
        return render_conversation(request, lead, typed, shown="snippets", inserts=inserts)
    return render_conversation(request, lead, typed)


def _snippets(request: WorkspaceRequest, lead: Lead, words: str = "") -> list[Insert]:
    """The snippets that the person sees and that have all of `words`, filled in for `lead`. A variable without a value
    stays in the text.
    """
    found = snippets.listed(request.workspace, signed_in(request))
    for word in words.split():
        found = found.filter(Q(name__icontains=word) | Q(text__icontains=word))
    workspace = request.workspace
    return [
        Insert(
            one.name, step_text.render("", one.text, lead=lead, workspace=workspace, slots=[], gaps=True).text
        )
        for one in found
    ]
