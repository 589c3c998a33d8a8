"""The tick `appointment-reconcile`: what the calendar lists is compared with what its webhooks have told us.

Each lead has a time of the next look, which moves on when the look is claimed, whatever comes of it: a lead whose look
fails is parked, ever longer, and holds up nobody. One job looks at a few leads of one workspace.
"""

import logging
from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from inbox.accounts import connected
from inbox.bookings import listing
from inbox.models import Appointment, BookingCheck, Lead
from inbox.models.lead import Tag
from integrations import registry
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.models import Integration
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import JobSpec, enqueue_many
from jobs.errors import Cancelled, DeadlineExceeded, ShutdownRequested, Snooze
from jobs.registry import kind_name

logger = logging.getLogger(__name__)

CHECK = kind_name("bookings.check", __name__)
EVERY = timedelta(hours=2)
PARKED_AT_MOST = timedelta(hours=48)
RECENT = timedelta(days=30)
PER_JOB, PER_TICK = 20, 1_000
STOPPING = (Cancelled, ShutdownRequested, DeadlineExceeded)
TOWARDS_A_MEETING = (Tag.MEETING_REQUESTED, Tag.CALL_REQUESTED, Tag.INTERESTED, Tag.MEETING_BOOKED)


def tick(deadline: Deadline) -> dict[str, int]:
    """Claim the leads whose look is due, workspaces in turn, and enqueue a job for every few of one workspace."""
    counts: Counter[str] = Counter()
    for workspace_id in _with_calendar():
        if deadline.expired:
            break
        counts["begun"] += _begin(workspace_id)
    now = timezone.now()
    with transaction.atomic():
        claimed = _claim(now)
        specs = []
        for workspace_id in sorted({check.workspace_id for check in claimed}):
            mine = [check.pk for check in claimed if check.workspace_id == workspace_id]
            counts[f"claimed:{workspace_id}"] = len(mine)
            specs += [
                _spec(workspace_id, mine[at : at + PER_JOB], now) for at in range(0, len(mine), PER_JOB)
            ]
        enqueue_many(CHECK, specs)
    counts["claimed"] = len(claimed)
    return dict(counts)


def _with_calendar() -> list:
    accounts = Integration.objects.filter(
        provider__in=registry.stating("calendar"), enabled=True, workspace__isnull=False
    )
    return sorted(accounts.values_list("workspace_id", flat=True).distinct())


def _begin(workspace_id) -> int:
    """A first look for leads that move towards a meeting, or that have one."""
    lately = timezone.now() - RECENT
    meetings = Appointment.objects.filter(lead=OuterRef("pk"), starts_at__gt=lately)
    leads = Lead.objects.filter(
        Q(tag__in=TOWARDS_A_MEETING, last_inbound_at__gt=lately) | Exists(meetings),
        workspace_id=workspace_id,
        booking_check=None,
    ).exclude(email="", ghl_contact_id="")
    rows = [
        BookingCheck(workspace_id=workspace_id, lead_id=pk, next_at=timezone.now())
        for pk in leads.order_by("pk").values_list("pk", flat=True)[:PER_TICK]
    ]
    BookingCheck.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _claim(now: datetime) -> list[BookingCheck]:
    """The checks that are due, now put off to the next time."""
    turn = Window(RowNumber(), partition_by=F("workspace_id"), order_by=[F("next_at"), F("pk")])
    due = BookingCheck.objects.filter(
        next_at__lte=now,
        workspace__integrations__provider__in=registry.stating("calendar"),
        workspace__integrations__enabled=True,
    ).distinct()
    ids = BookingCheck.objects.filter(pk__in=due.values("pk")).annotate(turn=turn)
    ids = list(ids.order_by("turn", "next_at", "pk").values_list("pk", flat=True)[:PER_TICK])
    locked = BookingCheck.objects.select_for_update(skip_locked=True).filter(pk__in=ids, next_at__lte=now)
    claimed = list(locked.order_by("pk"))
    BookingCheck.objects.filter(pk__in=[check.pk for check in claimed]).update(next_at=now + EVERY)
    return claimed


def _spec(workspace_id, ids: list[int], now: datetime) -> JobSpec:
    return JobSpec(
        dedupe_key=f"{CHECK}:{ids[0]}:{now.isoformat()}",
        workspace_id=workspace_id,
        payload={"check_ids": ids},
    )


def run(ctx: JobContext) -> dict[str, int]:
    """The job `bookings.check`: look at each of its leads; a provider's failure parks that lead alone."""
    counts: Counter[str] = Counter()
    for number, pk in enumerate(ctx.payload["check_ids"]):
        ctx.progress(number, len(ctx.payload["check_ids"]))
        check = BookingCheck.objects.select_related("lead__workspace").filter(pk=pk).first()
        if check is not None and check.workspace_id == ctx.workspace_id:
            counts[_look(check, ctx.deadline)] += 1
    return dict(counts)


def _look(check: BookingCheck, deadline: Deadline) -> str:
    try:
        found = [
            listing.read(account, check.lead, deadline)
            for provider in registry.stating("calendar")
            if (account := connected(check.workspace_id, provider)) is not None
        ]
        changed = sum(listing.apply(check.lead, listed) for listed in found)
    except STOPPING:
        raise
    except (ProviderError, ProviderMisconfigured) as error:
        _park(check, error)
        return "parked"
    except Exception as error:
        logger.exception("booking check failed", extra={"lead_id": str(check.lead_id)})
        _park(check, error)
        return "errors"
    BookingCheck.objects.filter(pk=check.pk).update(
        checked_at=timezone.now(), failures=0, last_error="", next_at=timezone.now() + EVERY
    )
    return "changed" if changed else "same"


def _park(check: BookingCheck, error: Exception) -> None:
    """Later, and ever later; a rate limit or secrets that cannot be read are no failure of the lead's."""
    failures = check.failures + (not isinstance(error, Snooze))
    pause = min(EVERY * 2 ** min(failures, 8), PARKED_AT_MOST)
    words = str(error) if isinstance(error, (ProviderError, ProviderMisconfigured)) else type(error).__name__
    BookingCheck.objects.filter(pk=check.pk).update(
        failures=failures, last_error=words[:200], next_at=timezone.now() + pause
    )
