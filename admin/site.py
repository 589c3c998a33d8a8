"""The product's Django admin site. Its colours and layout are in templates/admin/."""

import contextlib
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import Resolver404, path, resolve, reverse
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_POST

from admin import accounts, cockpit, text_access, tracing
from admin.scope import choose, scope_of
from inbox.pages.access import to_second_factor
from inbox.pages.proof import question
from inbox.workspaces.identity import identity_of


class AdminSite(admin.AdminSite):
    """Django's admin with a workspace switcher and a start page with a summary. Bulk deletion is not offered."""

    site_header = site_title = "Holdfast"
    index_title = "Operations"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Also requires a second factor from users who need one, and a recent proof where a class says so."""
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
                self.admin_view(text_access.open_text),
                name="open-text",
            ),
            path("trace/<str:kind>/<uuid:row_id>/", self.admin_view(tracing.trace), name="trace"),
            *super().get_urls(),
        ]

    def switch(self, request: HttpRequest) -> HttpResponse:
        """POST `workspace` narrows the admin to that workspace for this session; "" shows all again. Raises Http404 for
        a workspace that the user may not see. Redirects to `next` if that is a list, or else to the start page.
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
        """The start page. An htmx request gets only the part above the list of models."""
        panels = cockpit.of(request)
        if request.headers.get("HX-Request"):
            return TemplateResponse(request, "admin/_cockpit.html", {"cockpit": panels})
        context = {"cockpit": panels, "banner": panels.accounts.banner, **(extra_context or {})}
        return super().index(request, context)


def _kept_page(request: HttpRequest) -> str:
    """The list in the form's `next`, without its filters, or else the start page."""
    page = request.POST.get("next", "")
    with contextlib.suppress(Resolver404):
        match = resolve(page)
        if match.app_name == "admin" and (match.url_name or "").endswith("_changelist"):
            return page
    return reverse("admin:index")
