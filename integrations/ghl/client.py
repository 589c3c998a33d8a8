"""Calls to GoHighLevel's API for one location (docs/reference/ghl.md), under `spec.call_limit`.

Reference: https://highlevel.stoplight.io/docs/integrations
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from pydantic import AliasChoices, Field

from integrations.client import (
    ProviderClient,
    account_id_of,
    bearer_session,
    page,
    path_part,
    rows,
    single,
)
from integrations.ghl import NAME
from integrations.ghl.errors import classify
from integrations.http.session import ProviderSession, Response
from integrations.models import Integration
from integrations.payload import ExternalId, LooseText, Moment, Payload, Text, parse_time, utc_text
from jobs.deadline import Deadline

VERSION = {"Version": "2021-04-15"}
CONTACTS_VERSION = {"Version": "2021-07-28"}
CALLS, WINDOW_S = 90, 10.0
EXPORT_MAX_PAGES, EXPORT_PAGE = 50, 400
SMS_TYPES = {"2", "TYPE_SMS", "SMS"}


class Contact(Payload):
    id: ExternalId = Field(validation_alias=AliasChoices("id", "contactId"))
    email: Text = ""
    phone: Text = ""
    first_name: Text = Field("", validation_alias="firstName")
    last_name: Text = Field("", validation_alias="lastName")
    company: Text = Field("", validation_alias="companyName")


class Conversation(Payload):
    id: ExternalId


class Message(Payload):
    """A message of a GoHighLevel conversation, on any channel."""

    id: ExternalId
    body: Text = ""
    direction: Text = ""
    contact_id: LooseText = Field("", validation_alias="contactId")
    conversation_id: LooseText = Field("", validation_alias="conversationId")
    at: Moment = Field(None, validation_alias="dateAdded")
    kind: LooseText = Field("", validation_alias=AliasChoices("messageType", "type"))
    attachments: Any = None

    @property
    def is_sms(self) -> bool:
        return self.kind in SMS_TYPES


class SentMessage(Payload):
    message_id: LooseText = Field("", validation_alias="messageId")
    conversation_id: LooseText = Field("", validation_alias="conversationId")


class Appointment(Payload):
    """An appointment at GoHighLevel. `status` is new, confirmed, cancelled, showed, noshow or invalid."""

    id: ExternalId
    calendar_id: LooseText = Field("", validation_alias="calendarId")
    status: Text = Field("", validation_alias=AliasChoices("appointmentStatus", "appoinmentStatus", "status"))
    starts_at: Moment = Field(None, validation_alias="startTime")
    ends_at: Moment = Field(None, validation_alias="endTime")
    added_at: Moment = Field(None, validation_alias="dateAdded")
    as_of: Moment = Field(None, validation_alias="dateUpdated")
    """The time of the appointment's last change."""


class Calendar(Payload):
    id: ExternalId


class Location(Payload):
    id: ExternalId
    name: Text = ""


