"""The page on which operators state why they must read texts of a workspace that they are not a member of."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from admin.scope import scope_of
from inbox.models import TextAccess, Workspace, audit
from inbox.models.text_access import LASTS
from inbox.pages.access import signed_in
from inbox.pages.safe_next import next_url

PERMISSION = "inbox.open_text"


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=300,
        min_length=10,
        label="Reason to read these texts",
        help_text="The workspace's owners and admins can read it, with your name and each text that you open.",
    )


def open_text(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """`workspace/<workspace>/text/`: asks for a reason. A POST opens the texts for an hour and records it in the audit
    log. The user must see the workspace (or gets a 404) and have the permission `open_text` (or gets a 403).
    """
    workspace = scope_of(request).workspace(workspace_id)
    if not scope_of(request).may(PERMISSION):
        raise PermissionDenied
    form = ReasonForm(request.POST or None)
    back = next_url(request, reverse("admin:index"))
    if request.method == "POST" and form.is_valid():
        grant(request, workspace, form.cleaned_data["reason"])
        messages.success(request, f"You can read the texts of {workspace} for an hour.")
        return redirect(back)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"Read texts of {workspace}",
        "form": form,
        "next": back,
    }
    return TemplateResponse(request, "admin/open_text.html", context, status=422 if form.errors else 200)


@transaction.atomic
def grant(request: HttpRequest, workspace: Workspace, reason: str) -> TextAccess:
    """Opens the texts of `workspace` to the request's user for an hour, and writes an audit entry in the same
    transaction. Returns the saved row. The caller must have checked the permission.
    """
    user = signed_in(request)
    access = TextAccess.objects.create(
        workspace=workspace, user=user, reason=reason, expires_at=Now() + LASTS
    )
    audit.record(workspace.pk, user, "text.opened", access)
    return access
