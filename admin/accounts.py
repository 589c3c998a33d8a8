"""Connected accounts that the user may see: the strip on the admin's start page, and the banner on every page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When, Window
from django.http import HttpRequest
from django.urls import reverse

from admin.columns import list_url, row_url
from admin.scope import Scope, scope_of
from inbox.health import banner
from inbox.health.banner import Banner
from inbox.pages.access import signed_in
from inbox.workspaces.accounts import account_name
from integrations.models import TROUBLED, HealthState, WorkspaceIntegrationHealth

VIEW = "integrations.view_workspaceintegrationhealth"
CHECK = "integrations.check_workspaceintegrationhealth"
STRIP = 120
"""The most accounts in the strip, worst first."""

NAMED = 4
DOWN = (HealthState.DISCONNECTED, HealthState.PROVIDER_DOWN)
ORDER = (*TROUBLED, HealthState.CONNECTED, HealthState.UNKNOWN)
WORST_FIRST = Case(
    *(When(state=state, then=Value(rank)) for rank, state in enumerate(ORDER)),
    output_field=IntegerField(),
)


class Mark(NamedTuple):
    """An account's bar in the strip. Broken accounts have taller bars, so that colour is not the only sign."""

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


@dataclass(frozen=True)
class Board:
    """The state of the accounts. `seen` is False if the user may not view them. `unknown` ones were never checked."""

    seen: bool
    total: int = 0
    down: int = 0
    troubled: int = 0
    healthy: int = 0
    unknown: int = 0
    oldest: datetime | None = None
    strip: list[Mark] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    banner: Banner | None = None

    @property
    def width(self) -> int:
        return 10 * max(len(self.strip), 1)

    @property
    def words(self) -> str:
        """The strip's numbers as a sentence for screen readers."""
        counts = f"{self.down} down, {self.troubled} with problems, {self.healthy} healthy"
        return f"{self.total} accounts: {counts}, {self.unknown} not checked yet"


def rows_of(scope: Scope) -> QuerySet[WorkspaceIntegrationHealth]:
    """The health of the accounts in use that `scope` may see, without secrets and fire drills."""
    rows = scope.limit(WorkspaceIntegrationHealth.objects.all(), "workspace")
    rows = rows.filter(integration__enabled=True, workspace__drill_of=None)
    return rows.select_related("integration", "workspace").defer("integration__credentials")


def board(request: HttpRequest) -> Board:
    """Reads the accounts that `request.user` may see: one query, and one for the banner. Others get an empty board."""
    scope = scope_of(request)
    if not scope.may(VIEW):
        return Board(seen=False)
    rows = banner.for_banner(rows_of(scope), signed_in(request)).annotate(
        of_state=Window(Count("pk"), partition_by=[F("state")]),
        of_all=Window(Count("pk")),
        of_healthy=Window(Count("pk", filter=Q(state=HealthState.CONNECTED))),
    )
    worst = list(rows.order_by(WORST_FIRST, "since", "pk")[:STRIP])
    by_state = {row.state: int(vars(row)["of_state"]) for row in worst}
    total, healthy = (int(vars(worst[0])[name]) for name in ("of_all", "of_healthy")) if worst else (0, 0)
    troubled = sum(by_state.get(state, 0) for state in TROUBLED)
    down = [row for row in worst if row.is_down]
    return Board(
        seen=True,
        total=total,
        down=sum(by_state.get(state, 0) for state in DOWN),
        troubled=sum(by_state.get(state, 0) for state in TROUBLED if state not in DOWN),
        healthy=healthy,
        unknown=total - healthy - troubled,
        oldest=min((row.since for row in down), default=None),
        strip=[_mark(place, row) for place, row in enumerate(worst)],
        broken=[_broken(row) for row in worst[:NAMED] if row.state in TROUBLED],
        banner=_banner(down, scope),
    )


def banner_of(request: HttpRequest) -> Banner | None:
    """The banner of the worst account that is down and that the user has not hidden, or None."""
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
    """The workspace's page for a new key, or "" for anyone but the workspace's admins."""
    if health.workspace_id not in scope.runs:
        return ""
    return reverse("inbox:integration-settings", args=[health.workspace_id, health.integration_id])


def _mark(place: int, row: WorkspaceIntegrationHealth) -> Mark:
    height, tone = (24, "bad") if row.is_down else (18, "warn") if row.state in TROUBLED else (12, "ok")
    if row.state == HealthState.UNKNOWN:
        tone = ""
    return Mark(10 * place, 24 - height, height, tone)


def _broken(row: WorkspaceIntegrationHealth) -> Broken:
    name, tone = f"{account_name(row)}: {row.workspace.name}", "bad" if row.is_down else "warn"
    return Broken(name, row.since, tone, row_url(row))
