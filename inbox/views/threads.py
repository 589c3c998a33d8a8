"""The list of conversations: one folder, filtered, a page of 50. It stands beside an open conversation, too."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inbox.access import workspace_view
from inbox.filters import LeadFilter
from inbox.folders import (
    DEFAULT_FOLDER,
    FOLDERS,
    Folder,
    capped_count,
    leads_in,
    oldest_not_understood,
    uncertain_count,
    with_badges,
)
from inbox.models import Lead, Workspace
from inbox.pagination import KeysetPage, keyset_page

ORDER = "last_message_at"


@dataclass(frozen=True)
class Chip:
    """A filter that is set, and the query string without it."""

    label: str
    value: str
    without: str


@dataclass(frozen=True)
class Threads:
    """What the list shows. `query` is the list's own query string, without the place in it.

    `uncertain`: how many messages of the whole workspace may or may not have gone out. `oldest`: since when the oldest
    reply waits that nobody has understood, in the folder of those.
    """

    folder: Folder
    filter: LeadFilter
    chips: list[Chip]
    page: KeysetPage
    count: int
    query: str
    uncertain: int
    oldest: datetime | None = None


def filtered(request: HttpRequest) -> tuple[Folder, LeadFilter, QuerySet[Lead]]:
    """The folder, the filter and the leads that the request's query string names. Raises Http404 for no such folder."""
    folder = FOLDERS.get(request.GET.get("view", DEFAULT_FOLDER))
    if folder is None:
        raise Http404("No such folder.")
    leads = leads_in(request.workspace, folder.key)
    lead_filter = LeadFilter(request.GET, leads, request=request)
    return folder, lead_filter, lead_filter.qs if lead_filter.is_valid() else leads.none()


def threads(request: HttpRequest) -> Threads:
    """The list that the request's query string asks for."""
    folder, lead_filter, leads = filtered(request)
    page = keyset_page(
        with_badges(leads),
        ORDER,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    active = lead_filter.active() if lead_filter.is_valid() else []
    values = {"view": folder.key} | {name: request.GET[name] for name, _, _ in active}
    chips = [
        Chip(label, value, urlencode({key: values[key] for key in values if key != name}))
        for name, label, value in active
    ]
    count, uncertain = _count(request, leads, page), uncertain_count(request.workspace)
    oldest = oldest_not_understood(request.workspace) if folder.key == "not-understood" else None
    return Threads(folder, lead_filter, chips, page, count, urlencode(values), uncertain, oldest)


def _count(request: HttpRequest, leads: QuerySet[Lead], page: KeysetPage) -> int:
    if not page.after and not page.before:
        return len(page.rows)
    return Workspace.objects.filter(pk=request.workspace.pk).values_list(capped_count(leads), flat=True).get()


@require_safe
@workspace_view()
def thread_list(request: HttpRequest) -> HttpResponse:
    """`w/<workspace>/inbox/?view=…&q=…&channel=…&campaign=…&tag=…&after=…`"""
    return render(request, "inbox/list.html", {"threads": threads(request)})
