"""Compares the meetings in calendars with those that webhooks reported. This module defines the tick and the jobs of
the calendar check.

The claim of a lead's check sets the time of the lead's next check, even if this check fails. After each failure, the
lead waits longer for its next check and delays no other lead.
"""

import logging
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from inbox.intake.handlers import bookings
from inbox.intake.handlers.bookings import Change, write
from inbox.leads import crm, identity, rollup
from inbox.models import Appointment, BookingCheck, Lead, Workspace
from inbox.models.lead import TOWARDS_A_MEETING
from inbox.workspaces.accounts import connected, required
from integrations import ghl, registry
from integrations.errors import ProviderError, ProviderMisconfigured, ProviderRejected
from integrations.events import Meeting, Person
from integrations.ghl import calendar
from integrations.ghl.client import GhlClient
from integrations.ghl.errors import NOT_FOUND
from integrations.models import Integration
from integrations.spec import stated
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import JobSpec, enqueue_many
from jobs.errors import Cancelled, DeadlineExceeded, ShutdownRequested, Snooze
from jobs.kinds import kind_name

logger = logging.getLogger(__name__)

CHECK = kind_name("bookings.check", __name__)
EVERY = timedelta(hours=2)
PARKED_AT_MOST = timedelta(hours=48)
RECENT = timedelta(days=30)
PER_JOB, PER_TICK = 20, 1_000
STOPPING = (Cancelled, ShutdownRequested, DeadlineExceeded)
KNOWN_SINCE = timedelta(days=30)
"""The calendar is asked for each meeting that a webhook reported, until this long after the meeting's start."""


def tick(deadline: Deadline) -> dict[str, int]:
    """Enqueues checks of up to 1,000 leads that are due; the workspaces take turns.

    Returns the numbers of leads that are checked for the first time (`begun`), of claimed checks (in total, and
    `claimed:` with each workspace's id), and of checks that are due but not claimed (`left`).
    """
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
            own_checks = [check.pk for check in claimed if check.workspace_id == workspace_id]
            counts[f"claimed:{workspace_id}"] = len(own_checks)
            specs += [
                _spec(workspace_id, own_checks[at : at + PER_JOB], now)
                for at in range(0, len(own_checks), PER_JOB)
            ]
        enqueue_many(CHECK, specs)
    counts["claimed"] = len(claimed)
    counts["left"] = _due(now).count() if len(claimed) == PER_TICK else 0
    return dict(counts)


def _with_calendar() -> list[Any]:
    accounts = Integration.objects.filter(
        provider__in=registry.stating("calendar"), enabled=True, workspace__isnull=False
    )
    return sorted(accounts.values_list("workspace_id", flat=True).distinct())


def _begin(workspace_id: UUID) -> int:
    lately = timezone.now() - RECENT
    own_leads = Lead.objects.filter(workspace_id=workspace_id, booking_check=None, sample=False).exclude(
        email="", ghl_contact_id=""
    )
    meetings = Appointment.objects.filter(workspace_id=workspace_id, starts_at__gt=lately)
    # The query is a union, because an OR of the two conditions would read every lead of the workspace.
    towards = own_leads.filter(tag__in=TOWARDS_A_MEETING, last_inbound_at__gt=lately).values_list("pk")
    leads = towards.union(own_leads.filter(pk__in=meetings.values("lead")).values_list("pk"))
    rows = [
        BookingCheck(workspace_id=workspace_id, lead_id=pk, next_at=timezone.now())
        for (pk,) in leads.order_by("pk")[:PER_TICK]
    ]
    BookingCheck.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _due(now: datetime) -> QuerySet[BookingCheck]:
    return BookingCheck.objects.filter(next_at__lte=now, workspace__in=_with_calendar())


def _claim(now: datetime) -> list[BookingCheck]:
    turn = Window(RowNumber(), partition_by=F("workspace_id"), order_by=[F("next_at"), F("pk")])
    waiting = _due(now).annotate(turn=turn)
    ids = list(waiting.order_by("turn", "next_at", "pk").values_list("pk", flat=True)[:PER_TICK])
    locked = BookingCheck.objects.select_for_update(skip_locked=True).filter(pk__in=ids, next_at__lte=now)
    claimed = list(locked.order_by("pk"))
    BookingCheck.objects.filter(pk__in=[check.pk for check in claimed]).update(next_at=now + EVERY)
    return claimed


def _spec(workspace_id: UUID, ids: list[int], now: datetime) -> JobSpec:
    return JobSpec(f"{CHECK}:{ids[0]}:{now.isoformat()}", workspace_id, {"check_ids": ids})


