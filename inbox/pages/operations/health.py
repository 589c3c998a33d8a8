"""The health page, the fire drill, the page on which an account's owner reconnects it, and the actions on an account in
trouble, such as reconnect and mute. The admin uses these actions too.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from inbox.health import (
    banner,
    drill,
    mailbox_rates,
    notice_channels,
    receipts,
    reconnect,
    uptime,
)
from inbox.health.model_outage import ModelAway, model_away
from inbox.health.sentences import can_reconnect
from inbox.models import audit
from inbox.pages.access import (
    ADMIN,
    FORM,
    MEMBER,
    POST,
    WorkspaceRequest,
    next_url,
    signed_in,
    workspace_view,
)
from inbox.pages.forms import record, redirect_to
from inbox.pages.state_marks import StateMark, state_of
from inbox.workspaces.accounts import name_of, slack_of
from integrations import notices
from integrations.health import probes
from integrations.models import TROUBLED, HealthTransition, Integration, Notice, WorkspaceIntegrationHealth
from jobs.models import BackgroundJob, JobStep

SHOWN = 50
MAILBOXES_SHOWN = 500


@workspace_view()
def health(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/health/`: shows the state and the last 30 days of each account, and the notices about trouble."""
    rows = WorkspaceIntegrationHealth.objects.filter(workspace=request.workspace)
    accounts = list(filter(_used, rows.select_related("integration")))
    compared = receipts.lately(request.workspace)
    lines = {row.pk: banner.line(row, request.workspace) for row in banner.troubled(request.workspace)}
    changes = list(HealthTransition.objects.filter(health__in=accounts).select_related("health__integration"))
    since = timezone.now() - timedelta(days=uptime.DAYS)
    mailboxes = mailbox_rates.of_workspace(request.workspace.pk)[:MAILBOXES_SHOWN]
    by_provider = defaultdict(list)
    for mailbox in mailboxes:
        by_provider[mailbox.provider].append(mailbox)
    alarms = [(alarm, mailbox_rates.sentence(alarm)) for alarm in mailbox_rates.alarms(request.workspace)]
    alarmed = {alarm.integration_id for alarm, _ in alarms}
    strips = [
        uptime.account(row, [change for change in changes if change.health_id == row.pk]) for row in accounts
    ]
    context = {
        "accounts": [
            (
                strip,
                lines.get(strip.health.pk),
                compared.get(strip.health.integration_id),
                by_provider.pop(strip.health.provider, []),
            )
            for strip in sorted(strips, key=lambda strip: _worst_first(strip, alarmed))
        ],
        "counts": _counts(accounts, alarmed),
        "alarmed": alarmed,
        "troubles": [row for row in uptime.troubles(changes) if row.change.at > since][:SHOWN],
        "mailboxes": mailboxes,
        "others": [mailbox for group in by_provider.values() for mailbox in group],
        "alarms": alarms,
        "notices": Notice.objects.filter(workspace=request.workspace).order_by("-created_at")[:SHOWN],
        "acts": request.membership.at_least(ADMIN),
    }
    return render(request, "health/health.html", context)


@never_cache
@workspace_view()
def live_banner(request: WorkspaceRequest) -> HttpResponse:
    """Renders the banner about broken accounts, which pages poll. Responds with 204 while its key is still `seen`."""
    model = model_away(request.workspace)
    accounts = banner.banner_for(
        request.workspace, request.user, request.membership, model_away=model is not None
    )
    return banner_part(request, accounts, model)


def banner_part(
    request: HttpRequest, accounts: banner.Banner | None, model: ModelAway | None = None
) -> HttpResponse:
    """Renders the banners as a part of a page. Responds with 204 while the keys of the banners are still `seen`."""
    if "".join(part.key for part in (accounts, model) if part) == request.GET.get("seen", ""):
        return HttpResponse(status=204)
    context = {"banner": accounts, "model": model, "live_url": request.path}
    return render(request, "health/_live.html", context)


