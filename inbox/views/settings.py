"""What the workspace's admins say about it: who answers, about what, when, and what is kept."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from inbox import audit
from inbox.access import workspace_view
from inbox.forms.workspace import WorkspaceForm
from inbox.models import Membership


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_view(Membership.Role.ADMIN)
def workspace_settings(request: HttpRequest) -> HttpResponse:
    """`w/<workspace>/settings/`"""
    form = WorkspaceForm(request.POST or None, instance=request.workspace)
    if request.method == "POST" and form.is_valid():
        form.save()
        audit.record(
            request.workspace.pk, request.user, "workspace.change", form.instance, fields=form.changed_data
        )
        messages.success(request, "Saved.")
        return redirect("inbox:settings", request.workspace.pk)
    if form.errors:
        request.workspace.refresh_from_db()
    return render(request, "workspace/settings.html", {"form": form}, status=400 if form.errors else 200)