def run(ctx: JobContext) -> dict[str, int]:
    """Runs the job `bookings.check`. Returns the number of leads by outcome. A failure delays only that one lead."""
    counts: Counter[str] = Counter()
    for number, pk in enumerate(ctx.payload["check_ids"]):
        ctx.progress(number, len(ctx.payload["check_ids"]))
        check = BookingCheck.objects.select_related("lead__workspace").filter(pk=pk).first()
        if check is not None and check.workspace_id == ctx.workspace_id:
            counts[_look(check, ctx.deadline)] += 1
    return dict(counts)


def _look(check: BookingCheck, deadline: Deadline) -> str:
    try:
        meetings = [
            read_meetings(account, check.lead, deadline)
            for provider in registry.stating("calendar")
            if (account := connected(check.workspace_id, provider)) is not None
        ]
        changed = sum(apply_meetings(check.lead, listed) for listed in meetings)
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
    """Postpones the next check, longer after each failure. A rate limit or an unreadable secret is not a failure."""
    failures = check.failures + (not isinstance(error, Snooze))
    pause = min(EVERY * 2 ** min(failures, 8), PARKED_AT_MOST)
    words = str(error) if isinstance(error, (ProviderError, ProviderMisconfigured)) else type(error).__name__
    BookingCheck.objects.filter(pk=check.pk).update(
        failures=failures, last_error=words[:200], next_at=timezone.now() + pause
    )


def read_meetings(account: Integration, lead: Lead, deadline: Deadline) -> list[Meeting]:
    """Requests the meetings of `lead` from the calendar `account`. If GoHighLevel has deleted the lead's contact, looks
    up another contact and stores its id; returns an empty list if there is none. Raises the errors of the provider's
    client.
    """
    spec = registry.spec_of(account.provider)
    calendar = stated(spec.calendar)
    appointments = Appointment.objects.filter(
        lead=lead, provider=account.provider, starts_at__gt=timezone.now() - KNOWN_SINCE
    )
    event_uris = dict(appointments.exclude(event_uri="").values_list("external_id", "event_uri"))
    drop_connection()
    try:
        return calendar.meetings(account, identity.person_of(lead), event_uris, deadline)
    except ProviderRejected as error:
        if error.code != NOT_FOUND or not spec.contacts or not lead.ghl_contact_id:
            raise
        refused, client = lead.ghl_contact_id, spec.contacts(account)
        contact = crm.find(client, lead, deadline)
        if lead.ghl_contact_id == refused:
            raise
    if contact is None:
        return []
    crm.attach(lead, contact)
    drop_connection()
    person = replace(identity.person_of(lead), ghl_contact_id=contact.id)
    return calendar.meetings(account, person, event_uris, deadline)


def apply_meetings(lead: Lead, listed: list[Meeting]) -> int:
    """Stores the listed meetings of `lead` in one transaction. Returns the number of new or changed meetings."""
    with rollup.holding(lead) as locked:
        changes = [write(locked, meeting) for meeting in listed]
        changed = [change for change in changes if change in (Change.NEW, Change.CHANGED)]
        if changed:
            bookings.settle(locked, moved=Change.NEW not in changed)
    return len(changed)


def identify_contact(ctx: JobContext) -> dict[str, object]:
    """Runs the job `bookings.who`: finds the lead of a GoHighLevel contact that booked a meeting, and stores its
    meetings. Returns the outcome as a text and, if a lead was found, the number of changed meetings.

    Raises ProviderMisconfigured if GoHighLevel is not connected.
    """
    workspace = Workspace.objects.get(pk=ctx.workspace_id)
    client = GhlClient.for_integration(required(workspace.pk, ghl.NAME))
    contact_id = ctx.payload["contact_id"]
    drop_connection()
    try:
        contact = client.contact(contact_id, ctx.deadline)
        meetings = calendar.of_contact(client, contact_id, ctx.deadline)
    except ProviderRejected as error:
        if error.code != NOT_FOUND:
            raise
        return {"outcome": "GoHighLevel no longer has this contact"}
    person = Person(email=contact.email, phone=contact.phone)
    identities = identity.identities_of(workspace, person)
    if not identities:
        return {"outcome": "no address or number"}
    with transaction.atomic():
        match = identity.find(workspace, person, ghl.NAME)
        if match is None:
            return {"outcome": "not one of our leads"}
        outcome = identity.keep_contact(match.lead, contact_id, identities.get("phone", ""), ghl.NAME)
    return {"outcome": "found", "contact": outcome, "changed": apply_meetings(match.lead, meetings)}