def _used(row: WorkspaceIntegrationHealth) -> bool:
    return row.state in TROUBLED or any((row.last_success_at, row.last_failure_at, row.last_received_at))


def _worst_first(account: uptime.Account, alarmed: set[UUID]) -> tuple[object, ...]:
    row = account.health
    state = TROUBLED.index(row.state) if row.state in TROUBLED else len(TROUBLED)
    return state, row.integration_id not in alarmed, account.up, account.name, row.pk


def _counts(rows: list[WorkspaceIntegrationHealth], alarmed: set[UUID]) -> list[tuple[StateMark, int]]:
    marked = [(state_of("health", row.state).tone, row) for row in rows]
    tones = Counter(
        "warn" if not row.is_down and (tone == "bad" or row.integration_id in alarmed) else tone
        for tone, row in marked
    )
    marks = (
        StateMark("bad", "critical", "down"),
        StateMark("warn", "warn", "with problems"),
        StateMark("ok", "ok", "healthy"),
    )
    return [(mark, tones[mark.tone]) for mark in marks if tones[mark.tone]]


@never_cache
@workspace_view(MEMBER, POST)
def account(request: WorkspaceRequest, integration_id: UUID) -> HttpResponse:
    """Carries out an action on an account, as `do` says: check it, show how to reconnect it (on the provider's page, or
    by the owner's link), mute it, or hide its banner. Members who are not admins may only hide the banner.
    """
    if request.POST.get("do") != "hide" and not request.membership.at_least(ADMIN):
        raise PermissionDenied("Only admins can do this.")
    integration = get_object_or_404(Integration, pk=integration_id, workspace=request.workspace)
    page = Page(
        back=next_url(request, reverse("inbox:health", args=[request.workspace.pk])),
        act_url=request.path,
        template="health/reconnect.html",
        context={},
    )
    return act(request, integration, page)


class DrillLine(NamedTuple):
    """A step of the fire drill and its outcome. `ms` is its duration in milliseconds; None if it has not finished."""

    title: str
    mark: StateMark
    reason: str = ""
    ms: float | None = None


OUTCOMES = {
    True: StateMark("ok", "ok", "Passed"),
    False: StateMark("bad", "fail", "Failed"),
    None: StateMark("", "off", "Skipped"),
}


