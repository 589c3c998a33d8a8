"""The page of saved views, and saving, renaming, ordering and removing them. Members have their own; admins share."""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from inbox.models import Membership, SavedView
from inbox.pages.access import WorkspaceRequest, signed_in, workspace_view
from inbox.pages.forms.saved_views import RenameForm, SaveForm
from inbox.pages.saved_views import canonical, views_of
from inbox.workspaces import saved_views
from inbox.workspaces.saved_views import Refused

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
