"""Applies bookings, moves and cancellations of meetings. The calendar's events may arrive in any order.

A Calendly event reports one change of an invitee. A GoHighLevel event reports the whole state of an appointment
(`as_of`). The appointment's row stores the facts, from which the status and the lead's columns are derived.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import partial

from django.utils import timezone

from inbox.intake.receipt import DeliveryVerdict, IntakeResult, Received
from inbox.leads import identity, rollup
from inbox.models import Appointment, Lead
from inbox.signals import lead_booked
from inbox.workspaces.accounts import connected
from integrations.events import BookingEvent, Meeting
from jobs.enqueue import enqueue
from jobs.kinds import kind_name

Status = Appointment.Status
ORDER = (Status.BOOKED, Status.NO_SHOW, Status.CANCELLED)
"""If two states of a meeting have the same time, the later one in this tuple counts. No ended meeting begins again."""
WHO_BOOKED = kind_name("bookings.who", __name__)


def stated_by(event: BookingEvent) -> Meeting:
    """Returns the `Meeting` of a GoHighLevel webhook, which always holds the whole state of an appointment."""
    return Meeting(
        event.provider,
        event.invitee_uri,
        event.status,
        event.appointment_uri,
        event.event_type_uri,
        event.starts_at,
        event.ends_at,
        event.occurred_at,
        event.as_of,
    )


class Change(StrEnum):
    """The change that `write` has made. NEW: the meeting takes place and was not booked before. CHANGED: its status or
    start has changed. STALE: a newer state is stored. ANOTHERS: the appointment belongs to another lead. The last two
    save nothing.
    """

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    STALE = "stale"
    ANOTHERS = "another lead's"


def hear(event: BookingEvent, row_of: Callable[[str], Appointment]) -> list[Appointment]:
    """Applies a Calendly event to the invitee's appointment, and to the appointment that the booking replaces.

    `row_of(uri)` returns the appointment of an invitee. Returns the changed rows, which the caller saves. Returns [] if
    a newer event about the invitee's absence is stored.
    """
    row = row_of(event.invitee_uri)
    if event.status in ("no_show", "came"):
        # Somebody marked the invitee as absent, or removed the mark. Of two events about a meeting, the later event
        # counts.
        if row.told_at is not None and event.occurred_at < row.told_at:
            return []
        row.told_at = event.occurred_at
        row.no_show_at = event.occurred_at if event.status == Status.NO_SHOW else None
    elif event.status == Status.BOOKED:
        row.booked_at = event.occurred_at
    else:
        row.cancelled_at = event.occurred_at
        row.replaced |= event.rescheduled
    _place(row, event.appointment_uri, event.event_type_uri, event.starts_at, event.ends_at)
    changed = [row]
    if event.replaces_uri:
        row.replaces_id = event.replaces_uri[:500]
        # The earlier booking was moved, not cancelled, even if its own cancellation is missing or does not mention the
        # move.
        old = row_of(event.replaces_uri)
        old.replaced = True
        changed.append(old)
    for appointment in changed:
        appointment.derive()
    return changed


def write(lead: Lead, stated: Meeting) -> Change:
    """Saves a meeting's state in its appointment row, and returns the outcome. The lead's row must be locked."""
    row, created = Appointment.objects.get_or_create(
        workspace_id=lead.workspace_id,
        provider=stated.provider,
        external_id=stated.external_id,
        defaults={"lead": lead, "invitee_email": lead.email},
    )
    if row.lead_id != lead.pk:
        # The lead of the webhook is right. The list knows only an address, which several people may share.
        return Change.ANOTHERS
    if stated.as_of is None and not created and stated.read_at and row.updated_at > stated.read_at:
        return Change.STALE
    before, never_booked = (row.status, row.starts_at), row.booked_at is None
    if not restate(row, stated, taken_over=stated.moved is False and _taken_over(row)):
        return Change.STALE
    row.save()
    if never_booked and row.stands() and not stated.replaces_id:
        return Change.NEW
    return Change.CHANGED if created or before != (row.status, row.starts_at) else Change.SAME


def _taken_over(row: Appointment) -> bool:
    later = Appointment.objects.filter(workspace_id=row.workspace_id, provider=row.provider)
    return later.filter(replaces_id=row.external_id).exists()


def restate(row: Appointment, stated: Meeting, *, taken_over: bool = False) -> bool:
    """Copies a meeting's state into its row without saving. Returns False if a newer state of the appointment is
    stored. `taken_over` is whether another booking has replaced this booking.
    """
    if _stale(row, stated):
        return False
    now = timezone.now()
    _place(row, stated.event_uri, stated.event_type_uri, stated.starts_at, stated.ends_at)
    row.told_at = stated.as_of or row.told_at
    row.replaces_id = stated.replaces_id[:500] or row.replaces_id
    if stated.moved is not None:
        row.replaced = stated.moved or taken_over
    if stated.state == Status.CANCELLED:
        row.cancelled_at = row.cancelled_at or stated.as_of or now
    else:
        row.cancelled_at = None
        row.booked_at = row.booked_at or stated.booked_at or now
        row.no_show_at = (row.no_show_at or stated.as_of or now) if stated.state == Status.NO_SHOW else None
    row.derive()
    return True


def _stale(row: Appointment, stated: Meeting) -> bool:
    if row.told_at is None or stated.as_of is None or stated.as_of > row.told_at:
        return False
    # A moved meeting is recognised by the booking that replaces it.
    ended = row.status in ORDER and ORDER.index(row.status) > ORDER.index(stated.state)
    return stated.as_of < row.told_at or ended


def _place(row: Appointment, event: str, kind: str, starts: datetime | None, ends: datetime | None) -> None:
    row.event_uri, row.event_type_uri = event[:500] or row.event_uri, kind[:500] or row.event_type_uri
    row.starts_at, row.ends_at = starts or row.starts_at, ends or row.ends_at


def handle(received: Received, event: BookingEvent) -> IntakeResult:
    """Applies a calendar's event to the lead's appointment and columns. The event is ignored if its event type is not
    the account's, or if a newer state is stored. An event without a lead is also ignored; a job then asks GoHighLevel
    for the contact.
    """
    expected = received.integration.config.get("event_type_uri") if received.integration else None
    if expected and event.event_type_uri and event.event_type_uri != expected:
        return IntakeResult(DeliveryVerdict.IGNORED, "event_type_mismatch")
    lead = _lead(received, event)
    if lead is None:
        _look_up(received, event)
        return IntakeResult(DeliveryVerdict.IGNORED, "lead_not_found")
    if event.as_of is not None:
        return _restate(lead, event)
    changed = hear(event, partial(_appointment, lead, event))
    if not changed:
        return IntakeResult(DeliveryVerdict.IGNORED, "older than what we already have", lead=lead)
    for appointment in changed:
        appointment.save()
    settle(lead, moved=event.status != Status.BOOKED or bool(event.replaces_uri))
    return IntakeResult(DeliveryVerdict.ACCEPTED, lead=lead)


def _restate(lead: Lead, event: BookingEvent) -> IntakeResult:
    change = write(lead, stated_by(event))
    if change is Change.STALE:
        return IntakeResult(DeliveryVerdict.IGNORED, "older than what we already have", lead=lead)
    if change is Change.SAME:
        return IntakeResult(DeliveryVerdict.DUPLICATE, lead=lead)
    settle(lead, moved=change is not Change.NEW)
    return IntakeResult(DeliveryVerdict.ACCEPTED, lead=lead)


def settle(lead: Lead, *, moved: bool = False) -> None:
    """Sets the lead's columns about meetings and saves the lead. Sends `lead_booked` if a meeting takes place.

    The lead's row must be locked. `moved`: whether a known meeting was moved, so that it does not count as new.
    """
    standing = Appointment.objects.filter(lead=lead, status=Status.BOOKED, booked_at__isnull=False)
    booked_at = max((row.booked_at for row in standing if row.booked_at is not None), default=None)
    before = lead.booked_at
    rollup.booked(lead, booked_at)
    if booked_at is not None:
        lead_booked.send(Lead, lead=lead, fresh=before is None and not moved)


def _lead(received: Received, event: BookingEvent) -> Lead | None:
    bookings = Appointment.objects.filter(workspace=received.workspace, provider=event.provider)
    uris = [uri for uri in (event.invitee_uri, event.replaces_uri, event.replaced_by_uri) if uri]
    booking = bookings.filter(external_id__in=uris).first()
    if booking is not None:
        return rollup.locked(booking.lead)
    if identity.identities_of(received.workspace, event.person):
        match = identity.find(received.workspace, event.person, received.provider)
        if match is not None:
            return match.lead
    leads = (
        {row.lead_id for row in bookings.filter(event_uri=event.appointment_uri)[:2]}
        if event.appointment_uri
        else ()
    )
    return Lead.objects.select_for_update().get(pk=next(iter(leads))) if len(leads) == 1 else None


def _look_up(received: Received, event: BookingEvent) -> None:
    """Enqueues a job that reads the contact from GoHighLevel, because the webhook contains only the contact's id."""
    contact_id, workspace = event.person.ghl_contact_id, received.workspace
    if contact_id and connected(workspace.pk, event.provider) is not None:
        enqueue(
            WHO_BOOKED,
            workspace_id=workspace.pk,
            dedupe_key=f"{WHO_BOOKED}:{workspace.pk}:{event.invitee_uri}",
            payload={"contact_id": contact_id},
        )


def _appointment(lead: Lead, event: BookingEvent, uri: str) -> Appointment:
    appointment, _ = Appointment.objects.get_or_create(
        workspace_id=lead.workspace_id,
        provider=event.provider,
        external_id=uri,
        defaults={"lead": lead, "invitee_email": event.person.email[:320]},
    )
    return appointment
