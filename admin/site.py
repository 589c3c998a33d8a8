"""The Django admin site of the product. Its colours and layout are in templates/admin/."""

import contextlib
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import Resolver404, path, resolve, reverse
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_POST

from admin import accounts, cockpit, text_access, tracing
from admin.scope import choose, scope_of


class AdminSite(admin.AdminSite):
    """The Django admin with a workspace switcher and a summary on its start page, and no action to delete many rows."""

    site_header = site_title = "Holdfast"
    index_title = "Operations"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")

    def get_urls(self) -> list[Any]:
        return [
            path("workspace/", require_POST(self.admin_view(self.switch)), name="switch"),
            path(
                "workspace/<uuid:workspace_id>/text/",
                self.admin_view(text_access.open_text),
                name="open-text",
            ),
            path("trace/<str:kind>/<uuid:row_id>/", self.admin_view(tracing.trace), name="trace"),
            *super().get_urls(),
        ]

    def switch(self, request: HttpRequest) -> HttpResponse:
        """POST `workspace`: narrows the admin to that workspace for this session; "" shows all again. Raises Http404
        for a workspace that the person may not see.

        Leads back to `next` if that is a list, which shows the workspace's rows then; else to the start page.
        """
        wanted, scope = request.POST.get("workspace", ""), scope_of(request)
        if not wanted:
            choose(request, None)
            return redirect(_kept_page(request))
        with contextlib.suppress(ValueError):
            if scope.may_choose(UUID(wanted)):
                choose(request, UUID(wanted))
                return redirect(_kept_page(request))
        raise Http404("No such workspace.")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        if not self.has_permission(request):
            return {**super().each_context(request), "scope": None}
        return {
            **super().each_context(request),
            "scope": scope_of(request),
            "banner": SimpleLazyObject(lambda: accounts.banner_of(request)),
            "live_url": reverse("admin:integrations_workspaceintegrationhealth_banner"),
        }

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The admin's start page. A request of HTMX gets what is above the list of models."""
        panels = cockpit.of(request)
        if request.headers.get("HX-Request"):
            return TemplateResponse(request, "admin/_cockpit.html", {"cockpit": panels})
        context = {"cockpit": panels, "banner": panels.accounts.banner, **(extra_context or {})}
        return super().index(request, context)


def _kept_page(request: HttpRequest) -> str:
    """The list that the form's `next` names, without its filters; else the start page."""
    page = request.POST.get("next", "")
    with contextlib.suppress(Resolver404):
        match = resolve(page)
        if match.app_name == "admin" and (match.url_name or "").endswith("_changelist"):
            return page
    return reverse("admin:index")
