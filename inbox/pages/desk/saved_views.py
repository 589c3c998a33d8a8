"""The saved views of the person who looks: which is open, and how many conversations each has."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Value
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from inbox.leads.folders import (
    DEFAULT_FOLDER,
    FOLDERS,
    count_since,
    leads_in,
    leads_looked_at,
    oldest_looked_at,
    read_values,
)
from inbox.models import Membership, SavedView
from inbox.models.saved_view import NAME_CHARS, QUERY_CHARS
from inbox.pages.access import WorkspaceRequest, signed_in, workspace_view
from inbox.pages.desk.filters import LeadFilter
from inbox.workspaces import saved_views
from inbox.workspaces.saved_views import Refused

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


class RenameForm(forms.Form):
    """The form with a saved view's name."""

    name = forms.CharField(
        max_length=NAME_CHARS,
        error_messages={
            "required": "Give the view a name.",
            "max_length": f"The name is too long: at most {NAME_CHARS} letters.",
        },
    )

    def problem(self) -> str:
        """The first error of the form, as one sentence for people. The form must have an error."""
        return str(next(iter(next(iter(self.errors.values())))))


class SaveForm(RenameForm):
    """The form that saves the list with the query string `query` under a name; `shared`: for all of the workspace."""

    query = forms.CharField(
        max_length=QUERY_CHARS, error_messages={"max_length": "That are too many filters to save."}
    )
    shared = forms.BooleanField(required=False)


ADMIN = Membership.Role.ADMIN


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_view()
def view_list(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/inbox/views/`: the saved views that the person may change. A POST saves the list with the query
    string `query` under `name`, and shows it; with `shared` for all of the workspace, which an admin may.
    """
    if request.method == "POST":
        return _save(request)
    views, shares = views_of(request), request.membership.at_least(ADMIN)
    groups = [
        ("own", "Your views", [view for view in views if not view.is_shared], True),
        ("shared", "Shared views", [view for view in views if view.is_shared], shares),
    ]
    return render(request, "inbox/views.html", {"groups": groups})


def _save(request: WorkspaceRequest) -> HttpResponse:
    form = SaveForm(request.POST)
    back = f"{reverse('inbox:list', args=[request.workspace.pk])}?{request.POST.get('query', '')}"
    if not form.is_valid():
        messages.error(request, form.problem())
        return HttpResponseRedirect(back)
    cleaned = form.cleaned_data
    if cleaned["shared"] and not request.membership.at_least(ADMIN):
        raise PermissionDenied("An admin shares views.")
    query = canonical(request, cleaned["query"])
    if query is None:
        messages.error(request, "Set a filter first: what is saved is the folder with its filters.")
        return HttpResponseRedirect(back)
    try:
        view = saved_views.add(
            request.workspace, signed_in(request), name=cleaned["name"], query=query, shared=cleaned["shared"]
        )
    except Refused as reason:
        messages.error(request, str(reason))
        return HttpResponseRedirect(back)
    messages.success(request, f"Saved: {view.name}")
    return HttpResponseRedirect(f"{reverse('inbox:list', args=[request.workspace.pk])}?{view.query}")


@require_POST
@workspace_view()
def change(request: WorkspaceRequest, view_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/inbox/views/<view>/`: renames a saved view, moves it up, or removes it, as `do` says. A shared one
    needs an admin.
    """
    view = saved_views.listed(request.workspace, signed_in(request)).filter(pk=view_id).first()
    if view is None:
        raise Http404("No such view.")
    if view.is_shared and not request.membership.at_least(ADMIN):
        raise PermissionDenied("An admin changes shared views.")
    try:
        messages.success(request, _changed(request, view))
    except Refused as reason:
        messages.error(request, str(reason))
    return redirect("inbox:views", request.workspace.pk)


def _changed(request: WorkspaceRequest, view: SavedView) -> str:
    """Changes the view as the form says, and returns what was done. Raises Refused."""
    by, do = signed_in(request), request.POST.get("do")
    if do == "remove":
        saved_views.delete(view, by)
        return f"Removed: {view.name}. Its conversations stay where they are."
    if do == "up":
        saved_views.move_up(view, by)
        return f"Moved up: {view.name}"
    form = RenameForm(request.POST)
    if do != "rename" or not form.is_valid():
        raise Refused(form.problem() if do == "rename" else "There is no such action.")
    saved_views.rename(view, by, form.cleaned_data["name"])
    return f"Renamed: {form.cleaned_data['name']}"
