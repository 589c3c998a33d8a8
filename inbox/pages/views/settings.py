"""The settings page of a workspace, for its admins: who answers, about what, when, and what is kept."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from inbox.intake import retention_effects
from inbox.models import Membership, Workspace, audit
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.pages.forms.workspace import RetentionForm, WorkspaceForm


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
            request.workspace.pk,
            request.user,
            "workspace.change",
            form.instance,
            changes=audit.changes_of(form),
        )
        messages.success(request, "Saved.")
        return redirect("inbox:settings", request.workspace.pk)
    if form.errors:
        request.workspace.refresh_from_db()
    return render(request, "workspace/settings.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_view(Membership.Role.ADMIN)
def retention(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/settings/retention/`: sets how long messages, bodies and records of model calls are kept.

    A GET with the days shows what they would remove, and only then offers to save them. A POST saves them, with an
    entry in the audit; what is older is removed by the next hourly run. Days that cannot be are a 400.
    """
    params = request.POST if request.method == "POST" else request.GET
    saved = Workspace.objects.get(pk=request.workspace.pk)  # the form changes its own
    form = RetentionForm(params if "keep_bodies_days" in params else None, instance=saved)
    if request.method == "POST" and form.is_valid():
        form.save()
        audit.record(
            request.workspace.pk, request.user, "workspace.change", saved, changes=audit.changes_of(form)
        )
        messages.success(request, "Saved. What is older goes with the next hourly run.")
        return redirect("inbox:retention", request.workspace.pk)
    effects = retention_effects.effects(saved) if form.is_bound and form.is_valid() else []
    status = 400 if form.errors else 200
    return render(request, "workspace/retention.html", {"form": form, "effects": effects}, status=status)
