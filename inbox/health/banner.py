"""Chooses the banner above the pages: the account in the worst trouble, and the number of other accounts in trouble.
Admins see the remedy; other members see one grey line. A user can hide the banner for four hours, or until the
account's state changes.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zlib import crc32

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from inbox.health import sentences
from inbox.models import HiddenBanner, Membership, User, Workspace
from inbox.workspaces import account_effects
from integrations import openai, registry
from integrations.models import TROUBLED, HealthState, HealthTransition, WorkspaceIntegrationHealth
from jobs.durations import MINUTE_S, duration

HIDE_FOR = timedelta(hours=4)
SHOW_RECOVERY_FOR = timedelta(minutes=5)
FLAP_WINDOW = timedelta(hours=24)
BROKEN = (HealthState.DISCONNECTED, HealthState.NOT_UNDERSTOOD, HealthState.PROVIDER_DOWN)


@dataclass(frozen=True, slots=True)
class BannerLine:
    """The banner's line about one account that is in trouble, or that has just recovered."""

    health: WorkspaceIntegrationHealth
    tone: str
    headline: str
    effect: str
    can_reconnect: bool = False

    @property
    def needs_key(self) -> bool:
        lacks = self.health.lacks_mailboxes
        if not registry.spec_of(self.health.provider).is_connected_here:
            return False
        return self.health.state == HealthState.DISCONNECTED and not self.can_reconnect and not lacks

    @property
    def is_new(self) -> bool:
        """Whether the line may interrupt a screen reader, because the account broke within the last minute."""
        return self.tone == "bad" and self.health.since > timezone.now() - timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Banner:
    """A banner about the account `worst` and `more` others. If `acts`, the user can fix it (`act_url`, `key_url`)."""

    worst: BannerLine
    more: int
    acts: bool
    act_url: str
    details_url: str
    key_url: str

    @property
    def key(self) -> str:
        """A value that changes with the banner's text, so that a page can tell whether to redraw the banner."""
        health = self.worst.health
        words = f"{self.worst.headline} {self.worst.effect}"
        return f"{health.pk}.{health.version}.{self.more}.{crc32(words.encode())}"


def worst_of(
    broken: Sequence[WorkspaceIntegrationHealth],
) -> tuple[WorkspaceIntegrationHealth | None, int]:
    """Returns the first of `broken` (rows of `for_banner`) that is not hidden, and the number of the others."""
    shown = [health for health in broken if not vars(health)["hidden"]]
    return (shown[0], len(shown) - 1) if shown else (None, 0)


def troubled(workspace: Workspace) -> list[WorkspaceIntegrationHealth]:
    """Returns the workspace's accounts in trouble, in the order of `worst_first`."""
    return worst_first(_rows(Q(state__in=TROUBLED, workspace=workspace)))


def down_in(workspaces: Collection[UUID]) -> list[Workspace]:
    """Returns the workspaces in which an account is broken, so that replies may be missing, sorted by name."""
    rows = _rows(Q(state__in=BROKEN, workspace__in=workspaces)).select_related("workspace")
    return sorted({row.workspace for row in rows}, key=lambda workspace: workspace.name)


def _rows(which: Q) -> QuerySet[WorkspaceIntegrationHealth]:
    healths = WorkspaceIntegrationHealth.objects.filter(which, integration__enabled=True)
    return healths.select_related("integration")


def for_banner(
    rows: QuerySet[WorkspaceIntegrationHealth], user: User
) -> QuerySet[WorkspaceIntegrationHealth]:
    """Annotates `rows` with `hidden` (whether `user` hides the account) and `dropped` (the result of `drops`)."""
    hidden = HiddenBanner.objects.filter(
        user=user, until__gt=timezone.now(), health=OuterRef("pk"), version=OuterRef("version")
    )
    return rows.annotate(hidden=Exists(hidden), dropped=ArraySubquery(_breaks(OuterRef("pk")).values("at")))


def worst_first(rows: Iterable[WorkspaceIntegrationHealth]) -> list[WorkspaceIntegrationHealth]:
    """Sorts accounts by state (worst first) and age of the state. Raises ValueError for an account without trouble."""
    return sorted(rows, key=lambda health: (TROUBLED.index(health.state), health.since))


