"""Calls to Calendly's API (https://developer.calendly.com/api-docs). New bookings arrive as webhooks."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import Field

from integrations.client import ProviderClient, Row, bearer_session, items_of, path_part, rows, single
from integrations.http.session import ProviderSession, Response
from integrations.models import Integration
from integrations.payload import Moment, Payload, Text, parse_time, utc_text
from jobs.deadline import Deadline

TIMEOUT_MS = 15_000
PAGE, MAX_PAGES = "100", 100


class User(Payload):
    uri: str = Field(min_length=1)
    name: Text = ""


class EventType(Payload):
    uri: str = Field(min_length=1)
    name: Text = ""


class ScheduledEvent(Payload):
    """A meeting at Calendly; `status` is active or canceled."""

    uri: str = Field(min_length=1)
    status: Text = ""
    event_type: Text = ""
    starts_at: Moment = Field(None, validation_alias="start_time")
    ends_at: Moment = Field(None, validation_alias="end_time")
    updated_at: Moment = None


class Invitee(Payload):
    """A person's booking. `rescheduled`, `new_invitee`: it was moved. `old_invitee`: the booking that it replaced."""

    uri: str = Field(min_length=1)
    email: Text = ""
    name: Text = ""
    status: Text = ""
    rescheduled: bool | None = None
    old_invitee: Text = ""
    new_invitee: Text = ""
    no_show: dict[str, Any] | None = None
    created_at: Moment = None
    updated_at: Moment = None


class CalendlyClient(ProviderClient):
    @staticmethod
    def session_of(integration: Integration) -> ProviderSession:
        return bearer_session(integration, timeout_ms=TIMEOUT_MS)

    # Reference: GET /users/me
    def me(self, deadline: Deadline) -> User:
        return self._get("/users/me", "me", deadline, single(User, "resource"))

    # Reference: GET /event_types
    def event_types(self, user_uri: str, deadline: Deadline) -> list[EventType]:
        """Returns at most a hundred event types (kinds of meetings) of a user."""
        params = {"user": user_uri, "count": "100"}
        return self._get("/event_types", "event_types", deadline, rows(EventType, "collection"), params)

    # Reference: GET /event_type_available_times
    def available_times(
        self, event_type_uri: str, start: datetime, end: datetime, deadline: Deadline
    ) -> list[datetime]:
        """Returns the aware start times of free slots, in order. `start` and `end` may be at most 7 days apart."""

        def parse(response: Response) -> list[datetime]:
            items = items_of(response.data, "collection")
            times = [
                parse_time(slot.get("start_time")) for slot in items if slot.get("status") == "available"
            ]
            return sorted(time for time in times if time is not None)

        first, last = utc_text(start, "seconds"), utc_text(end, "seconds")
        params = {"event_type": event_type_uri, "start_time": first, "end_time": last}
        return self._get("/event_type_available_times", "available_times", deadline, parse, params)

    # Reference: GET /scheduled_events
    def events_of(self, user_uri: str, invitee_email: str, deadline: Deadline) -> list[ScheduledEvent]:
        """Returns at most a hundred of the user's meetings with the invitee who has this email address."""
        params = {"user": user_uri, "invitee_email": invitee_email, "count": "100"}
        return self._get("/scheduled_events", "events", deadline, rows(ScheduledEvent, "collection"), params)

    # Reference: GET /scheduled_events
    def events_from(self, user_uri: str, start: datetime, deadline: Deadline) -> Iterator[ScheduledEvent]:
        """Yields the user's meetings that begin at `start` (aware) or later, whatever their status."""
        params = {"user": user_uri, "min_start_time": utc_text(start, "seconds")}
        return self._list(ScheduledEvent, "/scheduled_events", "events_from", deadline, params)

    # Reference: GET /scheduled_events/{uuid}
    def event(self, event_uri: str, deadline: Deadline) -> ScheduledEvent:
        """Returns the meeting with this URI. Uses only the URI's last segment, because the URI is untrusted."""
        path = f"/scheduled_events/{_uuid(event_uri)}"
        return self._get(path, "event", deadline, single(ScheduledEvent, "resource"))

    # Reference: GET /scheduled_events/{uuid}/invitees
    def invitees(self, event_uri: str, deadline: Deadline) -> list[Invitee]:
        """Returns the invitees of the meeting with this URI."""
        path = f"/scheduled_events/{_uuid(event_uri)}/invitees"
        return list(self._list(Invitee, path, "invitees", deadline, {}))

    def _list(
        self, model: type[Row], path: str, operation: str, deadline: Deadline, params: dict[str, str]
    ) -> Iterator[Row]:
        def parse(response: Response) -> tuple[list[Row], dict[str, Any]]:
            token = (response.data.get("pagination") or {}).get("next_page_token")
            return rows(model, "collection")(response), {"page_token": str(token)} if token else {}

        return self._entries(path, operation, deadline, parse, MAX_PAGES, {"count": PAGE} | params)


def _uuid(uri: str) -> str:
    return path_part("calendly", uri.rstrip("/").rpartition("/")[2])
