"""Stores the state of an appointment that a calendar reports, by webhook or by list, with the same outcome.

The newest state counts, in any order of arrival. A list corrects wrong reports of webhooks.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from django.utils import timezone

from inbox.models import Appointment, Lead
from integrations.events import BookingEvent
from integrations.meetings import Meeting

State = Appointment.Status
ORDER = (State.BOOKED, State.NO_SHOW, State.CANCELLED)
"""The order of states for the same moment: the later one here counts. An ended meeting cannot begin again."""


def stated_by(event: BookingEvent) -> Meeting:
    """The `Meeting` of a GoHighLevel webhook, which always holds the whole state of an appointment."""
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
    """The outcome of `write`. NEW: the meeting takes place and was not booked before. CHANGED: its status or start has
    changed. STALE: a newer state is stored. ANOTHERS: the appointment belongs to another lead. The last two save
    nothing.
    """

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    STALE = "stale"
    ANOTHERS = "another lead's"


def hear(event: BookingEvent, row_of: Callable[[str], Appointment]) -> list[Appointment]:
    """Applies a Calendly event to the invitee's appointment, and to the appointment that the booking replaces.

    `row_of(uri)` returns the appointment of an invitee. Returns the changed rows, which the caller saves; [] if a newer
    event about the invitee's absence is stored.
    """
    row = row_of(event.invitee_uri)
    if event.status in ("no_show", "came"):
        # Somebody marked the invitee as absent, or removed the mark. The later event counts.
        if row.told_at is not None and event.occurred_at < row.told_at:
            return []
        row.told_at = event.occurred_at
        row.no_show_at = event.occurred_at if event.status == State.NO_SHOW else None
    elif event.status == State.BOOKED:
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
    """Copies a meeting's state into its row without saving. Returns False if a newer state is stored. `taken_over`:
    whether another booking has replaced this one.
    """
    if _stale(row, stated):
        return False
    _note(row, stated, taken_over)
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


def _note(row: Appointment, stated: Meeting, taken_over: bool) -> None:
    now = timezone.now()
    _place(row, stated.event_uri, stated.event_type_uri, stated.starts_at, stated.ends_at)
    row.told_at = stated.as_of or row.told_at
    row.replaces_id = stated.replaces_id[:500] or row.replaces_id
    if stated.moved is not None:
        row.replaced = stated.moved or taken_over
    if stated.state == State.CANCELLED:
        row.cancelled_at = row.cancelled_at or stated.as_of or now
        return
    row.cancelled_at = None
    row.booked_at = row.booked_at or stated.booked_at or now
    row.no_show_at = (row.no_show_at or stated.as_of or now) if stated.state == State.NO_SHOW else None
