"""The saved views of the person who looks: which is open, and how many conversations each has."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import Value
from django.http import QueryDict

from inbox.leads.folders import (
    DEFAULT_FOLDER,
    FOLDERS,
    count_since,
    leads_in,
    leads_looked_at,
    oldest_looked_at,
    read_values,
)
from inbox.models import SavedView
from inbox.pages.access import WorkspaceRequest, signed_in
from inbox.pages.filters import LeadFilter
from inbox.workspaces import saved_views

SCAN = 5_000
"""How many of a folder's newest conversations the count of a view looks at. With more, it says "12+"."""


def views_of(request: WorkspaceRequest) -> list[SavedView]:
    """The saved views that the request's user sees: their own, then the shared ones, each in the order that people
    gave. They are read by one query in a request.
    """
    views: list[SavedView] | None = vars(request).get("saved_views")
    if views is None:
        views = vars(request)["saved_views"] = list(saved_views.listed(request.workspace, signed_in(request)))
    return views


def open_view(request: WorkspaceRequest) -> SavedView | None:
    """The view whose list the request asks for; None if it is no saved one."""
    wanted = parameters(request.GET)
    views = views_of(request) if len(wanted) > 1 else []
    return next((view for view in views if parameters(QueryDict(view.query)) == wanted), None)


def parameters(query: QueryDict) -> dict[str, str]:
    """The folder and the filters that a query string of the list names, by their parameters, without empty ones and
    without the page. Values are not checked.
    """
    filters = {name: query.get(name, "").strip() for name in LeadFilter.base_filters}
    folder = query.get("view", DEFAULT_FOLDER)
    return {"view": folder} | {name: choice for name, choice in filters.items() if choice}


def canonical(request: WorkspaceRequest, query: str) -> str | None:
    """The query string `query` of the list with nothing but its folder and filters; None if it has no filter, or one
    that is not understood.
    """
    params = QueryDict(query)
    filters = parameters(params)
    lead_filter = _filter(request, params)
    return urlencode(filters) if len(filters) > 1 and lead_filter and lead_filter.is_valid() else None


def count_expressions(request: WorkspaceRequest) -> dict[str, Any]:
    """SQL expressions that count the conversations of the saved views. For each view there are two, under its id and
    its id with "+": the number, and whether there may be more. Views with a search, or with a filter that is not
    understood, are left out.
    """
    counted: dict[str, LeadFilter] = {}
    looked_at: dict[str, Any] = {}
    for view in views_of(request):
        query = QueryDict(view.query)
        lead_filter = _filter(request, query)
        if lead_filter is None or not lead_filter.is_valid() or lead_filter.words:
            continue
        user_id, folder, key = signed_in(request).pk, parameters(query)["view"], f"{view.pk}"
        rows = leads_looked_at(request.workspace, folder, user_id, lead_filter.span.end)
        counted[key], looked_at[key] = lead_filter, oldest_looked_at(rows, SCAN)
    oldest = read_values(request.workspace.pk, looked_at) if looked_at else {}
    counts: dict[str, Any] = {
        key: count_since(view_filter.qs, oldest[key]) for key, view_filter in counted.items()
    }
    return counts | {f"{key}+": Value(oldest[key] is not None) for key in counted}


def _filter(request: WorkspaceRequest, query: QueryDict) -> LeadFilter | None:
    """The filters of a query string; None if its folder is not known."""
    folder = parameters(query)["view"]
    if folder not in FOLDERS:
        return None
    leads = leads_in(request.workspace, folder, signed_in(request).pk)
    return LeadFilter(query, leads, request=request)
