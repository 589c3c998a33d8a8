"""The actions on an account in trouble, such as reconnect and mute, for the workspace pages and the admin."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from inbox.health import banner, notice_channels, owner_link, reconnect
from inbox.health.sentences import can_reconnect
from inbox.models import audit
from inbox.pages.access import signed_in
from inbox.workspaces.accounts import account_name
from integrations import notices
from integrations.health import probes
from integrations.models import TROUBLED, Integration, WorkspaceIntegrationHealth


@dataclass(frozen=True, slots=True)
class Page:
    """The page on which an action is offered. `back` is the URL to return to.

    `template`, rendered with `context`, shows how to reconnect the account, and posts to `act_url`.
    """

    back: str
    act_url: str
    template: str
    context: dict[str, object]


def act(request: HttpRequest, integration: Integration, page: Page) -> HttpResponse:
    """Carries out the action `do` of the form, one of ACTIONS, with an audit entry.

    Returns the page of the action, or else a redirect to `page.back`. An unknown `do` becomes a message. The caller
    must have checked that the user may act on `integration`.
    """
    name = request.POST.get("do", "")
    if name not in ACTIONS:
        messages.error(request, "This action doesn’t exist.")
        return redirect(page.back)
    audit.record(integration.workspace_id, signed_in(request), f"health.{name}", integration)
    return ACTIONS[name](request, integration, page) or redirect(page.back)


def _check(request: HttpRequest, integration: Integration, page: Page) -> None:
    check = probes.check_now(integration)
    (messages.success if check.ok else messages.warning)(request, check.sentence)


def _hide(request: HttpRequest, integration: Integration, page: Page) -> None:
    row = WorkspaceIntegrationHealth.objects.filter(integration=integration).first()
    if row is not None:
        banner.hide(signed_in(request), row)
        if row.state in TROUBLED:
            messages.info(request, "Hidden for 4 hours, or until something changes.")


def _mute(request: HttpRequest, integration: Integration, page: Page) -> None:
    row = WorkspaceIntegrationHealth.objects.filter(integration=integration).first()
    if row is not None and notices.mute(row):
        notice_channels.enqueue_update(row)
        messages.success(request, "Notices are muted until it works again.")


def _unmute(request: HttpRequest, integration: Integration, page: Page) -> None:
    row = WorkspaceIntegrationHealth.objects.filter(integration=integration).first()
    if row is not None and notices.unmute(row):
        notice_channels.enqueue_update(row)
        messages.success(request, "Notices are on again.")


def _reconnect(request: HttpRequest, integration: Integration, page: Page) -> HttpResponse | None:
    """Shows a link to the provider's page, because our Content Security Policy does not let forms redirect there."""
    link = reconnect.hosted_link(integration, request.build_absolute_uri(page.back))
    return _ways_back(request, integration, page, link)


def _owner_link(request: HttpRequest, integration: Integration, page: Page) -> HttpResponse | None:
    return _ways_back(request, integration, page, None)


def _ways_back(
    request: HttpRequest, integration: Integration, page: Page, link: reconnect.Link | None
) -> HttpResponse | None:
    rows = WorkspaceIntegrationHealth.objects.filter(integration=integration).select_related("integration")
    row = rows.first()
    if row is None or not can_reconnect(row):
        messages.warning(request, reconnect.NOT_NEEDED if row and not row.is_down else reconnect.NOT_OFFERED)
        return None
    context = {
        "integration": integration,
        "account": account_name(row),
        "link": link,
        "act_url": page.act_url,
        "owner_link": request.build_absolute_uri(owner_link.path(integration)),
    }
    return render(request, page.template, page.context | context)


Action = Callable[[HttpRequest, Integration, Page], HttpResponse | None]
ACTIONS: dict[str, Action] = {
    "check": _check,
    "hide": _hide,
    "mute": _mute,
    "unmute": _unmute,
    "reconnect": _reconnect,
    "owner-link": _owner_link,
}