@workspace_view(ADMIN, FORM)
def fire_drill(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/health/drill/`: shows the last drill; for htmx, only its steps. A POST starts a drill."""
    if request.method == "POST":
        begun = drill.start(request.workspace, request.user)
        record(request, "health.drill", begun)
        return redirect_to(request, "inbox:drill", info="The drill has started.")
    job = drill.last(request.workspace)
    context = {"job": job, "lines": _lines(job) if job else []}
    if request.htmx:
        return render(request, "health/_drill.html", context)
    return render(request, "health/drill.html", context | {"slack": slack_of(request.workspace.pk)})


def _lines(job: BackgroundJob) -> list[DrillLine]:
    steps = {step.name: step for step in JobStep.objects.filter(job=job)}
    lines, running = [], job.status == BackgroundJob.Status.RUNNING
    for name, title in drill.STEPS.items():
        step = steps.get(name)
        if step is not None and step.result is not None and step.finished_at is not None:
            ms = (step.finished_at - step.started_at).total_seconds() * 1000
            lines.append(DrillLine(title, OUTCOMES[step.result["ok"]], step.result["said"], ms))
        elif running:
            lines.append(DrillLine(title, state_of("job", "running")))
            running = False
        else:
            last = StateMark("", "off", "Not run") if job.finished_at else StateMark("", "clock", "Next")
            lines.append(DrillLine(title, last))
    return lines


AFTERWARDS = "done"
"""The query parameter that says that the owner comes back from the provider's page."""


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def owner(request: HttpRequest, token: str) -> HttpResponse:
    """`/reconnect/<token>/`: tells an owner what is wrong. A POST shows a link to the provider's reconnect page."""
    context: dict[str, object]
    try:
        health = reconnect.read_owner_link(token)
    except reconnect.LinkExpired as expired:
        context = {"expired": True, "back": expired.back}
        return render(request, "health/owner.html", context, status=200 if expired.back else 410)
    context = {"account": name_of(health.integration), "workspace_name": health.workspace.name}
    if AFTERWARDS in request.GET:
        probes.enqueue_probe(health.integration)
        context["checking"] = True
    elif request.method == "POST":
        back = request.build_absolute_uri(f"{request.path}?{AFTERWARDS}=1")
        context["link"] = reconnect.hosted_link(health.integration, back)
    return render(request, "health/owner.html", context)


@dataclass(frozen=True, slots=True)
class Page:
    """The page on which an action on an account is offered. `back` is the URL to return to.

    The template `template`, rendered with `context`, shows how to reconnect the account. It posts to `act_url`.
    """

    back: str
    act_url: str
    template: str
    context: dict[str, object]


def act(request: HttpRequest, integration: Integration, page: Page) -> HttpResponse:
    """Carries out the action `do` of the form, a key of ACTIONS, with an audit entry.

    Returns the page of the action, or a redirect to `page.back` if it has none. An unknown `do` is reported in a
    message. The caller must have checked that the user may act on `integration`.
    """
    name = request.POST.get("do", "")
    if name not in ACTIONS:
        messages.error(request, "This action doesn’t exist.")
        return redirect(page.back)
    audit.record(integration.workspace_id, signed_in(request), f"health.{name}", integration)
    return ACTIONS[name](request, integration, page) or redirect(page.back)


def _health_of(integration: Integration) -> WorkspaceIntegrationHealth | None:
    rows = WorkspaceIntegrationHealth.objects.filter(integration=integration)
    return rows.select_related("integration").first()


def _check(request: HttpRequest, integration: Integration, page: Page) -> None:
    check = probes.check_now(integration)
    (messages.success if check.ok else messages.warning)(request, check.sentence)


def _hide(request: HttpRequest, integration: Integration, page: Page) -> None:
    if row := _health_of(integration):
        banner.hide(signed_in(request), row)
        if row.state in TROUBLED:
            messages.info(request, "Hidden for 4 hours, or until something changes.")


def _mute(request: HttpRequest, integration: Integration, page: Page) -> None:
    mutes = request.POST["do"] == "mute"
    if (row := _health_of(integration)) and (notices.mute if mutes else notices.unmute)(row):
        notice_channels.enqueue_update(row)
        messages.success(request, f"Notifications are {'muted until it recovers' if mutes else 'on again'}.")


def _reconnect(request: HttpRequest, integration: Integration, page: Page) -> HttpResponse | None:
    """Shows a link to the provider's page, because our Content Security Policy does not let forms redirect there."""
    link = reconnect.hosted_link(integration, request.build_absolute_uri(page.back))
    return _ways_back(request, integration, page, link)


def _ways_back(
    request: HttpRequest, integration: Integration, page: Page, link: reconnect.Link | None = None
) -> HttpResponse | None:
    row = _health_of(integration)
    if row is None or not can_reconnect(row):
        messages.warning(request, reconnect.NOT_NEEDED if row and not row.is_down else reconnect.NOT_OFFERED)
        return None
    context = {
        "integration": integration,
        "account": name_of(row.integration),
        "link": link,
        "act_url": page.act_url,
        "owner_link": request.build_absolute_uri(reconnect.owner_path(integration)),
    }
    return render(request, page.template, page.context | context)


Action = Callable[[HttpRequest, Integration, Page], HttpResponse | None]
ACTIONS: dict[str, Action] = {
    "check": _check,
    "hide": _hide,
    "mute": _mute,
    "unmute": _mute,
    "reconnect": _reconnect,
    "owner-link": _ways_back,
}
