"""Calls to Calendly's API: whose token it is, free times, meetings. Bookings themselves arrive as webhooks.

Reference: https://developer.calendly.com/api-docs
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Self, TypeVar

from pydantic import Field

from integrations.client import base_url_of, items_of, path_part, required_secret, session_for
from integrations.http.session import ProviderSession, Response
from integrations.models import Integration
from integrations.payload import Payload, Text, parse_time
from jobs.deadline import Deadline

TIMEOUT_MS = 15_000

T = TypeVar("T")


class User(Payload):
    uri: str = Field(min_length=1)
    name: Text = ""
    organization: Text = Field("", validation_alias="current_organization")
    timezone: Text = ""


class EventType(Payload):
    uri: str = Field(min_length=1)
    name: Text = ""
    active: bool | None = None
    duration: int | None = None
    scheduling_url: Text = ""


class ScheduledEvent(Payload):
    """A meeting at Calendly; `status` is active or canceled."""

    uri: str = Field(min_length=1)
    status: Text = ""
    event_type: Text = ""
    start_time: Text = ""
    end_time: Text = ""

    @property
    def starts_at(self) -> datetime | None:
        return parse_time(self.start_time)

    @property
    def ends_at(self) -> datetime | None:
        return parse_time(self.end_time)


class Invitee(Payload):
    """A person who is invited to a meeting at Calendly.

    `no_show` is set if somebody marked that they did not come. `rescheduled` and `new_invitee` say that a cancelled
    booking was moved. `old_invitee` names the booking that this one replaced.
    """

    uri: str = Field(min_length=1)
    email: Text = ""
    name: Text = ""
    status: Text = ""
    rescheduled: bool | None = None
    old_invitee: Text = ""
    new_invitee: Text = ""
    no_show: dict[str, Any] | None = None


class CalendlyClient:
    """Makes calls to Calendly with the token of one account.

    Every method takes a Deadline and raises the errors of integrations.errors.
    """

    def __init__(self, session: ProviderSession) -> None:
        self._session = session

    @classmethod
    def for_integration(cls, integration: Integration) -> Self:
        """The client of an account. Raises ProviderMisconfigured if the account has no token, and
        SecretsUnreadable if it cannot be decrypted.
        """
        token = required_secret(integration, "api_key")
        return cls(
            session_for(
                integration,
                base_url=base_url_of(integration),
                headers={"Authorization": f"Bearer {token}"},
                timeout_ms=TIMEOUT_MS,
            )
        )

    # Reference: GET /users/me
    def me(self, deadline: Deadline) -> User:
        """The Calendly user whose token the account has."""
        return self._get(
            "/users/me", "me", deadline, lambda response: User.model_validate(response.data["resource"])
        )

    # Reference: GET /event_types
    def event_types(self, user_uri: str, deadline: Deadline) -> list[EventType]:
        """The event types (kinds of meetings) of a user, at most a hundred."""

        def parse(response: Response) -> list[EventType]:
            return [EventType.model_validate(row) for row in items_of(response.data, "collection")]

        return self._get("/event_types", "event_types", deadline, parse, {"user": user_uri, "count": "100"})

    # Reference: GET /event_type_available_times
    def available_times(
        self, event_type_uri: str, start: datetime, end: datetime, deadline: Deadline
    ) -> list[datetime]:
        """The starts (aware) of an event type's free times from `start` to `end`, in order.

        Both are aware; Calendly allows at most 7 days between.
        """

        def parse(response: Response) -> list[datetime]:
            items = items_of(response.data, "collection")
            times = [
                parse_time(slot.get("start_time")) for slot in items if slot.get("status") == "available"
            ]
            return sorted(time for time in times if time is not None)

        params = {"event_type": event_type_uri, "start_time": _iso(start), "end_time": _iso(end)}
        return self._get("/event_type_available_times", "available_times", deadline, parse, params)

    # Reference: GET /scheduled_events
    def events_of(self, user_uri: str, invitee_email: str, deadline: Deadline) -> list[ScheduledEvent]:
        """The user's meetings (at most a hundred) with the invitee who has this e-mail address, to compare with what
        webhooks reported.
        """

        def parse(response: Response) -> list[ScheduledEvent]:
            return [ScheduledEvent.model_validate(row) for row in items_of(response.data, "collection")]

        params = {"user": user_uri, "invitee_email": invitee_email, "count": "100"}
        return self._get("/scheduled_events", "events", deadline, parse, params)

    # Reference: GET /scheduled_events/{uuid}
    def event(self, event_uri: str, deadline: Deadline) -> ScheduledEvent:
        """The meeting with this URI. Raises ProviderRejected if the token's user has none.

        Only the last part of the URI is used and never its host, because the URI comes from outside.
        """

        def parse(response: Response) -> ScheduledEvent:
            return ScheduledEvent.model_validate(response.data["resource"])

        return self._get(f"/scheduled_events/{_uuid(event_uri)}", "event", deadline, parse)

    # Reference: GET /scheduled_events/{uuid}/invitees
    def invitees(self, event_uri: str, deadline: Deadline) -> list[Invitee]:
        """The people who are invited to the meeting with this URI: Calendly's first page of them."""

        def parse(response: Response) -> list[Invitee]:
            return [Invitee.model_validate(invitee) for invitee in items_of(response.data, "collection")]

        return self._get(f"/scheduled_events/{_uuid(event_uri)}/invitees", "invitees", deadline, parse)

    # Reference: POST /webhook_subscriptions
    def subscribe(
        self, user: User, url: str, signing_key: str, events: Sequence[str], deadline: Deadline
    ) -> str:
        """Have Calendly post `events` of the user to `url` from now on, signed with `signing_key`. Returns the URI of
        the new subscription.
        """
        body = {
            "url": url,
            "events": list(events),
            "organization": user.organization,
            "user": user.uri,
            "scope": "user",
            "signing_key": signing_key,
        }
        return self._session.request(
            "POST",
            "/webhook_subscriptions",
            operation="subscribe",
            deadline=deadline,
            json=body,
            parse=lambda response: str(response.data["resource"]["uri"]),
        )

    def _get(
        self,
        path: str,
        operation: str,
        deadline: Deadline,
        parse: Callable[[Response], T],
        params: dict[str, str] | None = None,
    ) -> T:
        return self._session.request(
            "GET", path, operation=operation, deadline=deadline, params=params, parse=parse
        )


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _uuid(uri: str) -> str:
    return path_part("calendly", uri.rstrip("/").rpartition("/")[2])
