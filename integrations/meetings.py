"""The type for a meeting that was read from a calendar."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting as its calendar lists it. Times are aware. `state` is booked, cancelled or no_show.

    `as_of` is when the state was reached. If the calendar does not say, `read_at`, the time when we began to read,
    decides: a later webhook is newer. `moved` says whether another booking replaced it; None if unknown.
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
