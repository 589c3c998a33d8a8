"""One appointment as its calendar states it, written down: what a webhook tells and what a list shows end alike.

The newest state counts, in whatever order they come. Only a meeting that nobody had told of is news; one that has
moved, or came back, is not. What a calendar lists puts right what its webhooks have told wrongly.
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
"""Of two states of one moment the later one here counts: a meeting ends, it does not begin again."""


def stated_by(event: BookingEvent) -> Meeting:
    """The whole state that a webhook of GoHighLevel tells."""
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
    """What writing a state came to. NEW: a meeting stands that had not been told of."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    STALE = "stale"
    ANOTHERS = "another lead's"


def hear(event: BookingEvent, row_of: Callable[[str], Appointment]) -> list[Appointment]:
    """Put what a webhook tells of an invitee into its row, and into the row of the one it replaces; returns the rows.

    `row_of(uri)`: an invitee's row. The rows are not saved. Empty where something newer is known.
    """
    row = row_of(event.invitee_uri)
    if event.status in ("no_show", "came"):
        # Somebody marked the invitee as not having come, or took that back: the later of the two counts.
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
        # It was moved and not cancelled, even where its own cancel has not come or does not say so.
        old = row_of(event.replaces_uri)
        old.replaced = True
        changed.append(old)
    for one in changed:
        one.derive()
    return changed


def write(lead: Lead, stated: Meeting) -> Change:
    """Bring the appointment's row in line with `stated`. `lead` must be locked; its own state is not touched."""
    row, created = Appointment.objects.get_or_create(
        workspace_id=lead.workspace_id,
        provider=stated.provider,
        external_id=stated.external_id,
        defaults={"lead": lead, "invitee_email": lead.email},
    )
    if row.lead_id != lead.pk:
        # Its webhook named the person better than an address that several share.
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
    """Whether a booking is known that names this one as the one whose place it took."""
    later = Appointment.objects.filter(workspace_id=row.workspace_id, provider=row.provider)
    return later.filter(replaces_id=row.external_id).exists()


def restate(row: Appointment, stated: Meeting, *, taken_over: bool = False) -> bool:
    """Put a whole state into `row`, which is not saved; False, and nothing changed, where a newer one is known.

    `taken_over`: another booking names this one as the one whose place it took.
    """
    if _stale(row, stated):
        return False
    _note(row, stated, taken_over)
    row.derive()
    return True


def _stale(row: Appointment, stated: Meeting) -> bool:
    if row.told_at is None or stated.as_of is None or stated.as_of > row.told_at:
        return False
    # A moved meeting is known by the one that took its place.
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
