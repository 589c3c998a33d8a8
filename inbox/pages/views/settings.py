"""The settings page of a workspace, for its admins: who answers, about what, when, and what is kept."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from inbox.models import Membership, audit
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.pages.forms.workspace import WorkspaceForm
from jobs.adminlog import changes_of


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_view(Membership.Role.ADMIN)
def workspace_settings(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/settings/`: edits the workspace's settings. Changes are recorded in the audit. A form with errors
    is shown again as 400.
    """
    form = WorkspaceForm(request.POST or None, instance=request.workspace)
    if request.method == "POST" and form.is_valid():
        form.save()
        audit.record(
            request.workspace.pk, request.user, "workspace.change", form.instance, changes=changes_of(form)
        )
        messages.success(request, "Saved.")
        return redirect("inbox:settings", request.workspace.pk)
    if form.errors:
        request.workspace.refresh_from_db()
    return render(request, "workspace/settings.html", {"form": form}, status=400 if form.errors else 200)
