"""Calls to EmailBison's API ("Inboxxia", docs/reference/emailbison.md).

A key belongs to one workspace and is valid on exactly one host. The API cannot start a thread.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from pydantic import AliasChoices, Field

from integrations.addresses import Mailbox, MailField
from integrations.carriers import Recipient
from integrations.client import ProviderClient, Row, bearer_session, number_part, rows, single, until_older
from integrations.emailbison import NAME
from integrations.emailbison.errors import classify
from integrations.http.session import ProviderSession, Response
from integrations.models import Integration
from integrations.payload import ExternalId, Moment, Payload, Text, field_at, parse_time
from jobs.deadline import Deadline

MAX_PAGES = 200
PER_PAGE = 100
SEARCHES = ("filters[search]", "search", "filters[email]", "filters[email_address]")
"""The possible names of the filter that finds leads by address, most common first."""


def sent_id(reply_id: str) -> str:
    """Returns our id of a mail in the folder Sent. EmailBison numbers replies and scheduled emails independently."""
    return f"reply:{reply_id}" if reply_id else ""


class Address(Payload):
    address: Text = Field("", validation_alias=AliasChoices("address", "email_address", "email"))
    name: Text = ""


class Variable(Payload):
    name: str
    value: Text = ""


class Lead(Payload):
    id: ExternalId
    email: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    title: Text = ""
    custom_variables: list[Variable] | None = None

    def variable(self, *names: str) -> str:
        """Returns the lead's first non-empty custom variable among `names`, in any case; "" if all are empty."""
        values = {custom.name.strip().lower(): custom.value.strip() for custom in self.custom_variables or []}
        return next((values[name.lower()] for name in names if values.get(name.lower())), "")


class Mail(Payload):
    """A message of an email thread at EmailBison. It is outbound if its folder is "Sent", otherwise inbound."""

    id: ExternalId
    subject: Text = Field("", validation_alias=AliasChoices("email_subject", "subject"))
    from_email_address: MailField = Mailbox()
    from_name: Text = ""
    to: list[Address] | None = None
    cc: list[Address] | None = None
    bcc: list[Address] | None = None
    html_body: Text = ""
    text_body: Text = ""
    date_received: Text = ""
    created_at: Text = ""
    automated_reply: bool | None = None
    interested: bool | None = None
    headers: Any = None
    raw_headers: Any = None
    raw_body: Any = None
    attachments: Any = None
    type: Text = ""
    folder: Text = ""

    @property
    def at(self) -> datetime | None:
        return parse_time(self.date_received) or parse_time(self.created_at)

    @property
    def outgoing(self) -> bool:
        return self.folder.lower() == "sent" or self.type.lower().startswith("outgoing")


class Reply(Mail):
    """A message in EmailBison's lists, which name its lead, campaign and mailbox."""

    lead_id: ExternalId | None = None
    campaign_id: ExternalId | None = None
    sender_email_id: ExternalId | None = None
    scheduled_email_id: ExternalId | None = None


class SentEmail(Payload):
    """An email that EmailBison has sent. `id` is `scheduled_email.id` in its webhooks."""

    id: ExternalId
    email_subject: Text = ""
    email_body: Text = ""
    at: Moment = Field(None, validation_alias="sent_at")


DEAD = {
    "disconnected", "not connected", "disabled", "inactive", "error", "invalid", "paused", "banned", "suspended",
}  # fmt: skip
"""States of a mailbox that cannot send."""


class SenderEmail(Payload):
    id: ExternalId
    email: Text = Field("", validation_alias=AliasChoices("email", "email_address"))
    name: Text = ""
    status: Text = ""

    @property
    def is_down(self) -> bool:
        return self.status.lower() in DEAD


class Account(Payload):
    workspace_id: ExternalId | None = Field(None, validation_alias="id")
    workspace_name: Text = Field("", validation_alias="name")


