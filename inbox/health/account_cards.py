"""Builds the cards of the integrations page, one for each connected account, from the database alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import TruncHour
from django.utils import timezone

from inbox.health import mailbox_rates, receipts, sentences
from inbox.models import WebhookDelivery, Workspace
from inbox.workspaces import account_effects
from inbox.workspaces.accounts import known_as, usable
from integrations import registry
from integrations.events import BACKFILL
from integrations.health.checks import Check
from integrations.models import TROUBLED, HealthState, Integration, WebhookKey, WorkspaceIntegrationHealth
from integrations.spec import WebhookSource

HOURS = 24


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar in the chart of the last 24 hours: `x` is the hour (0 to 23, oldest first), `height` is 1 to 10."""

    x: int
    height: float

    @property
    def y(self) -> float:
        return 10 - self.height


LIGHT = WebhookDelivery.objects.defer("body", "headers")


@dataclass(frozen=True, slots=True)
class Key:
    """A webhook key for pages of admins. These pages show only the key's end, or the whole `url` if an admin requested
    it, and nothing of a key that cannot be decrypted.
    """

    row: WebhookKey
    source: WebhookSource
    url: str = ""

    @property
    def shown(self) -> bool:
        return bool(self.url)

    @property
    def masked(self) -> str:
        end = "" if self.row.is_unreadable else self.row.secret[-4:]
        return f"/api/webhooks/{self.source.name}/••••{end}/"


@dataclass(slots=True)
class AccountCard:
    """An account on the page of accounts. `connected` means that we can call it, or that it has sent a webhook."""

    integration: Integration
    source: WebhookSource | None
    health: WorkspaceIntegrationHealth | None
    connected: bool
    last_delivery: WebhookDelivery | None = None
    received: list[int] = field(default_factory=lambda: [0] * HOURS)
    paused: list[str] = field(default_factory=list)
    completeness: receipts.Completeness | None = None
    keys: list[Key] = field(default_factory=list)
    checks: list[Check] | None = None

    @property
    def state(self) -> str:
        return self.health.state if self.health else HealthState.UNKNOWN

    @property
    def rank(self) -> tuple[bool, int, bool]:
        """The sort key of the cards: accounts in the worst state come first, accounts without a connection last."""
        troubled = self.integration.enabled and self.state in TROUBLED
        place = TROUBLED.index(self.state) if troubled else len(TROUBLED)
        return not self.connected, place, not self.alarms

    @property
    def name(self) -> str:
        return known_as(self.integration.provider)

    @property
    def account(self) -> str:
        own_id = self.integration.external_account_id
        return ", ".join(filter(None, (self.integration.name, f"account {own_id}" if own_id else "")))

    @property
    def has_settings(self) -> bool:
        """Whether a workspace can change the account's settings. An account with the installation's key has none."""
        return registry.spec_of(self.integration.provider).is_connected_here

    @property
    def total(self) -> int:
        return sum(self.received)

    @property
    def bars(self) -> list[Bar]:
        most = max(self.received, default=0) or 1
        return [Bar(x, max(1.0, round(10 * n / most, 1))) for x, n in enumerate(self.received) if n]

    @property
    def alarms(self) -> list[str]:
        return [
            mailbox_rates.sentence(alarm) for alarm in self.integration.mailbox_alarms.all() if alarm.is_on
        ]

    @property
    def key_shown(self) -> bool:
        return any(key.shown for key in self.keys)

    @property
    def can_reconnect(self) -> bool:
        return self.health is not None and sentences.can_reconnect(self.health)


def of_workspace(workspace: Workspace) -> list[AccountCard]:
    newest = _deliveries(OuterRef("pk"), OuterRef("workspace_id")).values("pk")[:1]
    usable_keys = Prefetch("webhook_keys", WebhookKey.objects.usable(), to_attr="usable_keys")
    accounts = workspace.integrations.select_related("health", "reply_poll").prefetch_related(
        usable_keys, "mailbox_alarms"
    )
    rows = [
        row
        for row in accounts.annotate(newest_id=Subquery(newest))
        if registry.spec_of(row.provider).is_connected_here or usable(row)
    ]
    deliveries = LIGHT.in_bulk(row.newest_id for row in rows if row.newest_id)
    cards = _cards(workspace, [(row, deliveries.get(row.newest_id)) for row in rows])
    return sorted(cards, key=lambda card: card.rank)


def of_account(integration: Integration) -> AccountCard:
    return _cards(integration.workspace, [(integration, last_delivery(integration))])[0]


def last_delivery(integration: Integration) -> WebhookDelivery | None:
    """Returns the account's newest webhook request; None without one. Fetched messages (BACKFILL) do not count."""
    return _deliveries(integration.pk, integration.workspace_id).first()


def _deliveries(integration_id: Any, workspace_id: Any) -> QuerySet[WebhookDelivery]:
    rows = LIGHT.filter(integration=integration_id, workspace_id=workspace_id)
    return rows.exclude(event_type=BACKFILL).order_by("-received_at")


def _cards(
    workspace: Workspace, rows: Sequence[tuple[Integration, WebhookDelivery | None]]
) -> list[AccountCard]:
    received, compared = _received(workspace), receipts.lately(workspace)
    broken = [
        row for row, _ in rows if (health := getattr(row, "health", None)) is not None and health.is_down
    ]
    paused = account_effects.effects_of_each(broken)
    cards = []
    for integration, newest in rows:
        source = registry.address_of(integration.provider)
        newest = newest if source else None
        cards.append(
            AccountCard(
                integration=integration,
                source=source,
                health=getattr(integration, "health", None),
                connected=usable(integration) or newest is not None,
                last_delivery=newest,
                received=received.get(integration.pk, [0] * HOURS),
                paused=paused.get(integration.pk, []),
                completeness=compared.get(integration.pk),
            )
        )
    return cards


def _received(workspace: Workspace) -> dict[object, list[int]]:
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    begins = hour - timedelta(hours=HOURS - 1)
    counted = (
        WebhookDelivery.objects.filter(workspace=workspace, received_at__gte=begins, replay_of=None)
        .exclude(event_type=BACKFILL)
        .annotate(hour=TruncHour("received_at"))
        .values_list("integration_id", "hour")
        .annotate(count=Count("pk"))
    )
    by_integration: dict[object, Counter[int]] = {}
    for integration_id, at, count in counted:
        slot = int((at - begins).total_seconds() // 3600)
        by_integration.setdefault(integration_id, Counter())[min(HOURS - 1, max(0, slot))] += count
    return {key: [hours[slot] for slot in range(HOURS)] for key, hours in by_integration.items()}
