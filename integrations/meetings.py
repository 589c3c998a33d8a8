"""One meeting as its calendar lists it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting's state. `state`: booked, cancelled or no_show. Times are aware.

    `as_of`: when it was so, where the calendar says; where it does not, `read_at` is when we began to ask, and what a
    webhook has told since counts more. `moved`: whether another booking took its place; None where the calendar does
    not say that (GHL moves one and the same appointment). `replaces_id`: the booking whose place it took.
    """

    provider: str
    external_id: str
    state: str
    event_uri: str = ""
    event_type_uri: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    booked_at: datetime | None = None
    as_of: datetime | None = None
    read_at: datetime | None = None
    moved: bool | None = None
    replaces_id: str = ""