class GhlClient(ProviderClient):
    @staticmethod
    def session_of(integration: Integration) -> ProviderSession:
        account_id_of(integration)
        return bearer_session(
            integration, headers=VERSION, timeout_ms=settings.GHL_TIMEOUT_MS, classify=classify
        )

    # Reference: GET /locations/{locationId}
    def location(self, deadline: Deadline) -> Location:
        """Returns the GoHighLevel location of the account. A result proves that the key and the location id match."""
        path, parse = f"/locations/{path_part(NAME, self.account_id)}", single(Location, "location")
        return self._get(path, "location", deadline, parse, headers=CONTACTS_VERSION)

    # Reference: GET /contacts/{contactId}
    def contact(self, contact_id: str, deadline: Deadline) -> Contact:
        """Returns a contact. Raises ProviderRejected with the code "not_found" if the contact does not exist."""
        path = f"/contacts/{path_part(NAME, contact_id)}"
        return self._get(path, "contact", deadline, single(Contact, "contact"), headers=CONTACTS_VERSION)

    # Reference: POST /contacts/search
    def find_contacts(self, field: str, text: str, deadline: Deadline) -> list[Contact]:
        """Returns at most 20 contacts whose `field` ("email" or "phone") equals `text`. The call is safe to repeat."""
        body = {
            "locationId": self.account_id,
            "pageLimit": 20,
            "filters": [{"field": field, "operator": "eq", "value": text}],
        }
        return self._post(
            "/contacts/search",
            "find_contacts",
            deadline,
            body,
            rows(Contact, "contacts"),
            headers=CONTACTS_VERSION,
            idempotent=True,
        )

    # Reference: POST /contacts/upsert
    def upsert_contact(self, values: Mapping[str, Any], deadline: Deadline) -> Contact:
        """Creates a contact, or updates the one with the same email or phone. `values` use GHL's field names."""
        body = {"locationId": self.account_id, **values}
        parse = single(Contact, "contact")
        return self._post(
            "/contacts/upsert", "upsert_contact", deadline, body, parse, headers=CONTACTS_VERSION
        )

    # Reference: PUT /contacts/{contactId}
    def update_contact(self, contact_id: str, values: Mapping[str, Any], deadline: Deadline) -> None:
        """Changes the fields of a contact that `values` contain, under GHL's field names."""
        path = f"/contacts/{path_part(NAME, contact_id)}"
        self._post(path, "update_contact", deadline, dict(values), method="PUT", headers=CONTACTS_VERSION)

    # Reference: GET /contacts/{contactId}/appointments
    def contact_appointments(self, contact_id: str, deadline: Deadline) -> list[Appointment]:
        path = f"/contacts/{path_part(NAME, contact_id)}/appointments"
        parse = rows(Appointment, "events", "appointments")
        return self._get(path, "contact_appointments", deadline, parse, headers=CONTACTS_VERSION)

    # Reference: POST /conversations/messages
    def send_sms(self, contact_id: str, text: str, deadline: Deadline) -> SentMessage:
        """Sends an SMS in one call. If the contact refuses SMS, ProviderRejected has a code of errors.STATES."""
        body = {"type": "SMS", "contactId": contact_id, "message": text}
        return self._post("/conversations/messages", "send_sms", deadline, body, single(SentMessage))

    # Reference: GET /conversations/search
    def conversations(self, contact_id: str, deadline: Deadline) -> list[Conversation]:
        """Returns the first page of the contact's conversations, latest first."""
        params = {"locationId": self.account_id, "contactId": contact_id}
        parse = rows(Conversation, "conversations")
        return self._get("/conversations/search", "conversations", deadline, parse, params)

    # Reference: GET /conversations/{conversationId}/messages
    def messages(self, conversation_id: str, deadline: Deadline, *, limit: int = 100) -> list[Message]:
        """Returns the `limit` newest messages of a conversation, of any channel; at most 100."""
        path = f"/conversations/{path_part(NAME, conversation_id)}/messages"
        return self._get(
            path, "messages", deadline, rows(Message, "messages"), {"limit": str(min(limit, 100))}
        )

    # Reference: GET /conversations/messages/export
    def export_messages(self, deadline: Deadline, *, since: datetime) -> Iterator[Message]:
        """Yields the location's SMS since `since` (aware) in both directions, newest first.

        GoHighLevel's export lags behind, so it can close gaps but does not show the current state.
        """
        params = {"locationId": self.account_id, "channel": "SMS", "limit": str(EXPORT_PAGE)}
        params["startDate"] = utc_text(since)
        path, parse = "/conversations/messages/export", page(Message, "cursor", "nextCursor", "messages")
        return self._entries(path, "export_messages", deadline, parse, EXPORT_MAX_PAGES, params)

    # Reference: GET /calendars/
    def calendars(self, deadline: Deadline) -> list[Calendar]:
        params = {"locationId": self.account_id}
        return self._get("/calendars/", "calendars", deadline, rows(Calendar, "calendars"), params)

    # Reference: GET /calendars/{calendarId}/free-slots
    def free_slots(
        self, calendar_id: str, start: datetime, end: datetime, deadline: Deadline
    ) -> list[datetime]:
        """Returns the aware start times of a calendar's free slots from `start` to `end` (aware), in order."""

        def parse(response: Response) -> list[datetime]:
            days = [day for day in response.data.values() if isinstance(day, dict)]
            times = [parse_time(slot) for day in days for slot in day.get("slots") or []]
            return sorted(time for time in times if time is not None)

        params = {
            "startDate": str(round(start.timestamp() * 1000)),
            "endDate": str(round(end.timestamp() * 1000)),
        }
        path = f"/calendars/{path_part(NAME, calendar_id)}/free-slots"
        return self._get(path, "free_slots", deadline, parse, params)
