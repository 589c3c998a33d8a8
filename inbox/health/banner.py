"""The one banner of a workspace: the worst trouble first, the rest behind a number.

Admins see what to do about it, everybody else one grey line. It goes away on proof, never on a click; hiding it lasts
four hours, for one person, and ends with the next change of state.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zlib import crc32

from django.db.models import Q
from django.utils import timezone

from inbox.health import effects, wording
from inbox.health.history import span
from inbox.models import HiddenBanner, Membership, User, Workspace
from integrations import registry
from integrations.models import TROUBLED, HealthState, HealthTransition, WorkspaceIntegrationHealth

HIDE_FOR = timedelta(hours=4)
SHOW_RECOVERY_FOR = timedelta(minutes=30)
FLAP_WINDOW = timedelta(hours=24)
BROKEN = (HealthState.DISCONNECTED, HealthState.PROVIDER_DOWN)


@dataclass(frozen=True, slots=True)
class Line:
    """One account in trouble, or just back."""

    health: WorkspaceIntegrationHealth
    tone: str
    headline: str
    effect: str
    can_reconnect: bool = False

    @property
    def needs_key(self) -> bool:
        """Whether a new key in the settings is what helps."""
        lacks = self.health.lacks_mailboxes
        return self.health.state == HealthState.DISCONNECTED and not self.can_reconnect and not lacks

    @property
    def is_new(self) -> bool:
        """Whether a screen reader should be interrupted: only for what has just broken."""
        return self.tone == "bad" and self.health.since > timezone.now() - timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Banner:
    """`worst` stands on the page; `more` others are behind a link. `acts`: the user may do something about it."""

    worst: Line
    more: int
    acts: bool

    @property
    def key(self) -> str:
        """Differs where the banner says something else."""
        health = self.worst.health
        said = f"{self.worst.headline} {self.worst.effect}"
        return f"{health.pk}.{health.version}.{self.more}.{crc32(said.encode())}"


def troubled(workspace: Workspace) -> list[WorkspaceIntegrationHealth]:
    """The workspace's accounts in trouble, worst first, then the oldest trouble."""
    return _worst_first(_rows(workspace, Q(state__in=TROUBLED)))


def _rows(workspace: Workspace, which: Q) -> list[WorkspaceIntegrationHealth]:
    found = WorkspaceIntegrationHealth.objects.filter(which, workspace=workspace, integration__enabled=True)
    return list(found.select_related("integration"))


def _worst_first(rows: list[WorkspaceIntegrationHealth]) -> list[WorkspaceIntegrationHealth]:
    return sorted(rows, key=lambda health: (TROUBLED.index(health.state), health.since))


def banner_for(workspace: Workspace, user: User, membership: Membership) -> Banner | None:
    """What `user` sees above the pages of `workspace`; None where all is well (or hidden by them)."""
    acts = membership.at_least(Membership.Role.ADMIN)
    just_back = Q(
        state=HealthState.CONNECTED,
        recovered_from__in=BROKEN,
        recovered_at__gt=timezone.now() - SHOW_RECOVERY_FOR,
    )
    rows = _rows(workspace, Q(state__in=TROUBLED) | just_back)
    shown = _worst_first([row for row in rows if row.state != HealthState.CONNECTED])
    if not shown:
        # Of several that are back, one that brought something with it first.
        back = max(
            rows,
            key=lambda row: (bool(registry.spec_of(row.provider).backfill), row.recovered_at),
            default=None,
        )
        return Banner(line(back, workspace), len(rows) - 1, acts) if back else None
    hidden = dict(
        HiddenBanner.objects.filter(user=user, until__gt=timezone.now(), health__in=shown).values_list(
            "health_id", "version"
        )
    )
    shown = [health for health in shown if hidden.get(health.pk) != health.version]
    return Banner(line(shown[0], workspace), len(shown) - 1, acts) if shown else None


def line(health: WorkspaceIntegrationHealth, workspace: Workspace) -> Line:
    """The words about one account."""
    return Line(
        health=health,
        tone=wording.TONES.get(HealthState(health.state), ""),
        headline=wording.headline(health, workspace.name),
        effect=wording.unstable(drops(health))
        + (
            recovery(health)
            if health.state == HealthState.CONNECTED
            else wording.effect(health, effects.effects_of(health.integration))
        ),
        can_reconnect=wording.can_reconnect(health),
    )


def drops(health: WorkspaceIntegrationHealth) -> list[datetime]:
    """When the account broke in the last 24 h, from a state in which it worked."""
    broke = HealthTransition.objects.filter(
        health=health, after__in=BROKEN, at__gt=timezone.now() - FLAP_WINDOW
    )
    return list(broke.exclude(before__in=BROKEN).values_list("at", flat=True))


def hide(user: User, health: WorkspaceIntegrationHealth) -> None:
    """Put the banner about this state of the account out of this user's sight for a while."""
    HiddenBanner.objects.update_or_create(
        user=user, health=health, defaults={"version": health.version, "until": timezone.now() + HIDE_FOR}
    )


def recovery(health: WorkspaceIntegrationHealth) -> str:
    if health.down_since is None or health.recovered_at is None:
        return ""
    down_s = (health.recovered_at - health.down_since).total_seconds()
    said = f"It was down for {span(down_s)}"
    if not registry.spec_of(health.provider).backfill:
        return f"{said}."
    count = health.imported_messages
    if count is None:
        return f"{said}; missed messages are being fetched."
    imported = (
        f"{count} missed message{'' if count == 1 else 's'} imported" if count else "nothing was missed"
    )
    return f"{said}; {imported}."
