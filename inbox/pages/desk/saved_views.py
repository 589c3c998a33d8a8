"""The saved views of a user: their counts, and the page on which users save, rename, order and remove them."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Value
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse

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
from inbox.models.saved_view import NAME_CHARS, QUERY_CHARS
from inbox.pages.access import FORM, POST, WorkspaceRequest, once, signed_in, workspace_view
from inbox.pages.desk.filters import LeadFilter
from inbox.pages.forms import (
    find_changeable,
    first_error,
    may_share,
    own_and_shared,
    redirect_to,
    refusals_shown,
)
from inbox.workspaces.own_and_shared import LAST, VIEWS, Refused, listed_views, move_up

SCAN = 5_000
"""The maximum number of a folder's newest conversations that are scanned to count a view. "12+" means more."""


def views_of(request: WorkspaceRequest) -> list[SavedView]:
    """Returns the saved views that the user sees: their own first, then shared ones. Reads them once per request."""
    user = signed_in(request)
    return once(request, "saved_views", lambda: list(listed_views(request.workspace, user)))


def open_view(request: WorkspaceRequest) -> SavedView | None:
    """Returns the saved view with the request's folder and filters; None if there is none."""
    wanted = parameters(request.GET)
    views = views_of(request) if len(wanted) > 1 else []
    return next((view for view in views if parameters(QueryDict(view.query)) == wanted), None)


def parameters(query: QueryDict) -> dict[str, str]:
    """Returns the folder and the filters of the query string `query`, without empty filters and without the page."""
    filters = {name: query.get(name, "").strip() for name in LeadFilter.base_filters}
    folder = query.get("view", DEFAULT_FOLDER)
    return {"view": folder} | {name: choice for name, choice in filters.items() if choice}


def canonical(request: WorkspaceRequest, query: str) -> str | None:
    """Returns the query string `query` with only its folder and filters; None if it has no filter or an invalid one."""
    params = QueryDict(query)
    filters = parameters(params)
    lead_filter = _filter(request, params)
    return urlencode(filters) if len(filters) > 1 and lead_filter and lead_filter.is_valid() else None


def count_expressions(request: WorkspaceRequest) -> dict[str, Any]:
    """Returns SQL expressions that count the conversations of the saved views.

    The key of a count is the view's id. With "+" after the id, the value says whether that count may be too low. Views
    with a search or an invalid filter are left out.
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
    folder = parameters(query)["view"]
    if folder not in FOLDERS:
        return None
    leads = leads_in(request.workspace, folder, signed_in(request).pk)
    return LeadFilter(query, leads, request=request)


class RenameForm(forms.Form):
    name = forms.CharField(
        max_length=NAME_CHARS,
        error_messages={
            "required": "Give the view a name.",
            "max_length": f"The name is too long. Use at most {NAME_CHARS} characters.",
        },
    )


class SaveForm(RenameForm):
    """Saves the list with the query string `query` under a name. With `shared`, all members see the saved view."""

    query = forms.CharField(
        max_length=QUERY_CHARS, error_messages={"max_length": "That’s too many filters to save. Remove some."}
    )
    shared = forms.BooleanField(required=False)


@workspace_view(methods=FORM)
def view_list(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/inbox/views/`: lists the saved views. A POST saves the list with the query string `query` under
    `name`, and shows that list. With `shared`, an admin shares the view.
    """
    if request.method == "POST":
        return HttpResponseRedirect(f"{reverse('inbox:list', args=[request.workspace.pk])}?{_save(request)}")
    groups = own_and_shared(request, views_of(request), "views")
    return render(request, "inbox/views.html", {"groups": groups})


def _save(request: WorkspaceRequest) -> str:
    form = SaveForm(request.POST)
    with refusals_shown(request, Refused):
        if not form.is_valid():
            raise Refused(first_error(form))
        if form.cleaned_data["shared"] and not may_share(request):
            raise PermissionDenied("Only an admin can share views.")
        query = canonical(request, form.cleaned_data["query"])
        if query is None:
            raise Refused("Set a filter first. A view saves a folder plus its filters.")
        columns = form.cleaned_data | {"query": query}
        view = VIEWS.add(request.workspace, signed_in(request), position=LAST, **columns)
        messages.success(request, f"Saved: {view.name}")
        return view.query
    return request.POST.get("query", "")


@workspace_view(methods=POST)
def change(request: WorkspaceRequest, view_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/inbox/views/<view>/`: renames a saved view, moves it up, or removes it, as `do` says."""
    rows = listed_views(request.workspace, signed_in(request))
    view = find_changeable(request, rows, view_id)
    with refusals_shown(request, Refused):
        messages.success(request, _changed(request, view))
    return redirect_to(request, "inbox:views")


def _changed(request: WorkspaceRequest, view: SavedView) -> str:
    """Renames, moves up or removes the view, as the form says. Returns the outcome as a sentence. Raises Refused."""
    by, do = signed_in(request), request.POST.get("do")
    if do == "remove":
        VIEWS.delete(view, by)
        return f"Removed: {view.name}. Its conversations aren’t affected."
    if do == "up":
        move_up(view, by)
        return f"Moved up: {view.name}"
    form = RenameForm(request.POST)
    if do != "rename" or not form.is_valid():
        raise Refused(first_error(form) if do == "rename" else "This action doesn’t exist.")
    VIEWS.change(view, by, "rename", name=form.cleaned_data["name"])
    return f"Renamed: {form.cleaned_data['name']}"
