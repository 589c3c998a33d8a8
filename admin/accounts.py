"""The connected accounts that the user may see: a strip of bars on the admin's start page, and the banner on every
page.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When, Window
from django.http import HttpRequest
from django.urls import reverse

from admin.columns import list_url, row_url
from admin.scope import Scope, scope_of
from inbox.health import banner
from inbox.health.banner import Banner
from inbox.models import User
from inbox.pages.access import signed_in
from inbox.workspaces.accounts import name_of
from integrations.models import TROUBLED, HealthState, WorkspaceIntegrationHealth

VIEW = "integrations.view_workspaceintegrationhealth"
CHECK = "integrations.check_workspaceintegrationhealth"
STRIP = 120
"""The most accounts in the strip of bars on the start page, worst first."""

NAMED = 4
DOWN = (HealthState.DISCONNECTED, HealthState.PROVIDER_DOWN)
ORDER = (*TROUBLED, HealthState.CONNECTED, HealthState.UNKNOWN)
WORST_FIRST = Case(
    *(When(state=state, then=Value(rank)) for rank, state in enumerate(ORDER)),
    output_field=IntegerField(),
)


class Mark(NamedTuple):
    """An account's bar in the strip. Broken accounts have taller bars, so colour is not the only sign."""

    x: int
    y: int
    height: int
    tone: str


class Broken(NamedTuple):
    """An account in trouble, with its name and the URL of its page."""

    words: str
    since: datetime
    tone: str
    url: str


class Board:
    """The states of the connected accounts that `request.user` may see. One query reads them. A
    second one reads what waits for the worst of them, for the banner.
    `seen` is False if the user may not view accounts. `unknown` counts the accounts that were never checked.
    """

    def __init__(self, request: HttpRequest) -> None:
        scope = scope_of(request)
        self.seen = scope.may(VIEW)
        self.worst = _worst(scope, signed_in(request)) if self.seen else []
        by_state = {row.state: int(vars(row)["of_state"]) for row in self.worst}
        first = vars(self.worst[0]) if self.worst else {}
        self.total, self.healthy = int(first.get("of_all", 0)), int(first.get("of_healthy", 0))
        down = [row for row in self.worst if row.is_down]
        self.down = sum(by_state.get(state, 0) for state in DOWN)
        self.troubled = sum(by_state.get(state, 0) for state in TROUBLED if state not in DOWN)
        self.unknown = self.total - self.healthy - self.down - self.troubled
        self.oldest = min((row.since for row in down), default=None)
        self.strip = [_mark(place, row) for place, row in enumerate(self.worst)]
        self.broken = [_broken(row) for row in self.worst[:NAMED] if row.state in TROUBLED]
        self.banner = _banner(down, scope)

    @property
    def width(self) -> int:
        return 10 * max(len(self.strip), 1)

    @property
    def words(self) -> str:
        """The number of all accounts and of those in each state, as one sentence for screen readers."""
        counts = f"{self.down} down, {self.troubled} with problems, {self.healthy} healthy"
        return f"{self.total} accounts: {counts}, {self.unknown} not checked yet"


def rows_of(scope: Scope) -> QuerySet[WorkspaceIntegrationHealth]:
    """Returns the health of the accounts in use in `scope`, without secrets. Accounts of fire drills are left out."""
    rows = scope.limit(WorkspaceIntegrationHealth.objects.all(), "workspace")
    rows = rows.filter(integration__enabled=True, workspace__drill_of=None)
    return rows.select_related("integration", "workspace").defer("integration__credentials")


def _worst(scope: Scope, user: User) -> list[WorkspaceIntegrationHealth]:
    """Returns the accounts of the strip on the start page, worst first. Each row has three counts, of which only the
    first depends on the row: accounts in the row's state, all accounts, and healthy accounts.
    """
    rows = banner.for_banner(rows_of(scope), user).annotate(
        of_state=Window(Count("pk"), partition_by=[F("state")]),
        of_all=Window(Count("pk")),
        of_healthy=Window(Count("pk", filter=Q(state=HealthState.CONNECTED))),
    )
    return list(rows.order_by(WORST_FIRST, "since", "pk")[:STRIP])


def banner_of(request: HttpRequest) -> Banner | None:
    """Returns the banner of the worst account that is down and that the user has not hidden, or None."""
    scope = scope_of(request)
    if not scope.may(VIEW):
        return None
    rows = banner.for_banner(rows_of(scope).filter(state__in=DOWN), signed_in(request))
    return _banner(banner.worst_first(rows), scope)


def _banner(down: Sequence[WorkspaceIntegrationHealth], scope: Scope) -> Banner | None:
    worst, more = banner.worst_of(down)
    if worst is None:
        return None
    return Banner(
        banner.line(worst, worst.workspace),
        more,
        acts=scope.may(CHECK),
        act_url=reverse("admin:integrations_workspaceintegrationhealth_act", args=[worst.pk]),
        details_url=list_url(WorkspaceIntegrationHealth, standing="down") if more else row_url(worst),
        key_url=key_url(worst, scope),
    )


def key_url(health: WorkspaceIntegrationHealth, scope: Scope) -> str:
    """Returns the URL at which an admin of the workspace enters a new API key; "" for any other user."""
    if health.workspace_id not in scope.runs:
        return ""
    return reverse("inbox:integration-settings", args=[health.workspace_id, health.integration_id])


def _mark(place: int, row: WorkspaceIntegrationHealth) -> Mark:
    height, tone = (24, "bad") if row.is_down else (18, "warn") if row.state in TROUBLED else (12, "ok")
    if row.state == HealthState.UNKNOWN:
        tone = ""
    return Mark(10 * place, 24 - height, height, tone)


def _broken(row: WorkspaceIntegrationHealth) -> Broken:
    name, tone = f"{name_of(row.integration)}: {row.workspace.name}", "bad" if row.is_down else "warn"
    return Broken(name, row.since, tone, row_url(row))
