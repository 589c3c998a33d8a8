"""The health page, and what an admin can do about an account in trouble."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from inbox import audit
from inbox.access import workspace_view
from inbox.health import banner, complaints, history, owner_link, reconnect
from inbox.health.model import model_away
from inbox.health.wording import account_name, can_reconnect
from inbox.models import Membership
from inbox.safe_next import next_url
from integrations import probes
from integrations.models import HealthTransition, Integration, Notice, WorkspaceIntegrationHealth

SHOWN = 50


@require_GET
@workspace_view()
def health(request: HttpRequest) -> HttpResponse:
    """Every account of the workspace: now, its last 30 days, and who has been told."""
    rows = list(
        WorkspaceIntegrationHealth.objects.filter(workspace=request.workspace)
        .select_related("integration")
        .order_by("provider", "pk")
    )
    changes = HealthTransition.objects.filter(
        health__in=rows, at__gt=timezone.now() - timedelta(days=history.DAYS)
    ).select_related("health__integration")[:SHOWN]
    for change in changes:
        change.account = account_name(change.health)
    context = {
        "lines": [banner.line(row, request.workspace) for row in banner.troubled(request.workspace)],
        "accounts": [history.account(row) for row in rows if _used(row)],
        "transitions": changes,
        "complaints": complaints.by_mailbox(request.workspace),
        "notices": Notice.objects.filter(workspace=request.workspace).order_by("-created_at")[:SHOWN],
        "acts": request.membership.at_least(Membership.Role.ADMIN),
    }
    return render(request, "health/health.html", context)


@never_cache
@require_GET
@workspace_view()
def live_banner(request: HttpRequest) -> HttpResponse:
    """The banner for a page that is open: 204 where it still says what was `seen`."""
    found = banner.banner_for(request.workspace, request.user, request.membership)
    model = model_away(request.workspace)
    if "".join(part.key for part in (found, model) if part) == request.GET.get("seen", ""):
        return HttpResponse(status=204)
    return render(request, "health/_live.html", {"banner": found, "model": model})


def _used(row: WorkspaceIntegrationHealth) -> bool:
    """Whether anything is known of the account: one that nobody has connected yet is no news."""
    return any((row.last_success_at, row.last_failure_at, row.last_received_at))


@never_cache
@require_POST
@workspace_view(Membership.Role.ADMIN)
def account(request: HttpRequest, integration_id) -> HttpResponse:
    """Check an account now, reconnect it, or put its banner out of sight."""
    integration = get_object_or_404(Integration, pk=integration_id, workspace=request.workspace)
    action = ACTIONS.get(request.POST.get("do", ""))
    if action is None:
        messages.error(request, "There is no such action.")
        return redirect(_back(request))
    audit.record(request.workspace.pk, request.user, f"health.{request.POST['do']}", integration)
    return action(request, integration) or redirect(_back(request))


def _check(request: HttpRequest, integration: Integration) -> None:
    result = probes.check_now(integration)
    (messages.success if result.ok else messages.warning)(request, result.sentence)


def _hide(request: HttpRequest, integration: Integration) -> None:
    row = WorkspaceIntegrationHealth.objects.filter(integration=integration).first()
    if row is not None:
        banner.hide(request.user, row)
        messages.info(request, "Hidden for 4 hours. It comes back at once when something changes.")


def _reconnect(request: HttpRequest, integration: Integration) -> HttpResponse:
    """A page of the provider's is made, and a link leads to it: a form may not lead to another site (CSP)."""
    link = reconnect.hosted_link(integration, request.build_absolute_uri(_back(request)))
    return _ways_back(request, integration, link)


def _owner_link(request: HttpRequest, integration: Integration) -> HttpResponse:
    return _ways_back(request, integration, None)


def _ways_back(
    request: HttpRequest, integration: Integration, link: reconnect.Link | None
) -> HttpResponse | None:
    row = (
        WorkspaceIntegrationHealth.objects.filter(integration=integration)
        .select_related("integration")
        .first()
    )
    if row is None or not can_reconnect(row):
        messages.warning(request, reconnect.NOT_NEEDED if row and not row.is_down else reconnect.NOT_OFFERED)
        return None
    context = {
        "integration": integration,
        "account": account_name(row),
        "link": link,
        "owner_link": request.build_absolute_uri(owner_link.path(integration)),
    }
    return render(request, "health/reconnect.html", context)


ACTIONS = {"check": _check, "hide": _hide, "reconnect": _reconnect, "owner-link": _owner_link}


def _back(request: HttpRequest) -> str:
    return next_url(request, reverse("inbox:health", args=[request.workspace.pk]))
