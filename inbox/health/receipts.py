"""Writes and reads receipts (DayReceipt). A receipt compares the entries that a provider lists with the stored entries,
for an account, a day and a kind of entry. The receipts show until when a workspace is complete, and what is missing.
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
"""A filter for accounts with a call or event. New workspaces have unused rows, which do not count as accounts."""
DAY = timedelta(days=1)
LOOKED_AT_AGAIN = timedelta(days=3)
"""Each poll reads a day with missing entries again, until the day is this old."""
SLACK = timedelta(minutes=20)
"""The time by which a poll may be late: its tick runs every five minutes, and the compared period ends 15 minutes
before the poll, because a provider may list an entry late (`backfill.OVERLAP`).
"""


FETCHED, HELD, IGNORED = Verdict.ACCEPTED, Verdict.DUPLICATE, Verdict.IGNORED
"""The outcomes of listed entries that are not missing. Any other outcome is the reason why the entry is missing."""


class Tally:
    """Counts the entries of one read of an account's lists, by kind and by day in the workspace's time zone."""

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
        """Whether this read has not counted the id `key` before. New entries shift the pages, so some repeat."""
        if key in self._keys:
            return False
        self._keys |= {key} - {""}
        return True

    def add(self, kind: str, at: datetime | None, outcome: str) -> None:
        """Counts one entry on the day of the time `at`, or on the day of the read if `at` is in the future. If `at` is
        None, a stored entry counts on the day of the read. A missing entry then counts on each compared day, as each
        day may lack it.
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
        """Writes the receipts of the days from `begins` until now, which were compared up to `through`. Does not
        overwrite the receipt of a read that began later.
        """
        first, last = (moment.astimezone(self._zone).date() for moment in (begins, self.asked_at))
        keys = [
            (first + n * DAY, kind)
            for n in range((last - first).days + 1)
            for kind in kinds_of(self.integration.provider)
        ]
        with transaction.atomic():  # without counts, a new receipt would claim that nothing is missing
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
    """Returns the kinds of entries that the provider lists, so that they can be compared."""
    spec = registry.spec_of(provider)
    return [kind for kind in DayReceipt.Kind if getattr(spec, kind)]


def unsettled_since(integration: Integration, through: datetime) -> datetime:
    """Returns the time from which the lists must be read again. It is two polls before `through`, because a list may
    shift while its pages are read, or show an entry late. If an earlier day within LOOKED_AT_AGAIN has missing entries,
    it is the beginning of that day.
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
    """The reason why an account is not complete from `day` on: the number of `missing` entries, or the time `through`
    up to which it was last compared, or the day `until` before which it was not compared. If none of these is set, the
    account was never compared in the period.
    """

    account: str
    day: date
    missing: int = 0
    through: datetime | None = None
    until: date | None = None


@dataclass(frozen=True)
class Completeness:
    """The completeness of a workspace's accounts in a period of days. All entries listed up to `through` are stored,
    except those in `gaps`. `through` is None without a comparable account. `is_down` means that an account is
    disconnected now, or that its provider is down.
    """

    through: datetime | None
    gaps: list[Gap]
    is_down: bool = False

    @property
    def is_troubled(self) -> bool:
        """Whether entries are missing, or a comparison is late. Days before the first comparison do not count."""
        return any(gap.until is None for gap in self.gaps)

    @property
    def label(self) -> str:
        """A text about the completeness for a file. It does not name the gaps."""
        if self.through is None:
            return "can’t be compared"
        begins = max((f"from {gap.until} " for gap in self.gaps if gap.until), default="")
        through = self.through.astimezone(UTC)
        return (
            "not complete" if self.is_troubled else f"complete {begins}through {through:%Y-%m-%d %H:%M} UTC"
        )


def completeness(workspace: Workspace, first: date, last: date) -> Completeness:
    """Returns the workspace's completeness in the days from `first` to `last` in its time zone, by one query."""
    accounts = by_account(workspace, first, last).values()
    ends = [account.through for account in accounts if account.through]
    gaps = [gap for account in accounts for gap in account.gaps]
    return Completeness(min(ends, default=None), gaps, any(account.is_down for account in accounts))


def between(workspace: Workspace, since: datetime, until: datetime) -> Completeness:
    """Returns the workspace's completeness in the days from `since` to `until` (both aware)."""
    zone = ZoneInfo(workspace.timezone)
    return completeness(workspace, since.astimezone(zone).date(), until.astimezone(zone).date())


def by_account(workspace: Workspace, first: date, last: date) -> dict[UUID, Completeness]:
    """Returns, by account id, the completeness of each comparable account that was connected by the day `last`. An
    account that is switched off counts if it was compared in the period or has received something since `first`.
    """
    zone = ZoneInfo(workspace.timezone)
    # The day before `first` is included: for an account without a receipt of today, it shows the last comparison.
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
    """Returns the result of `by_account` for today and the six days before today."""
    today = timezone.now().astimezone(ZoneInfo(workspace.timezone)).date()
    return by_account(workspace, today - 6 * DAY, today)


def is_complete(receipt: DayReceipt, zone: ZoneInfo) -> bool:
    return not receipt.missing and receipt.compared_through >= _begins(receipt.day + DAY, zone)


def _of_account(days: list[Any], first: date, last: date, zone: ZoneInfo) -> Completeness:
    """Returns an account's completeness from `days`, the sums of its receipts by day. Leaves out the days after the
    first day that is not fully compared.
    """
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
