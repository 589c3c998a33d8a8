"""Answers a browser's tab that nobody looks at: what of the changed conversations is for this person?"""

import uuid
from datetime import timedelta

from django.core.exceptions import BadRequest
from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from inbox.leads import for_you
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.pages.live import LIMIT

WINDOW = timedelta(hours=1)
"""How old what is told in a browser may be. The mark of each keeps a browser from telling it twice."""
TITLES = {
    for_you.CALLED: "A note calls you",
    for_you.GIVEN: "Given to you",
    for_you.HOT: "Hot reply",
}


@require_safe
@workspace_view()
def news(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/inbox/for-you/?lead=…&lead=…`: what is for the request's user among these leads, or all if none is
    named, as JSON: of each a `key`, what a notice says, and the conversation's address. Nothing that a lead wrote is
    in it. A member who wants to be told nothing gets nothing.
    """
    try:
        leads = [uuid.UUID(text) for text in request.GET.getlist("lead")[:LIMIT]]
    except ValueError:
        raise BadRequest("lead: must be the id of a lead.") from None
    member = request.membership
    entries = for_you.news_for(member, timezone.now() - WINDOW, leads or None) if member.tell_about else []
    return JsonResponse({"news": [_told(request, entry) for entry in entries]})


def _told(request: WorkspaceRequest, entry: for_you.ForYou) -> dict[str, str]:
    lead = entry.lead
    who = f"{lead.display_name}, {lead.company}" if lead.company else lead.display_name
    return {
        "key": entry.key,
        "title": f"{TITLES[entry.why]}: {lead.display_name}",
        "body": f"{who} · {request.workspace.name}",
        "url": reverse("inbox:conversation", args=[request.workspace.pk, lead.pk]),
    }