def rows_for(workspace: Workspace, user: User) -> list[WorkspaceIntegrationHealth]:
    """Returns the accounts that are in trouble or recovered in the last 5 minutes, annotated by `for_banner`."""
    just_back = Q(
        state=HealthState.CONNECTED,
        recovered_from__in=BROKEN,
        recovered_at__gt=timezone.now() - SHOW_RECOVERY_FOR,
    )
    which = Q(Q(state__in=TROUBLED) | just_back, workspace=workspace)
    return list(for_banner(_rows(which), user))


def banner_for(
    workspace: Workspace,
    user: User,
    membership: Membership,
    rows: list[WorkspaceIntegrationHealth] | None = None,
    *,
    model_away: bool = False,
) -> Banner | None:
    """Returns the banner for `user` about the worst account in trouble or, if none is in trouble, about an account that
    has just recovered; otherwise None. `rows` is the result of `rows_for`, if already loaded. `model_away` means that
    the page already reports that the model cannot be reached.
    """
    acts = membership.at_least(Membership.Role.ADMIN)
    rows = rows_for(workspace, user) if rows is None else rows
    rows = [row for row in rows if not (model_away and row.provider == openai.NAME)]
    broken = worst_first(row for row in rows if row.state != HealthState.CONNECTED)
    if not broken:
        # Of several recovered accounts, one that fetches missed messages comes first.
        rows = [row for row in rows if not vars(row)["hidden"]]
        back = max(
            rows,
            key=lambda row: (bool(registry.spec_of(row.provider).replies), row.recovered_at),
            default=None,
        )
        return _of_workspace(back, workspace, len(rows) - 1, acts) if back else None
    worst, more = worst_of(broken)
    return _of_workspace(worst, workspace, more, acts) if worst else None


def _of_workspace(health: WorkspaceIntegrationHealth, workspace: Workspace, more: int, acts: bool) -> Banner:
    account = [workspace.pk, health.integration_id]
    return Banner(
        line(health, workspace),
        more,
        acts,
        act_url=reverse("inbox:health-account", args=account),
        details_url=reverse("inbox:health", args=[workspace.pk]),
        key_url=reverse("inbox:integration-settings", args=account),
    )


def line(health: WorkspaceIntegrationHealth, workspace: Workspace) -> BannerLine:
    return BannerLine(
        health=health,
        tone=sentences.TONES.get(HealthState(health.state), ""),
        headline=sentences.headline(health, workspace.name),
        effect=sentences.unstable(drops(health))
        + (
            recovery(health)
            if health.state == HealthState.CONNECTED
            else sentences.effect(health, account_effects.effects_of(health.integration))
        ),
        can_reconnect=sentences.can_reconnect(health),
    )


def drops(health: WorkspaceIntegrationHealth) -> list[datetime]:
    """Returns the times in the last 24 hours at which the account broke after working."""
    annotated: list[datetime] | None = vars(health).get("dropped")
    return annotated if annotated is not None else list(_breaks(health.pk).values_list("at", flat=True))


def _breaks(health_id: int | OuterRef) -> QuerySet[HealthTransition]:
    broke = HealthTransition.objects.filter(
        health=health_id, after__in=BROKEN, at__gt=timezone.now() - FLAP_WINDOW
    )
    return broke.exclude(before__in=BROKEN)


def hide(user: User, health: WorkspaceIntegrationHealth) -> None:
    """Hides the banner about this account from this user for four hours, or until the account's state changes."""
    HiddenBanner.objects.update_or_create(
        user=user, health=health, defaults={"version": health.version, "until": timezone.now() + HIDE_FOR}
    )


def recovery(health: WorkspaceIntegrationHealth) -> str:
    """Returns a sentence about a recovered account's downtime and imported messages; "" if its downtime is unknown."""
    if health.down_since is None or health.recovered_at is None:
        return ""
    down_s = (health.recovered_at - health.down_since).total_seconds()
    downtime = f"The account was down for {duration(max(MINUTE_S, down_s))}"
    if not registry.spec_of(health.provider).replies:
        return f"{downtime}."
    count = health.imported_messages
    if count is None:
        return f"{downtime}; missed messages are being fetched."
    imported = (
        f"{count} missed message{'' if count == 1 else 's'} imported" if count else "nothing was missed"
    )
    return f"{downtime}; {imported}."