class EmailBisonClient(ProviderClient):
    @staticmethod
    def session_of(integration: Integration) -> ProviderSession:
        return bearer_session(
            integration,
            timeout_ms=settings.EMAILBISON_TIMEOUT_MS,
            max_retries=settings.EMAILBISON_MAX_RETRIES,
            classify=classify,
        )

    # Reference: EmailBison API, GET /api/users
    def account(self, deadline: Deadline) -> Account:
        """Returns the key's EmailBison workspace, by the cheapest call that proves the key to be valid on the host."""

        def parse(response: Response) -> Account:
            user = _inner(response.data)
            return Account.model_validate(user.get("workspace") or user.get("team") or {})

        return self._get("/api/users", "account", deadline, parse)

    # Reference: POST /api/campaigns/{id}/leads/stop-future-emails
    def stop_future_emails(self, campaign_id: str, lead_ids: Sequence[str], deadline: Deadline) -> None:
        """Stops emails to leads. Raises ProviderRejected also for a 200 with `success: false` and for an invalid id."""

        def parse(response: Response) -> None:
            if _inner(response.data).get("success") is not True:
                raise ValueError("no data.success")

        path = f"/api/campaigns/{number_part(NAME, campaign_id)}/leads/stop-future-emails"
        body = {"lead_ids": [number_part(NAME, lead_id) for lead_id in lead_ids]}
        self._post(path, "stop_future_emails", deadline, body, parse)

    # Reference: GET /api/leads/{id}
    def lead(self, lead_id: str, deadline: Deadline) -> Lead:
        return self._get(f"/api/leads/{number_part(NAME, lead_id)}", "lead", deadline, single(Lead, "data"))

    # Reference: GET /api/leads?filters[search]=
    def find_lead(self, email: str, deadline: Deadline) -> Lead | None:
        """Finds the lead with exactly this email address, in any case, among the first 200 results of a search.

        EmailBison instances differ in the filter's name and ignore unknown names, so all of SEARCHES are tried in turn.
        """
        for name in SEARCHES:
            params = {name: email, "per_page": 200}
            for lead in self._get("/api/leads", "find_lead", deadline, rows(Lead, "leads"), params):
                if lead.email.lower() == email.lower():
                    return lead
        return None

    # Reference: POST /api/leads
    def create_lead(self, email: str, first_name: str, last_name: str, deadline: Deadline) -> Lead:
        """Creates a lead. Raises ProviderRejected if EmailBison already has a lead with this address."""
        body = {"email": email, "first_name": first_name, "last_name": last_name}
        return self._post("/api/leads", "create_lead", deadline, body, single(Lead, "data"))

    # Reference: GET /api/replies
    def replies_since(self, since: datetime, deadline: Deadline, folder: str = "") -> Iterator[Reply]:
        """Yields the workspace's messages since `since` (aware), newest first, and those without a time. `folder`
        limits the messages to one folder, such as "bounced".

        When a mailbox is connected again, EmailBison lists its old mails among new ones. So reading stops only after a
        page whose messages are all older than `since`.
        """
        params = {"per_page": PER_PAGE} | ({"folder": folder} if folder else {})
        return until_older(self._list(Reply, "/api/replies", "replies", deadline, "replies", **params), since)

    # Reference: GET /api/replies/{reply_id}/conversation-thread
    def newer_messages(self, reply_id: str, deadline: Deadline) -> list[Reply]:
        """Returns the messages of a reply's thread that are newer than the reply, in both directions."""

        def parse(response: Response) -> list[Reply]:
            return [Reply.model_validate(reply) for reply in _inner(response.data)["newer_messages"]]

        path = f"/api/replies/{number_part(NAME, reply_id)}/conversation-thread"
        return self._get(path, "newer_messages", deadline, parse)

    # Reference: GET /api/leads/{id}/sent-emails
    def sent_emails(self, lead_id: str, deadline: Deadline) -> list[SentEmail]:
        path, names = f"/api/leads/{number_part(NAME, lead_id)}/sent-emails", ("sent_emails", "emails")
        lists = self._list(SentEmail, path, "sent_emails", deadline, *names, per_page=PER_PAGE)
        return list(chain.from_iterable(lists))

    # Reference: GET /api/sender-emails
    def sender_emails(self, deadline: Deadline) -> list[SenderEmail]:
        lists = self._list(SenderEmail, "/api/sender-emails", "sender_emails", deadline, "sender_emails")
        return list(chain.from_iterable(lists))

    # Reference: POST /api/replies/{replyId}/reply
    def reply(
        self,
        reply_id: str,
        *,
        message_html: str,
        sender_email_id: str,
        to: Sequence[Recipient],
        deadline: Deadline,
        subject: str = "",
        cc: Sequence[Recipient] = (),
    ) -> str:
        """Answers a reply from the mailbox `sender_email_id`, in one call. Returns the id of the new message, or "".

        Raises ProviderRejected with the code `invalid_sender` if the answer needs another mailbox.
        """
        body: dict[str, Any] = {
            "message": message_html,
            "sender_email_id": number_part(NAME, sender_email_id),
            "to_emails": _people(to),
            "inject_previous_email_body": False,
            "content_type": "html",
        }
        if subject:
            body["subject"] = subject
        if cc:
            body["cc_emails"] = _people(cc)
        return self._post(
            f"/api/replies/{number_part(NAME, reply_id)}/reply", "reply", deadline, body, _accepted
        )

    def _list(
        self, model: type[Row], path: str, operation: str, deadline: Deadline, *names: str, **params: Any
    ) -> Iterator[list[Row]]:
        """Yields all pages of a list. Only the query of the link to the next page is used, never the link's host."""

        def parse(response: Response) -> tuple[list[Row], dict[str, Any]]:
            return rows(model, *names)(response), _next_query(response.data)

        return self._pages(path, operation, deadline, parse, MAX_PAGES, params)


def _next_query(body: Any) -> dict[str, str]:
    if link := field_at(body, "links", "next"):
        return dict(parse_qsl(urlsplit(str(link)).query))
    if cursor := field_at(body, "meta", "next_cursor"):
        return {"cursor": str(cursor)}
    current, last = field_at(body, "meta", "current_page"), field_at(body, "meta", "last_page")
    if isinstance(current, int) and isinstance(last, int) and current < last:
        return {"page": str(current + 1)}
    return {}


def _people(recipients: Sequence[Recipient]) -> list[dict[str, str]]:
    return [{"name": person.name, "email_address": person.address} for person in recipients]


def _inner(body: Any) -> dict[str, Any]:
    inner = body.get("data", body)
    return inner if isinstance(inner, dict) else body


def _accepted(response: Response) -> str:
    number = field_at(response.data, "data", "reply", "id") or field_at(response.data, "reply", "id")
    return sent_id(str(number)) if isinstance(number, int | str) else ""
