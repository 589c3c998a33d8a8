"""One appointment as its calendar states it, written down: what a webhook tells and what a list shows end alike.

The newest state counts, in whatever order they come. Only a meeting that nobody had told of is news; one that has
moved, or came back, is not.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils import timezone

from inbox.models import Appointment, Lead

State = Appointment.Status
ORDER = (State.BOOKED, State.NO_SHOW, State.CANCELLED)
"""Of two states of one moment the later one here counts: a meeting ends, it does not begin again."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A meeting's state. `state`: booked, cancelled or no_show. `as_of`: when it was so, where the calendar says."""

    provider: str
    external_id: str
    state: str
    event_uri: str = ""
    event_type_uri: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    booked_at: datetime | None = None
    as_of: datetime | None = None


class Change(StrEnum):
    """What writing a state came to. NEW: a meeting stands that had not been told of."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    STALE = "stale"
    ANOTHERS = "another lead's"


def write(lead: Lead, stated: Stated) -> Change:
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
    if _stale(row, stated):
        return Change.STALE
    before, never_booked = (row.status, row.starts_at), row.booked_at is None
    _note(row, stated)
    row.settle()
    if never_booked and row.status == State.BOOKED:
        return Change.NEW
    return Change.CHANGED if created or before != (row.status, row.starts_at) else Change.SAME


def _stale(row: Appointment, stated: Stated) -> bool:
    if row.told_at is None or stated.as_of is None or stated.as_of > row.told_at:
        return False
    # A moved meeting is known by the one that took its place.
    ended = row.status in ORDER and ORDER.index(row.status) > ORDER.index(stated.state)
    return stated.as_of < row.told_at or ended


def _note(row: Appointment, stated: Stated) -> None:
    now = timezone.now()
    row.event_uri = stated.event_uri[:500] or row.event_uri
    row.event_type_uri = stated.event_type_uri[:500] or row.event_type_uri
    row.starts_at, row.ends_at = stated.starts_at or row.starts_at, stated.ends_at or row.ends_at
    row.told_at = stated.as_of or row.told_at
    if stated.state == State.CANCELLED:
        row.cancelled_at = row.cancelled_at or stated.as_of or now
        return
    row.cancelled_at = None
    row.booked_at = row.booked_at or stated.booked_at or now
    row.no_show_at = (row.no_show_at or stated.as_of or now) if stated.state == State.NO_SHOW else None
