"""Receipts (DayReceipt) compare what a provider lists with what is stored, for each day and kind of an account. From
them follows until when a workspace is complete, and which entries are missing.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, F, FilteredRelation, Min, Q, Sum
from django.utils import timezone

from inbox.health.uptime import DOWN
from inbox.models import WebhookDelivery, Workspace
from inbox.workspaces.accounts import name_of
from integrations import registry
from integrations.models import DayReceipt, Integration
from integrations.spec import stated

Verdict = WebhookDelivery.Verdict
USED = Q(
    Q(health__last_success_at__isnull=False)
    | Q(health__last_failure_at__isnull=False)
    | Q(health__last_received_at__isnull=False)
)
"""Each workspace has a row for every provider from the start. It counts as an account after its first call or event."""
DAY = timedelta(days=1)
LOOKED_AT_AGAIN = timedelta(days=3)
"""A day with missing entries is read again at each poll for this long."""
SLACK = timedelta(minutes=20)
"""A poll may be this late: a tick runs every five minutes, and an entry that a provider lists late is left to the next
poll.
"""


FETCHED, HELD, IGNORED = Verdict.ACCEPTED, Verdict.DUPLICATE, Verdict.IGNORED
"""The outcome of an entry of a list. Any other text is the reason why the entry is missing."""


class Tally:
    """Counts the entries of one read of an account's lists, by day of the workspace's time zone and kind."""

    def __init__(self, integration: Integration, asked_at: datetime) -> None:
        self.integration = integration
        self.asked_at = asked_at
        self.read = 0
        self._zone = ZoneInfo(integration.workspace.timezone)
        self._outcomes: dict[tuple[date | None, str], Counter[str]] = defaultdict(Counter)
        self._keys: set[str] = set()

    def day_begins(self, moment: datetime) -> datetime:
        return _begins(moment.astimezone(self._zone).date(), self._zone)

    def is_first(self, key: str) -> bool:
        """Whether this read has not yet counted the id. Pages shift when something new is listed meanwhile."""
        if key in self._keys:
            return False
        self._keys |= {key} - {""}
        return True

    def add(self, kind: str, at: datetime | None, outcome: str) -> None:
        """Counts one entry of the time `at`, on the day of the read if `at` is still to come. Without a time, a stored
        entry counts on the day of the read, and a missing one on each day that is read: any of them may lack it.
        """
        self.read += 1
        dated = at is not None or outcome == HELD
        at = min(at or self.asked_at, self.asked_at)
        day = at.astimezone(self._zone).date() if dated else None
        self._outcomes[day, kind][outcome] += 1

    @property
    def new(self) -> int:
        return sum(outcomes[FETCHED] for outcomes in self._outcomes.values())

    @property
    def missing(self) -> int:
        return sum(_missing(outcomes).total() for outcomes in self._outcomes.values())

    def write(self, begins: datetime, through: datetime) -> None:
        """Writes the receipts of the days from `begins` until now, compared up to `through`. A tally does not overwrite
        the receipt of a read that began later.
        """
        first, last = (moment.astimezone(self._zone).date() for moment in (begins, self.asked_at))
        keys = [
            (first + n * DAY, kind)
            for n in range((last - first).days + 1)
            for kind in kinds_of(self.integration.provider)
        ]
        with transaction.atomic():  # a new row without its counts would claim that nothing is missing
            DayReceipt.objects.bulk_create(
                [
                    DayReceipt(integration=self.integration, day=day, kind=kind, compared_through=through)
                    for day, kind in keys
                ],
                ignore_conflicts=True,
            )
            for day, kind in keys:
                self._update(day, kind, through)

    def _update(self, day: date, kind: str, through: datetime) -> None:
        outcomes = self._outcomes[day, kind] + self._outcomes[None, kind]
        reasons, new = _missing(outcomes), outcomes[FETCHED]
        receipt = DayReceipt.objects.filter(integration=self.integration, day=day, kind=kind)
        receipt.update(fetched=F("fetched") + new)
        receipt.filter(compared_through__lte=through).update(
            listed=outcomes.total(),
            held=outcomes[HELD] + new,
            ignored=outcomes[IGNORED],
            missing=reasons.total(),
            reasons=dict(reasons),
            compared_through=through,
        )


def _missing(outcomes: Counter[str]) -> Counter[str]:
    return Counter(
        {reason: count for reason, count in outcomes.items() if reason not in (FETCHED, HELD, IGNORED)}
    )


def _begins(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def kinds_of(provider: str) -> list[DayReceipt.Kind]:
    """The kinds of entries that the provider lists, and that can therefore be compared."""
    spec = registry.spec_of(provider)
    return [kind for kind in DayReceipt.Kind if getattr(spec, kind)]


def unsettled_since(integration: Integration, through: datetime) -> datetime:
    """The time from which the lists must be read again: two polls before `through`, because a list may shift while its
    pages are read, or show an entry late. Or the start of an earlier day with missing entries that is within
    LOOKED_AT_AGAIN.
    """
    zone = ZoneInfo(integration.workspace.timezone)
    earlier = through - 2 * stated(registry.spec_of(integration.provider).poll_every)
    through = max(earlier, min(through, integration.created_at))
    oldest = (timezone.now() - LOOKED_AT_AGAIN).astimezone(zone).date()
    missing = DayReceipt.objects.filter(integration=integration, day__gte=oldest, missing__gt=0)
    day = missing.aggregate(day=Min("day"))["day"]
    return min(through, _begins(day, zone)) if day else through


@dataclass(frozen=True)
class Gap:
    """Why an account is not complete from `day` on: `missing` entries, or it was last compared up to `through`, or it
    was not compared before the day `until`. Without any of these causes, the account was not compared in the period at
    all.
    """

    account: str
    day: date
    missing: int = 0
    through: datetime | None = None
    until: date | None = None


@dataclass(frozen=True)
class Completeness:
    """The time up to which all listed entries of a workspace's accounts were compared and are stored, in a period of
    days. `through`: None without a comparable account. With `gaps`, it holds for the other accounts. `is_down`: an
    account is disconnected now, or its provider is down.
    """

    through: datetime | None
    gaps: list[Gap]
    is_down: bool = False

    @property
    def is_troubled(self) -> bool:
        """Whether entries are missing or late. Earlier days without a comparison are no trouble."""
        return any(gap.until is None for gap in self.gaps)

    @property
    def label(self) -> str:
        """The label for a file, without the reasons."""
        if self.through is None:
            return "can’t be compared"
        begins = max((f"from {gap.until} " for gap in self.gaps if gap.until), default="")
        through = self.through.astimezone(UTC)
        return (
            "not complete" if self.is_troubled else f"complete {begins}through {through:%Y-%m-%d %H:%M} UTC"
        )


def completeness(workspace: Workspace, first: date, last: date) -> Completeness:
    """The completeness from `first` to `last`, days in the workspace's time zone, computed by one query."""
    accounts = by_account(workspace, first, last).values()
    ends = [account.through for account in accounts if account.through]
    gaps = [gap for account in accounts for gap in account.gaps]
    return Completeness(min(ends, default=None), gaps, any(account.is_down for account in accounts))


