"""Reports what people did with drafts that would have gone out automatically. If they sent most of them unchanged,
automatic answers can be switched on. Only drafts that passed every gate and that a person decided count.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Replace, Trim
from django.utils import timezone

from inbox.models import Campaign, Draft, GateResult, Lead, OutboundSend, Workspace

DAYS = 28
UNLOCK_DECIDED = 20
UNLOCK_UNCHANGED = 0.9

DECIDED_BY_PERSON = Q(decided_by__isnull=False)
OUT = Q(status__in=[Draft.Status.APPROVED, Draft.Status.SENT], failed=False)
WAITING = Q(status=Draft.Status.PENDING) | Q(failed=True)


@dataclass(frozen=True, slots=True)
class Row:
    """The counts of the drafts of a campaign, or of those without a campaign (None). Of the `judged` drafts,
    `would_send` passed every gate. The fields after it count what became of those that passed. A draft whose send
    failed counts as waiting.
    """

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
        return self.unchanged + self.edited + self.dropped

    @property
    def share_unchanged(self) -> float:
        return self.unchanged / self.decided if self.decided else 0.0

    @property
    def unlocked(self) -> bool:
        """Whether people decided UNLOCK_DECIDED drafts or more and sent at least UNLOCK_UNCHANGED of them unchanged."""
        return self.decided >= UNLOCK_DECIDED and self.share_unchanged >= UNLOCK_UNCHANGED

    @property
    def missing(self) -> str:
        """A sentence about the condition that automatic answers do not meet yet; "" if they are unlocked."""
        if self.decided < UNLOCK_DECIDED:
            return (
                f"Auto unlocks after {UNLOCK_DECIDED - self.decided} more reviews of drafts that passed every check, "
                f"as long as {UNLOCK_UNCHANGED:.0%} are sent unchanged."
            )
        if not self.unlocked:
            return f"{self.share_unchanged:.0%} were sent unchanged. Auto unlocks at {UNLOCK_UNCHANGED:.0%}."
        return ""


def report(workspace: Workspace) -> list[Row]:
    """Returns the counts of the last DAYS days by campaign, the one with most drafts first. Samples do not count."""
    passed = Q(would_send=True)
    failed = OutboundSend.objects.filter(
        workspace=workspace, draft=OuterRef("pk"), part=0, state=OutboundSend.State.FAILED
    )
    counts = (
        _judged(workspace)
        .alias(failed=Exists(failed), said=_lines("text"), generated=_lines("generated_text"))
        .values(campaign=F("trigger_message__campaign"))
        .annotate(
            judged=Count("pk"),
            would_send_n=Count("pk", filter=passed),
            unchanged=Count("pk", filter=passed & OUT & DECIDED_BY_PERSON & Q(said=F("generated"))),
            edited=Count("pk", filter=passed & OUT & DECIDED_BY_PERSON & ~Q(said=F("generated"))),
            dropped=Count("pk", filter=passed & Q(status=Draft.Status.REJECTED) & DECIDED_BY_PERSON),
            by_itself=Count("pk", filter=passed & OUT & ~DECIDED_BY_PERSON),
            waiting=Count("pk", filter=passed & WAITING),
        )
        .order_by("-judged")
    )
    rows: list[dict[str, Any]] = [{**row} for row in counts]
    campaigns = Campaign.objects.in_bulk([row["campaign"] for row in rows if row["campaign"]])
    return [
        Row(campaigns.get(row.pop("campaign")), would_send=row.pop("would_send_n"), **row) for row in rows
    ]


def row_of(workspace: Workspace, campaign: Campaign | None) -> Row:
    """Returns the counts of the last DAYS days of `campaign`; if it is None, those of the whole workspace."""
    rows = report(workspace)
    if campaign is not None:
        return next((row for row in rows if row.campaign == campaign), Row(campaign, 0, 0, 0, 0, 0, 0, 0))
    return total(rows)


def total(rows: list[Row]) -> Row:
    names = ("judged", "would_send", "unchanged", "edited", "dropped", "by_itself", "waiting")
    return Row(None, **{name: sum(getattr(row, name) for row in rows) for name in names})


def held_by(workspace: Workspace) -> list[tuple[str, int]]:
    """Returns the gates that held drafts of the last DAYS days, each with the number of drafts, the highest first."""
    results = GateResult.objects.filter(
        workspace=workspace,
        stage=GateResult.Stage.DRAFT,
        passed=False,
        decided_at__gte=_since(),
        draft__in=_judged(workspace),
    )
    return list(results.values_list("gate").annotate(n=Count("*")).order_by("-n", "gate"))


def _lines(column: str) -> Trim:
    """Returns an SQL expression for the text in `column` with "\\n" at the end of lines, as forms now store it."""
    return Trim(Replace(column, Value("\r\n"), Value("\n"), output_field=TextField()))


def _judged(workspace: Workspace) -> QuerySet[Draft]:
    judged = Draft.objects.filter(workspace=workspace, would_send__isnull=False, created_at__gte=_since())
    # `lead__sample=False` would join the lead of each draft. The subquery reads the few samples from an index.
    return judged.exclude(lead__in=Lead.objects.filter(workspace=workspace, sample=True))


def _since() -> datetime:
    return timezone.now() - timedelta(days=DAYS)
