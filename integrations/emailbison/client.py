"""EmailBison ("Inboxxia"): campaigns, leads, replies and sent e-mails of one workspace key.

Facts: docs/reference/emailbison.md. A key is valid on exactly one host. The API can only answer an existing reply; it
cannot open a thread, and its answer holds no dependable id of the message created, so a send is confirmed from the
lists.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from pydantic import AliasChoices, BaseModel, Field

from integrations.client import base_url_of, items_of, required_secret, session_for
from integrations.emailbison.errors import classify
from integrations.errors import ProviderRejected
from integrations.http import ProviderSession, Response
from integrations.models import Integration
from integrations.payload import ExternalId, Payload, Text, parse_time
from jobs.deadline import Deadline

MAX_PAGES = 200
PER_PAGE = 100
SEARCHES = ("filters[search]", "search", "filters[email]", "filters[email_address]")
"""The names of the filter for an address, the usual one first."""
Item = TypeVar("Item", bound=BaseModel)


class Address(Payload):
    """A recipient in a list answer."""

    address: Text = Field("", validation_alias=AliasChoices("address", "email_address", "email"))
    name: Text = ""


class Campaign(Payload):
    id: ExternalId
    name: Text = ""
    status: Text = ""


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
    status: Text = ""
    custom_variables: list[Variable] | None = None

    def variable(self, *names: str) -> str:
        """The first non-empty custom variable of these names, whatever their case; "" where there is none."""
        values = {one.name.strip().lower(): one.value.strip() for one in self.custom_variables or []}
        return next((values[name.lower()] for name in names if values.get(name.lower())), "")


class Reply(Payload):
    """One message of a thread, inbound or (folder "Sent") outbound."""

    id: ExternalId
    subject: Text = Field("", validation_alias=AliasChoices("email_subject", "subject"))
    from_email_address: Text = ""
    from_name: Text = ""
    to: list[Address] | None = None
    cc: list[Address] | None = None
    bcc: list[Address] | None = None
    html_body: Text = ""
    text_body: Text = ""
    raw_message_id: Text = ""
    date_received: Text = ""
    created_at: Text = ""
    automated_reply: bool | None = None
    interested: bool | None = None
    headers: Any = None
    raw_headers: Any = None
    raw_body: Any = None
    type: Text = ""
    folder: Text = ""
    lead_id: ExternalId | None = None
    campaign_id: ExternalId | None = None
    sender_email_id: ExternalId | None = None
    scheduled_email_id: ExternalId | None = None

    @property
    def at(self) -> datetime | None:
        return parse_time(self.date_received) or parse_time(self.created_at)


class SentEmail(Payload):
    """`id` is the webhook's `scheduled_email.id`."""

    id: ExternalId
    lead_id: ExternalId | None = None
    email_subject: Text = ""
    email_body: Text = ""
    status: Text = ""
    sent_at: Text = ""
    raw_message_id: Text = ""

    @property
    def at(self) -> datetime | None:
        return parse_time(self.sent_at)


DEAD = {
    "disconnected", "not connected", "disabled", "inactive", "error", "invalid", "paused", "banned", "suspended",
}  # fmt: skip
"""What EmailBison says of a mailbox that cannot send."""


class SenderEmail(Payload):
    id: ExternalId
    email: Text = Field("", validation_alias=AliasChoices("email", "email_address"))
    name: Text = ""
    status: Text = ""

    @property
    def is_down(self) -> bool:
        """Whether nothing goes out over it."""
        return self.status.lower() in DEAD


