"""What the integrations page says about each connected account: one card, read from the database alone."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count
from django.db.models.functions import TruncHour
from django.utils import timezone

from inbox.accounts import usable
from inbox.health import effects, wording
from inbox.models import WebhookDelivery, Workspace
from integrations import registry
from integrations.checks import Check
from integrations.events import BACKFILL
from integrations.models import HealthState, Integration, WebhookKey, WorkspaceIntegrationHealth
from integrations.spec import WebhookSource

HOURS = 24


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour of the strip of received events, `height` of 10."""

    x: int
    height: float

    @property
    def y(self) -> float:
        return 10 - self.height


@dataclass(frozen=True, slots=True)
class Key:
    """A webhook key as the page shows it: its end, or all of it where an admin has asked to see it; neither where no
    configured key opens it."""

    row: WebhookKey
    source: WebhookSource
    url: str
    shown: bool

    @property
    def masked(self) -> str:
        end = "" if self.row.is_unreadable else self.row.secret[-4:]
        return f"/api/webhooks/{self.source.name}/••••{end}/"


@dataclass(slots=True)
class Card:
    """One account. `connected`: it can be called, or has been heard of."""

    integration: Integration
    source: WebhookSource | None
    health: WorkspaceIntegrationHealth | None
    connected: bool
    last_delivery: WebhookDelivery | None = None
    received: list[int] = field(default_factory=lambda: [0] * HOURS)
    paused: list[effects.Effect] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    checks: list[Check] | None = None

    @property
    def state(self) -> str:
        return self.health.state if self.health else HealthState.UNKNOWN

    @property
    def name(self) -> str:
        return wording.known_as(self.integration.provider)

    @property
    def account(self) -> str:
        """Whose account it is, and what the provider calls it."""
        own_id = self.integration.external_account_id
        return ", ".join(filter(None, (self.integration.name, f"account {own_id}" if own_id else "")))

    @property
    def total(self) -> int:
        return sum(self.received)

    @property
    def bars(self) -> list[Bar]:
        most = max(self.received, default=0) or 1
        return [Bar(x, max(1.0, round(10 * n / most, 1))) for x, n in enumerate(self.received) if n]

    @property
    def key_shown(self) -> bool:
        return any(key.shown for key in self.keys)

    @property
    def can_reconnect(self) -> bool:
        return self.health is not None and wording.can_reconnect(self.health)


def of_workspace(workspace: Workspace) -> list[Card]:
    """All accounts of `workspace`: those in use first, each provider's together."""
    rows = list(workspace.integrations.select_related("health", "reply_poll"))
    received = _received(workspace)
    cards = [_card(row, received.get(row.pk, [0] * HOURS)) for row in rows]
    return sorted(cards, key=lambda card: not card.connected)


def of_account(integration: Integration) -> Card:
    """The card of one account."""
    return _card(integration, _received(integration.workspace).get(integration.pk, [0] * HOURS))


def last_delivery(integration: Integration) -> WebhookDelivery | None:
    """The newest event that the provider itself has posted."""
    mine = WebhookDelivery.objects.filter(integration=integration, workspace_id=integration.workspace_id)
    return mine.exclude(event_type=BACKFILL).defer("body", "headers").order_by("-received_at").first()


def _card(integration: Integration, received: list[int]) -> Card:
    health = getattr(integration, "health", None)
    source = registry.address_of(integration.provider)
    newest = last_delivery(integration) if source else None
    down = health is not None and health.is_down
    return Card(
        integration=integration,
        source=source,
        health=health,
        connected=usable(integration) or newest is not None,
        last_delivery=newest,
        received=received,
        paused=effects.effects_of(integration) if down else [],
    )


def _received(workspace: Workspace) -> dict[object, list[int]]:
    """Events of the last 24 hours by integration, one number an hour, oldest first."""
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    begins = hour - timedelta(hours=HOURS - 1)
    counted = (
        WebhookDelivery.objects.filter(workspace=workspace, received_at__gte=begins, replay_of=None)
        .exclude(event_type=BACKFILL)
        .annotate(hour=TruncHour("received_at"))
        .values_list("integration_id", "hour")
        .annotate(count=Count("pk"))
    )
    found: dict[object, Counter[int]] = {}
    for integration_id, at, count in counted:
        found.setdefault(integration_id, Counter())[_slot(begins, at)] += count
    return {key: [hours[slot] for slot in range(HOURS)] for key, hours in found.items()}


def _slot(begins: datetime, at: datetime) -> int:
    return min(HOURS - 1, max(0, int((at - begins).total_seconds() // 3600)))
