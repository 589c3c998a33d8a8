"""The health page, and the actions of admins on an account in trouble."""

from datetime import timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from inbox.health import banner, complaints, uptime
from inbox.health.model_outage import model_away
from inbox.models import Membership
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.pages.operations import account_actions
from inbox.pages.safe_next import next_url
from inbox.workspaces.accounts import account_name
from integrations.models import HealthTransition, Integration, Notice, WorkspaceIntegrationHealth

SHOWN = 50


@require_GET
@workspace_view()
def health(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/health/`: the state and the last 30 days of each account, and the notices about trouble."""
    rows = list(
        WorkspaceIntegrationHealth.objects.filter(workspace=request.workspace)
        .select_related("integration")
        .order_by("provider", "pk")
    )
    changes = HealthTransition.objects.filter(
        health__in=rows, at__gt=timezone.now() - timedelta(days=uptime.DAYS)
    ).select_related("health__integration")[:SHOWN]
    context = {
        "lines": [banner.line(row, request.workspace) for row in banner.troubled(request.workspace)],
        "accounts": [uptime.account(row) for row in rows if _used(row)],
        "transitions": [(change, account_name(change.health)) for change in changes],
        "complaints": complaints.by_mailbox(request.workspace),
        "notices": Notice.objects.filter(workspace=request.workspace).order_by("-created_at")[:SHOWN],
        "acts": request.membership.at_least(Membership.Role.ADMIN),
    }
    return render(request, "health/health.html", context)


@never_cache
@require_GET
@workspace_view()
def live_banner(request: WorkspaceRequest) -> HttpResponse:
    """The banner about broken accounts, which open pages poll. 204 if it still has the key `seen`."""
    model = model_away(request.workspace)
    accounts = banner.banner_for(
        request.workspace, request.user, request.membership, model_away=model is not None
    )
    if "".join(part.key for part in (accounts, model) if part) == request.GET.get("seen", ""):
        return HttpResponse(status=204)
    context = {"banner": accounts, "model": model, "live_url": request.path}
    return render(request, "health/_live.html", context)


def _used(row: WorkspaceIntegrationHealth) -> bool:
    """Whether anything is known of the account. An unused account is not listed."""
    return any((row.last_success_at, row.last_failure_at, row.last_received_at))


@never_cache
@require_POST
@workspace_view(Membership.Role.MEMBER)
def account(request: WorkspaceRequest, integration_id: UUID) -> HttpResponse:
    """Carries out an admin's action on an account, as `do` says: check it, get the provider's page or the owner's link
    to reconnect it, mute it, or hide its banner. Members may only hide it.
    """
    if request.POST.get("do") != "hide" and not request.membership.at_least(Membership.Role.ADMIN):
        raise PermissionDenied("That is for admins.")
    integration = get_object_or_404(Integration, pk=integration_id, workspace=request.workspace)
    page = account_actions.Page(
        back=next_url(request, reverse("inbox:health", args=[request.workspace.pk])),
        act_url=request.path,
        template="health/reconnect.html",
        context={},
    )
    return account_actions.act(request, integration, page)