class Account(Payload):
    """Whose key this is."""

    workspace_id: ExternalId | None = Field(None, validation_alias="id")
    workspace_name: Text = Field("", validation_alias="name")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets a reply."""

    email_address: str
    name: str = ""

    def as_json(self) -> dict[str, str]:
        return {"name": self.name, "email_address": self.email_address}


class EmailBisonClient:
    """Calls for one workspace key. Every method takes a Deadline and raises the tree of integrations.errors."""

    def __init__(self, session: ProviderSession) -> None:
        self._session = session

    @classmethod
    def for_integration(cls, integration: Integration) -> Self:
        """Raises ProviderMisconfigured where no key is set."""
        key = required_secret(integration, "api_key")
        return cls(
            session_for(
                integration,
                base_url=base_url_of(integration),
                headers={"Authorization": f"Bearer {key}"},
                timeout_ms=settings.EMAILBISON_TIMEOUT_MS,
                max_retries=settings.EMAILBISON_MAX_RETRIES,
                classify=classify,
            )
        )

    # Reference: EmailBison API, GET /api/users
    def account(self, deadline: Deadline) -> Account:
        """The workspace the key belongs to: the cheapest proof that key and host fit."""

        def parse(response: Response) -> Account:
            user = _inner(response.data)
            return Account.model_validate(user.get("workspace") or user.get("team") or {})

        return self._session.request("GET", "/api/users", operation="account", deadline=deadline, parse=parse)

    # Reference: GET /api/campaigns
    def campaigns(self, deadline: Deadline) -> list[Campaign]:
        return list(self._pages(Campaign, "/api/campaigns", {}, "campaigns", deadline, names=("campaigns",)))

    # Reference: POST /api/campaigns/{id}/leads/stop-future-emails
    def stop_future_emails(self, campaign_id: str, lead_ids: Sequence[str], deadline: Deadline) -> None:
        """No further campaign e-mails to these leads. Raises ProviderRejected also for a 200 with `success: false`."""

        def parse(response: Response) -> None:
            if _inner(response.data).get("success") is not True:
                raise ValueError("no data.success")

        self._session.request(
            "POST",
            f"/api/campaigns/{_number(campaign_id)}/leads/stop-future-emails",
            operation="stop_future_emails",
            deadline=deadline,
            json={"lead_ids": [_number(lead_id) for lead_id in lead_ids]},
            parse=parse,
        )

    # Reference: GET /api/leads/{id}
    def lead(self, lead_id: str, deadline: Deadline) -> Lead:
        return self._session.request(
            "GET", f"/api/leads/{_number(lead_id)}", operation="lead", deadline=deadline, parse=_lead
        )

    # Reference: GET /api/leads?filters[search]=
    def find_lead(self, email: str, deadline: Deadline) -> Lead | None:
        """The lead with exactly this address (whatever its case): the search itself also finds similar ones.

        Instances differ in the name of the filter and ignore one they do not know, so all are asked in turn.
        """
        for name in SEARCHES:
            params = {name: email, "per_page": 200}
            found = self._pages(
                Lead, "/api/leads", params, "find_lead", deadline, names=("leads",), max_pages=1
            )
            for lead in found:
                if lead.email.lower() == email.lower():
                    return lead
        return None

    # Reference: POST /api/leads
    def create_lead(self, email: str, first_name: str, last_name: str, deadline: Deadline) -> Lead:
        return self._session.request(
            "POST",
            "/api/leads",
            operation="create_lead",
            deadline=deadline,
            json={"email": email, "first_name": first_name, "last_name": last_name},
            parse=_lead,
        )

    # Reference: PATCH /api/leads/{id}
    def set_variables(self, lead_id: str, variables: Mapping[str, str], deadline: Deadline) -> None:
        """Set custom variables of a lead; others stay."""
        self._session.request(
            "PATCH",
            f"/api/leads/{_number(lead_id)}",
            operation="set_variables",
            deadline=deadline,
            json={"custom_variables": [{"name": name, "value": value} for name, value in variables.items()]},
        )

    # Reference: GET /api/leads/{id}/replies
    def lead_replies(self, lead_id: str, deadline: Deadline) -> list[Reply]:
        """The lead's thread, both directions."""
        path, params = (
            f"/api/leads/{_number(lead_id)}/replies",
            {"filters[folder]": "all", "per_page": PER_PAGE},
        )
        return list(self._pages(Reply, path, params, "lead_replies", deadline, names=("replies",)))

    # Reference: GET /api/replies
    def replies_since(self, since: datetime, deadline: Deadline) -> Iterator[Reply]:
        """The workspace's replies from `since` on, newest first, page by page as they are consumed."""
        params = {"per_page": PER_PAGE}
        for reply in self._pages(Reply, "/api/replies", params, "replies", deadline, names=("replies",)):
            if reply.at is not None and reply.at < since:
                return
            yield reply

    # Reference: GET /api/leads/{id}/sent-emails
    def sent_emails(
        self, lead_id: str, deadline: Deadline, *, timeout_ms: int | None = None
    ) -> list[SentEmail]:
        """What campaigns and replies sent to the lead. `timeout_ms`: limit of one attempt, for a page."""
        path, params = f"/api/leads/{_number(lead_id)}/sent-emails", {"per_page": PER_PAGE}
        names = ("sent_emails", "emails")
        return list(
            self._pages(SentEmail, path, params, "sent_emails", deadline, names=names, timeout_ms=timeout_ms)
        )

    # Reference: GET /api/sender-emails
    def sender_emails(self, deadline: Deadline) -> list[SenderEmail]:
        names = ("sender_emails",)
        return list(
            self._pages(SenderEmail, "/api/sender-emails", {}, "sender_emails", deadline, names=names)
        )

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
        bcc: Sequence[Recipient] = (),
    ) -> None:
        """Answer a reply. Called once, never repeated; the error's `sent` says whether it may have gone out.

        Raises ProviderRejected with code `invalid_sender` where another sender e-mail has to be taken.
        """
        body: dict[str, Any] = {
            "message": message_html,
            "sender_email_id": _number(sender_email_id),
            "to_emails": [person.as_json() for person in to],
            "inject_previous_email_body": False,
            "content_type": "html",
        }
        if subject:
            body["subject"] = subject
        if cc:
            body["cc_emails"] = [person.as_json() for person in cc]
        if bcc:
            body["bcc_emails"] = [person.as_json() for person in bcc]
        self._session.request(
            "POST", f"/api/replies/{_number(reply_id)}/reply", operation="reply", deadline=deadline, json=body
        )

    def _pages(
        self,
        model: type[Item],
        path: str,
        params: Mapping[str, Any],
        operation: str,
        deadline: Deadline,
        *,
        names: tuple[str, ...],
        max_pages: int = MAX_PAGES,
        timeout_ms: int | None = None,
    ) -> Iterator[Item]:
        """All pages of a list, each once. Of `links.next` only the query is taken, never its host."""

        def parse(response: Response) -> tuple[list[Item], dict[str, str]]:
            items = [model.model_validate(item) for item in items_of(response.data, *names)]
            return items, _next_query(response.data)

        query, seen = dict(params), []
        for _ in range(max_pages):
            items, following = self._session.request(
                "GET",
                path,
                operation=operation,
                deadline=deadline,
                params=query,
                timeout_ms=timeout_ms,
                parse=parse,
            )
            yield from items
            seen.append(query)
            query = {**params, **following}
            if not following or query in seen:
                return


def _next_query(data: Any) -> dict[str, str]:
    """The query of the next page by `links.next`, else by `meta`; empty on the last one."""
    if not isinstance(data, dict):
        return {}
    link = (data.get("links") or {}).get("next")
    if link:
        return dict(parse_qsl(urlsplit(str(link)).query))
    meta = data.get("meta") or {}
    current, last = meta.get("current_page"), meta.get("last_page")
    more = isinstance(current, int) and isinstance(last, int) and current < last
    return {"page": str(current + 1)} if more else {}


def _number(value: str | int) -> int:
    """EmailBison's ids are numbers; anything else would be a different address. Raises ProviderRejected."""
    if not str(value).isdigit():
        raise ProviderRejected("emailbison", code="invalid_id", sent=False)
    return int(value)


def _inner(data: Any) -> dict[str, Any]:
    inner = data.get("data", data)
    return inner if isinstance(inner, dict) else data


def _lead(response: Response) -> Lead:
    return Lead.model_validate(_inner(response.data))
