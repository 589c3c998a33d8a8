"""The shadow report: what would have gone out by itself, and what people did with it instead. Auto is unlocked by it.

Only drafts that passed every gate count, and of these only what a person decided: a draft that a newer reply closed
says nothing about its quality.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q
from django.utils import timezone

from inbox.models import Campaign, Draft, GateResult, Workspace

DAYS = 28
UNLOCK_DECIDED = 20
UNLOCK_UNCHANGED = 0.9

DECIDED_BY_PERSON = Q(decided_by__isnull=False)
OUT = Q(status__in=[Draft.Status.APPROVED, Draft.Status.SENT])


@dataclass(frozen=True, slots=True)
class Row:
    """One campaign (None: replies without one). `judged` drafts, of which `would_send` passed every gate."""

    campaign: Campaign | None
    judged: int
    would_send: int
    unchanged: int
    edited: int
    dropped: int
    by_itself: int
    waiting: int

    @property
    def decided(self) -> int:
        """How many of those that would have gone out a person decided."""
        return self.unchanged + self.edited + self.dropped

    @property
    def share_unchanged(self) -> float:
        return self.unchanged / self.decided if self.decided else 0.0

    @property
    def unlocked(self) -> bool:
        """Whether people's decisions bear out sending without them."""
        return self.decided >= UNLOCK_DECIDED and self.share_unchanged >= UNLOCK_UNCHANGED

    @property
    def missing(self) -> str:
        """What is still missing for auto, as a sentence; "" where nothing is."""
        if self.decided < UNLOCK_DECIDED:
            return (
                f"{UNLOCK_DECIDED - self.decided} more reviewed drafts that would have gone out are needed."
            )
        if not self.unlocked:
            return f"{self.share_unchanged:.0%} were sent unchanged; {UNLOCK_UNCHANGED:.0%} are needed."
        return ""


def report(workspace: Workspace, since: datetime | None = None) -> list[Row]:
    """One row per campaign with judged drafts since `since` (default: DAYS days), most drafts first."""
    passed = Q(would_send=True)
    counts = (
        _judged(workspace, since)
        .values(campaign=F("trigger_message__campaign"))
        .annotate(
            judged=Count("pk"),
            would_send_n=Count("pk", filter=passed),
            unchanged=Count("pk", filter=passed & OUT & DECIDED_BY_PERSON & Q(text=F("generated_text"))),
            edited=Count("pk", filter=passed & OUT & DECIDED_BY_PERSON & ~Q(text=F("generated_text"))),
            dropped=Count("pk", filter=passed & Q(status=Draft.Status.REJECTED) & DECIDED_BY_PERSON),
            by_itself=Count("pk", filter=passed & OUT & ~DECIDED_BY_PERSON),
            waiting=Count("pk", filter=passed & Q(status=Draft.Status.PENDING)),
        )
        .order_by("-judged")
    )
    campaigns = Campaign.objects.in_bulk([row["campaign"] for row in counts if row["campaign"]])
    return [
        Row(campaigns.get(row.pop("campaign")), would_send=row.pop("would_send_n"), **row) for row in counts
    ]


def row_of(workspace: Workspace, campaign: Campaign | None) -> Row:
    """The row that a policy is unlocked by: the campaign's, or all of the workspace's together."""
    rows = report(workspace)
    if campaign is not None:
        return next((row for row in rows if row.campaign == campaign), Row(campaign, 0, 0, 0, 0, 0, 0, 0))
    names = ("judged", "would_send", "unchanged", "edited", "dropped", "by_itself", "waiting")
    return Row(None, **{name: sum(getattr(row, name) for row in rows) for name in names})


def held_by(workspace: Workspace, since: datetime | None = None) -> list[tuple[str, int]]:
    """Which gates held drafts back, and how many each, most first."""
    results = GateResult.objects.filter(
        workspace=workspace, stage=GateResult.Stage.DRAFT, passed=False, draft__in=_judged(workspace, since)
    )
    return list(results.values_list("gate").annotate(n=Count("pk")).order_by("-n", "gate"))


def _judged(workspace: Workspace, since: datetime | None):
    since = since or timezone.now() - timedelta(days=DAYS)
    return Draft.objects.filter(workspace=workspace, would_send__isnull=False, created_at__gte=since)
