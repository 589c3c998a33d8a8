"""Responds to scripts with changed leads, colleagues who are present, news for the user, and leads for the palette."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend
from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from inbox.leads import for_you
from inbox.leads.folders import leads_in
from inbox.models import Lead, User
from inbox.pages.access import SignedInRequest, WorkspaceRequest, desk_view, workspace_view
from inbox.pages.changes import LIMIT, WORKSPACES, news, parse_snapshot
from inbox.pages.desk import presence
from inbox.pages.desk.filters import SEARCH_LIMIT
from inbox.pages.desk.search import search
from inbox.pages.desk.search_terms import leads_with_name
from inbox.pages.team import own_memberships
from inbox.workspaces.identity import STRENGTH, Strength
from inbox.workspaces.sessions import is_over


@require_safe
# the view looks up the user itself, to make only two queries: each open tab polls every second
@login_not_required
def live(request: HttpRequest) -> HttpResponse:
    """`live/?w=<workspace>~<snapshot>&…&at=<workspace>~<lead>~<writes>&…`: returns the leads that changed since each
    snapshot, and the next snapshot, as JSON.

    `at` names the conversations in the foreground, and whether the user is writing there (0 or 1). In the response,
    `here` names the colleagues who have these conversations open. Responds with 401 if the login has ended or a
    workspace requires a stronger one, and with 404 if the user is in none of the workspaces.
    """
    places = list(map(_place, request.GET.getlist("at")[: presence.PLACES]))
    snapshots = dict(map(_asked, request.GET.getlist("w")[:WORKSPACES]))
    user_id = request.session.get(SESSION_KEY)
    if user_id is None or is_over(request.session):
        return HttpResponse(status=401)
    entries = news(user_id, snapshots)
    if not entries:
        raise Http404("This workspace doesn’t exist.")
    is_weak = request.session.get(STRENGTH, Strength.PASSWORD) <= Strength.PASSWORD
    if is_weak and any(entry.requires_second_factor for entry in entries):
        return HttpResponse(status=401)
    if not _is_theirs(request.session, entries[0].user):
        return HttpResponse(status=401)
    changed = {str(new.workspace_id): new.leads for new in entries}
    ours = [place for place in places if str(place.workspace_id) in changed]
    here = {str(lead): people for lead, people in presence.meet(ours, entries[0].user).items()}
    return JsonResponse({"since": entries[0].snapshot, "changed": changed, "here": here})


def _asked(text: str) -> tuple[uuid.UUID, str]:
    workspace, _, snapshot = text.partition("~")
    try:
        mark = parse_snapshot(snapshot)
        if mark:
            return uuid.UUID(workspace), mark
    except ValueError:
        pass
    raise BadRequest("w: must be a workspace ID, ~ and a snapshot.")


def _place(text: str) -> presence.Place:
    try:
        return presence.Place.parse(text)
    except ValueError:
        raise BadRequest("at: must be a workspace ID, a lead ID and 0 or 1, separated by ~.") from None


def _is_theirs(session: SessionBase, user: User) -> bool:
    """Whether the session is still valid for `user`. It ends when the user's password changes, as in
    django.contrib.auth.get_user, and when the login method that opened it is switched off.
    """
    way_in = session.get(BACKEND_SESSION_KEY)
    if way_in not in settings.AUTHENTICATION_BACKENDS:
        return False
    backend: Any = load_backend(way_in)
    if not backend.user_can_authenticate(user):
        return False
    session_hash = session.get(HASH_SESSION_KEY) or ""
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(session_hash, user_hash) for user_hash in hashes)


WINDOW = timedelta(hours=1)
"""How old news may be when a browser shows it. Each piece of news has a key, so that it is shown only once."""
TITLES = {
    for_you.DUE: "Answer due soon",
    for_you.CALLED: "You were mentioned",
    for_you.GIVEN: "Assigned to you",
    for_you.HOT: "Hot reply",
}


@workspace_view()
def news_for_you(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/inbox/for-you/?lead=…&lead=…`: returns the user's news about these leads, or about all, as JSON.

    Each piece of news has a `key`, the text of a notice, and a URL, but nothing that a lead wrote. A member who wants
    no notices gets an empty list.
    """
    try:
        leads = [uuid.UUID(text) for text in request.GET.getlist("lead")[:LIMIT]]
    except ValueError:
        raise BadRequest("lead: must be the ID of a lead.") from None
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


MOST = 6


@workspace_view()
def leads_named(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/inbox/named/?q=…`: returns up to six leads by name, address or number as JSON, newest first."""
    leads = leads_in(request.workspace, "all")
    text = request.GET.get("q", "")[:SEARCH_LIMIT]
    hits = search(leads, request.workspace, text, size=MOST, by_messages=False)
    rows = leads.in_bulk([hit.lead_id for hit in hits.hits])
    return _named([rows[hit.lead_id] for hit in hits.hits if hit.lead_id in rows], "view=all")


@desk_view
def leads_named_anywhere(request: SignedInRequest) -> HttpResponse:
    """`desk/named/?q=…`: returns up to six leads of all workspaces of the user by name or address, newest first."""
    memberships = own_memberships(cast(WorkspaceRequest, request))
    clients = {row.workspace_id: row.workspace.name for row in memberships}
    text = request.GET.get("q", "")[:SEARCH_LIMIT]
    leads = leads_with_name(leads_in(clients.keys(), "all"), text, clients).order_by("-last_message_at")
    return _named(list(leads[:MOST]), "desk=1", clients)


def _named(leads: list[Lead], query: str, clients: Mapping[uuid.UUID, str] | None = None) -> JsonResponse:
    return JsonResponse(
        {
            "leads": [
                {
                    "name": lead.display_name,
                    "about": clients[lead.workspace_id] if clients else lead.company or lead.email,
                    "url": f"{reverse('inbox:conversation', args=[lead.workspace_id, lead.pk])}?{query}",
                }
                for lead in leads
            ]
        }
    )