def between(workspace: Workspace, since: datetime, until: datetime) -> Completeness:
    """The `completeness` of the days from `since` to `until` (aware)."""
    zone = ZoneInfo(workspace.timezone)
    return completeness(workspace, since.astimezone(zone).date(), until.astimezone(zone).date())


def by_account(workspace: Workspace, first: date, last: date) -> dict[UUID, Completeness]:
    """The completeness of each comparable account that was connected by the day `last`, by account id. An account that
    is switched off counts if it was compared or received something in the period.
    """
    zone = ZoneInfo(workspace.timezone)
    # For an account without a receipt of today, the previous day shows up to when it was compared.
    span = FilteredRelation("receipts", condition=Q(receipts__day__range=(first - DAY, last)))
    counts = Q(enabled=True) | Q(receipt__isnull=False)
    counts |= Q(health__last_received_at__gte=_begins(first, zone))
    rows = (
        Integration.objects.filter(USED, workspace=workspace)
        .filter(provider__in=registry.stating("poll_every"))
        .annotate(receipt=span)
        .filter(counts)
        .annotate(day=F("receipt__day"), kinds=Count("receipt__pk"))
        .annotate(through=Min("receipt__compared_through"), missing=Sum("receipt__missing"))
        .values("pk", "provider", "name", "created_at", "day", "kinds", "through", "missing", "health__state")
        .order_by("provider", "pk", "day")
    )
    accounts = {}
    for pk, days in groupby(rows, key=lambda row: row["pk"]):
        account = list(days)
        connected_on = account[0]["created_at"].astimezone(zone).date()
        if connected_on <= last:
            accounts[pk] = _of_account(account, max(first, connected_on), last, zone)
    return accounts


def lately(workspace: Workspace) -> dict[UUID, Completeness]:
    """The result of `by_account` for today and the six days before."""
    today = timezone.now().astimezone(ZoneInfo(workspace.timezone)).date()
    return by_account(workspace, today - 6 * DAY, today)


def is_complete(receipt: DayReceipt, zone: ZoneInfo) -> bool:
    return not receipt.missing and receipt.compared_through >= _begins(receipt.day + DAY, zone)


def _of_account(days: list[Any], first: date, last: date, zone: ZoneInfo) -> Completeness:
    """Follows an account's days, each with the sums of its receipts, up to the first day that is not fully compared."""
    account = Integration(provider=days[0]["provider"], name=days[0]["name"])
    label, expected = name_of(account), len(kinds_of(account.provider))
    late = timezone.now() - 2 * stated(registry.spec_of(account.provider).poll_every) - SLACK
    by_day = {row["day"]: row for row in days if row["kinds"] == expected}
    is_down = days[0]["health__state"] in DOWN
    through, day = days[0]["created_at"], min(by_day, default=first)
    if not by_day:
        return Completeness(through, [Gap(label, first)] if through < late else [], is_down)
    gaps = [Gap(label, first, until=day)] if day > first else []
    while day <= last:
        row, ends = by_day.get(day), _begins(day + DAY, zone)
        if row and row["missing"] and day >= first:
            gaps.append(Gap(label, day, missing=row["missing"]))
        through = max(through, min(row["through"], ends)) if row else through
        if row is None or row["through"] < ends:
            if through < late:
                gaps.append(Gap(label, day, through=through))
            break
        day += DAY
    return Completeness(through, gaps, is_down)
