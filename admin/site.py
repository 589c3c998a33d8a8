"""The product's Django admin site: its first page, the pages that open texts to operators, and the pages of traces.

The colours and the layout of the admin are in templates/admin/.
"""

import contextlib
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import Resolver404, path, resolve, reverse
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_POST

from admin import accounts, cockpit
from admin.base import BaseAdmin
from admin.columns import row_url
from admin.scope import choose, scope_of
from inbox.models import TextAccess, Workspace, audit
from inbox.models.text_access import LASTS
from inbox.pages.access import next_url, question, signed_in, to_second_factor
from inbox.trace import story
from inbox.trace.records import NotHere
from inbox.trace.story import Trace
from inbox.workspaces.identity import identity_of


class AdminSite(admin.AdminSite):
    """Django's admin with a workspace switcher and a start page with a summary. Rows cannot be deleted in bulk."""

    site_header = site_title = "Holdfast"
    index_title = "Operations"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Makes two checks besides those of Django. A user who needs a second factor must have given it. A POST to a
        page of an admin class with `asks_again` requires that the user has proven their identity recently.
        """
        inner: Callable[..., HttpResponseBase] = super().admin_view(view, cacheable)

        @wraps(inner)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.has_permission(request) or view == self.logout:
                return inner(request, *args, **kwargs)
            if not identity_of(request).is_strong and scope_of(request).needs_factor:
                return to_second_factor(request)
            asks = request.method == "POST" and getattr(getattr(view, "__self__", None), "asks_again", False)
            page = question(request) if asks else None
            return page or inner(request, *args, **kwargs)

        return guarded

    def get_urls(self) -> list[Any]:
        return [
            path("workspace/", require_POST(self.admin_view(self.switch)), name="switch"),
            path(
                "workspace/<uuid:workspace_id>/text/",
                self.admin_view(open_text),
                name="open-text",
            ),
            path("trace/<str:kind>/<uuid:row_id>/", self.admin_view(trace), name="trace"),
            *super().get_urls(),
        ]

    def switch(self, request: HttpRequest) -> HttpResponse:
        """Narrows the admin to the workspace `workspace` of the POST for this session, or shows all workspaces again
        for "". Raises Http404 for a workspace that the user may not see. Redirects to the list `next`, or to the start
        page.
        """
        wanted, scope = request.POST.get("workspace", ""), scope_of(request)
        if not wanted:
            choose(request, None)
            return redirect(_kept_page(request))
        with contextlib.suppress(ValueError):
            if scope.may_choose(UUID(wanted)):
                choose(request, UUID(wanted))
                return redirect(_kept_page(request))
        raise Http404("This workspace doesn’t exist.")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        if not self.has_permission(request):
            return {**super().each_context(request), "scope": None}
        return super().each_context(request) | {
            "scope": scope_of(request),
            "banner": SimpleLazyObject(lambda: accounts.banner_of(request)),
            "live_url": reverse("admin:integrations_workspaceintegrationhealth_banner"),
        }

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Shows the admin's start page. An htmx request gets only the part above the list of models."""
        panels = cockpit.Cockpit(request)
        if request.headers.get("HX-Request"):
            return TemplateResponse(request, "admin/_cockpit.html", {"cockpit": panels})
        context = {"cockpit": panels, "banner": panels.accounts.banner, **(extra_context or {})}
        return super().index(request, context)


def _kept_page(request: HttpRequest) -> str:
    """Returns the list in the form's field `next`, without its filters, or else the start page."""
    page = request.POST.get("next", "")
    with contextlib.suppress(Resolver404):
        match = resolve(page)
        if match.app_name == "admin" and (match.url_name or "").endswith("_changelist"):
            return page
    return reverse("admin:index")


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=300,
        min_length=10,
        label="Reason for reading this text",
        help_text="Owners and admins of the workspace can see your name, this reason and everything you open.",
    )


def open_text(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """Asks, at `workspace/<workspace>/text/`, a user who is not a member for a reason to read user text. A POST makes
    the text readable for an hour and records this in the audit log. A user who may not see the workspace gets a 404,
    and one without the permission `open_text` a 403.
    """
    workspace = scope_of(request).workspace(workspace_id)
    if not scope_of(request).may("inbox.open_text"):
        raise PermissionDenied
    form = ReasonForm(request.POST or None)
    back = next_url(request, reverse("admin:index"))
    if request.method == "POST" and form.is_valid():
        grant(request, workspace, form.cleaned_data["reason"])
        messages.success(request, f"You can read text in {workspace} for an hour.")
        return redirect(back)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"Read text in {workspace}",
        "form": form,
        "next": back,
    }
    return TemplateResponse(request, "admin/open_text.html", context, status=422 if form.errors else 200)


@transaction.atomic
def grant(request: HttpRequest, workspace: Workspace, reason: str) -> TextAccess:
    """Lets the request's user read the text of `workspace` for an hour, and writes an audit entry in the same
    transaction. Returns the saved TextAccess. The caller must have checked the user's permission.
    """
    user = signed_in(request)
    access = TextAccess.objects.create(
        workspace=workspace, user=user, reason=reason, expires_at=Now() + LASTS
    )
    audit.record(workspace.pk, user, "text.opened", access)
    return access


def trace(request: HttpRequest, kind: str, row_id: uuid.UUID) -> HttpResponse:
    """Shows the page “Trace” about one row, at `trace/<kind>/<id>/`. A row that the user may not see is answered with
    404.

    User text is shown to members of the workspace, and for an hour to users who have stated a reason. Each view of user
    text by a user who is not a member is recorded in the audit log.
    """
    pages = (page for page in admin.site._registry.values() if isinstance(page, BaseAdmin))
    model_admin = next((page for page in pages if page.trace_kind == kind), None)
    if model_admin is None:
        raise Http404(f"There’s no trace for a “{kind}”.")
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    rows = model_admin.get_queryset(request).filter(pk=row_id)
    workspace = Workspace.objects.filter(pk__in=rows.values("workspace")).first()
    if workspace is None:
        raise Http404("This record doesn’t exist or doesn’t belong to a workspace.")
    try:
        record = story.of(workspace, kind, row_id)
    except NotHere as error:
        raise Http404(str(error)) from error
    scope = scope_of(request)
    if not scope.may_read(workspace.pk):
        record = record.without_words()
    elif not scope.is_member(workspace.pk):
        audit.record(workspace.pk, signed_in(request), "text.read", model_admin.model(pk=row_id))
    return render(request, "admin/trace.html", _context(request, model_admin.model, workspace, record))


def _context(request: HttpRequest, model: type[Model], workspace: Workspace, record: Trace) -> dict[str, Any]:
    scope = scope_of(request)
    inside = [workspace.pk, record.kind, record.id]
    return admin.site.each_context(request) | {
        "title": record.headline,
        "trace": record,
        "traced": workspace,
        "zone": workspace.timezone,
        "base": f"{reverse('admin:index')}trace/",
        "row_url": row_url(model(pk=record.id)),
        "text_of": None if scope.may_read(workspace.pk) else workspace.pk,
        "may_open_text": scope.may("inbox.open_text"),
        "inside": reverse("inbox:trace", args=inside) if scope.is_member(workspace.pk) else "",
    }
