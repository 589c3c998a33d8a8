"""What people do in the admin about an account in trouble, and the banner that offers it on every page of the admin."""

from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from admin import accounts
from admin.base import RecordAdmin
from admin.scope import scope_of
from inbox.health import banner, sentences
from inbox.pages.operations import account_actions
from inbox.pages.safe_next import next_url
from integrations.models import TROUBLED, WorkspaceIntegrationHealth


class ActingAdmin(RecordAdmin):
    """The admin of accounts, with the banner's address, and with what can be done about one account."""

    change_form_template = "admin/integrations/workspaceintegrationhealth/change_form.html"

    def get_urls(self) -> list[Any]:
        view, name = self.admin_site.admin_view, "integrations_workspaceintegrationhealth"
        return [
            path("banner/", require_GET(never_cache(view(self.live_banner))), name=f"{name}_banner"),
            path("<int:pk>/act/", require_POST(never_cache(view(self.act))), name=f"{name}_act"),
            *super().get_urls(),
        ]

    def has_check_permission(self, request: HttpRequest) -> bool:
        """Whether the user may have accounts called, and have them reconnected."""
        return scope_of(request).may(accounts.CHECK)

    def live_banner(self, request: HttpRequest) -> HttpResponse:
        """The banner for a page that is open. Answers 204 if it still says what was `seen`."""
        banner = accounts.banner_of(request)
        if (banner.key if banner else "") == request.GET.get("seen", ""):
            return HttpResponse(status=204)
        return render(request, "health/_live.html", {"banner": banner, "live_url": request.path})

    def act(self, request: HttpRequest, pk: int) -> HttpResponse:
        """`<account>/act/`: does what the form's `do` names, as the workspace's own pages do it. Raises
        PermissionDenied without the permission to have accounts checked.
        """
        if not self.has_check_permission(request):
            raise PermissionDenied
        health = cast(WorkspaceIntegrationHealth, self.get_object(request, str(pk)))
        own_page = reverse("admin:integrations_workspaceintegrationhealth_change", args=[pk])
        page = account_actions.Page(
            back=next_url(request, own_page),
            act_url=request.path,
            template="admin/integrations/workspaceintegrationhealth/reconnect.html",
            context=self.admin_site.each_context(request) | {"title": "Reconnect", "opts": self.opts},
        )
        return account_actions.act(request, health.integration, page)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        health = kwargs.get("obj")
        if health is not None and health.state in TROUBLED:
            context |= {
                "line": banner.line(health, health.workspace),
                "why": sentences.why(health.reason),
                "act_url": reverse("admin:integrations_workspaceintegrationhealth_act", args=[health.pk]),
                "may_act": self.has_check_permission(request),
                "key_url": accounts.key_url(health, scope_of(request)),
            }
        return super().render_change_form(request, context, *args, **kwargs)
