"""Calls to EmailBison's API ("Inboxxia"): campaigns, leads, replies and sent e-mails (docs/reference/emailbison.md).

A key belongs to one workspace and is valid on exactly one host. The API can only answer an existing reply and cannot
start a thread.
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
from integrations.http.session import ProviderSession, Response
from integrations.models import Integration
from integrations.payload import ExternalId, Payload, Text, parse_time
from jobs.deadline import Deadline

MAX_PAGES = 200
PER_PAGE = 100
SEARCHES = ("filters[search]", "search", "filters[email]", "filters[email_address]")
"""Possible names of the filter for an address, the most common one first."""
Item = TypeVar("Item", bound=BaseModel)


def sent_id(reply_id: str) -> str:
    """Our id of a mail that EmailBison lists among the replies, in the folder Sent. The ids of replies and of scheduled
    e-mails are counted apart, so it cannot be the bare number.
    """
    return f"reply:{reply_id}" if reply_id else ""


def is_outgoing(folder: str, kind: str) -> bool:
    """Whether a reply of EmailBison with this folder and type is a mail that went out."""
    return folder.lower() == "sent" or kind.lower().startswith("outgoing")


class Address(Payload):
    """A recipient in EmailBison's lists: address and name."""

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
        """The first of the lead's custom variables `names` at EmailBison that is not empty,
        or "". Upper and lower case do not matter.
        """
        values = {custom.name.strip().lower(): custom.value.strip() for custom in self.custom_variables or []}
        return next((values[name.lower()] for name in names if values.get(name.lower())), "")


class Reply(Payload):
    """One message of an EmailBison thread: inbound, or outbound if its folder is "Sent"."""

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
    attachments: Any = None
    type: Text = ""
    folder: Text = ""
    lead_id: ExternalId | None = None
    campaign_id: ExternalId | None = None
    sender_email_id: ExternalId | None = None
    scheduled_email_id: ExternalId | None = None

    @property
    def at(self) -> datetime | None:
        return parse_time(self.date_received) or parse_time(self.created_at)

    @property
    def outgoing(self) -> bool:
        """Whether it is a mail that went out."""
        return is_outgoing(self.folder, self.type)


class SentEmail(Payload):
    """An e-mail that EmailBison has sent. `id` is what its webhooks call `scheduled_email.id`."""

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
"""States of a mailbox that cannot send."""


class SenderEmail(Payload):
    id: ExternalId
    email: Text = Field("", validation_alias=AliasChoices("email", "email_address"))
    name: Text = ""
    status: Text = ""

    @property
    def is_down(self) -> bool:
        """Whether EmailBison says that the mailbox cannot send."""
        return self.status.lower() in DEAD


class Account(Payload):
    """The EmailBison workspace that the key belongs to."""

    workspace_id: ExternalId | None = Field(None, validation_alias="id")
    workspace_name: Text = Field("", validation_alias="name")


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person to whom an answer goes through EmailBison: address and name."""

    email_address: str
    name: str = ""

    def as_json(self) -> dict[str, str]:
        return {"name": self.name, "email_address": self.email_address}


class EmailBisonClient:
    """Makes calls to EmailBison with the key of one account. Every method takes a Deadline and
    raises the errors of integrations.errors.
    """

    def __init__(self, session: ProviderSession) -> None:
        self._session = session

    @classmethod
    def for_integration(cls, integration: Integration) -> Self:
        """The client of an account. Raises ProviderMisconfigured if the account has no key, and
        SecretsUnreadable if it cannot be decrypted.
        """
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
        """The EmailBison workspace that the key belongs to. This is the cheapest call that proves that key and host
        fit.
        """

        def parse(response: Response) -> Account:
            user = _inner(response.data)
            return Account.model_validate(user.get("workspace") or user.get("team") or {})

        return self._session.request("GET", "/api/users", operation="account", deadline=deadline, parse=parse)

    # Reference: GET /api/campaigns
    def campaigns(self, deadline: Deadline) -> list[Campaign]:
        """All campaigns of the EmailBison workspace."""
        return list(self._pages(Campaign, "/api/campaigns", {}, "campaigns", deadline, names=("campaigns",)))

    # Reference: POST /api/campaigns/{id}/leads/stop-future-emails
    def stop_future_emails(self, campaign_id: str, lead_ids: Sequence[str], deadline: Deadline) -> None:
        """Stop further e-mails of an EmailBison campaign to these leads.

        Raises ProviderRejected also for an answer 200 with `success: false` and for an id that is no number, and
        ProviderFault for a 200 that does not confirm it.
        """

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
        """EmailBison's lead with this id. Raises ProviderRejected if there is none."""
        return self._session.request(
            "GET", f"/api/leads/{_number(lead_id)}", operation="lead", deadline=deadline, parse=_lead
        )

    # Reference: GET /api/leads?filters[search]=
    def find_lead(self, email: str, deadline: Deadline) -> Lead | None:
        """EmailBison's lead with exactly this e-mail address, whatever its case, or None.

        It reads the first page (at most 200 leads) of EmailBison's search, which also finds similar addresses.
        Instances of EmailBison differ in the filter's name and ignore an unknown one, so all names of SEARCHES are
        tried in turn.
        """
        for name in SEARCHES:
            params = {name: email, "per_page": 200}
            leads = self._pages(
                Lead, "/api/leads", params, "find_lead", deadline, names=("leads",), max_pages=1
            )
            for lead in leads:
                if lead.email.lower() == email.lower():
                    return lead
        return None

    # Reference: POST /api/leads
    def create_lead(self, email: str, first_name: str, last_name: str, deadline: Deadline) -> Lead:
        """Create a lead at EmailBison and return it. Raises ProviderRejected if the address is taken."""
        return self._session.request(
            "POST",
            "/api/leads",
            operation="create_lead",
            deadline=deadline,
            json={"email": email, "first_name": first_name, "last_name": last_name},
            parse=_lead,
        )

    # Reference: GET /api/replies
    def replies_since(self, since: datetime, deadline: Deadline) -> Iterator[Reply]:
        """The messages of the EmailBison workspace, newest first, until the first one before `since` (aware). Those in
        the folder "Sent" are ours, and those without a time are not left out.

        Pages are read only as the result is consumed, at most MAX_PAGES of PER_PAGE messages.
        """
        params = {"per_page": PER_PAGE}
        for reply in self._pages(Reply, "/api/replies", params, "replies", deadline, names=("replies",)):
            if reply.at is not None and reply.at < since:
                return
            yield reply

    # Reference: GET /api/replies/{reply_id}/conversation-thread
    def newer_messages(self, reply_id: str, deadline: Deadline) -> list[Reply]:
        """The messages of the thread of a reply that are newer than it, in both directions. Raises ProviderRejected if
        there is no such reply, and ProviderFault for an answer that names no newer messages.
        """

        def parse(response: Response) -> list[Reply]:
            return [Reply.model_validate(reply) for reply in _inner(response.data)["newer_messages"]]

        return self._session.request(
            "GET",
            f"/api/replies/{_number(reply_id)}/conversation-thread",
            operation="newer_messages",
            deadline=deadline,
            parse=parse,
        )

    # Reference: GET /api/leads/{id}/sent-emails
    def sent_emails(
        self, lead_id: str, deadline: Deadline, *, timeout_ms: int | None = None
    ) -> list[SentEmail]:
        """The e-mails that campaigns and answers have sent to the lead.

        `timeout_ms` limits each attempt, for a call that a page waits for.
        """
        path, params = f"/api/leads/{_number(lead_id)}/sent-emails", {"per_page": PER_PAGE}
        names = ("sent_emails", "emails")
        return list(
            self._pages(SentEmail, path, params, "sent_emails", deadline, names=names, timeout_ms=timeout_ms)
        )

    # Reference: GET /api/sender-emails
    def sender_emails(self, deadline: Deadline) -> list[SenderEmail]:
        """The mailboxes from which the EmailBison workspace sends."""
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
    ) -> str:
        """Send an answer to a reply, from the mailbox `sender_email_id`. Returns the id of the new message (`sent_id`);
        "" if EmailBison does not name it.

        The call is made once and never repeated; an error's `sent` says whether the answer may have gone out.

        Raises ProviderRejected with the code `invalid_sender` if another mailbox must be used.
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
        path = f"/api/replies/{_number(reply_id)}/reply"
        return self._session.request(
            "POST", path, operation="reply", deadline=deadline, json=body, parse=_accepted
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
        """The items of all pages of a list. Of the link to the next page only the query is used, never its host."""

        def parse(response: Response) -> tuple[list[Item], dict[str, str]]:
            items = [model.model_validate(entry) for entry in items_of(response.data, *names)]
            return items, _next_query(response.data)

        query, queries = dict(params), []
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
            queries.append(query)
            query = {**params, **following}
            if not following or query in queries:
                return


def _next_query(body: Any) -> dict[str, str]:
    """The query of the next page, from `links.next` or from `meta`, by cursor or number. Empty on the last page."""
    if not isinstance(body, dict):
        return {}
    link = (body.get("links") or {}).get("next")
    if link:
        return dict(parse_qsl(urlsplit(str(link)).query))
    meta = body.get("meta") or {}
    if meta.get("next_cursor"):
        return {"cursor": str(meta["next_cursor"])}
    current, last = meta.get("current_page"), meta.get("last_page")
    if isinstance(current, int) and isinstance(last, int) and current < last:
        return {"page": str(current + 1)}
    return {}


def _number(provider_id: str | int) -> int:
    """The id as a number. Raises ProviderRejected for anything else, which would change the address of the call."""
    text = str(provider_id)
    if not (text.isascii() and text.isdecimal()):
        raise ProviderRejected("emailbison", code="invalid_id", sent=False)
    return int(provider_id)


def _inner(body: Any) -> dict[str, Any]:
    inner = body.get("data", body)
    return inner if isinstance(inner, dict) else body


def _accepted(response: Response) -> str:
    reply = _inner(response.data).get("reply") if isinstance(response.data, dict) else None
    number = reply.get("id") if isinstance(reply, dict) else None
    return sent_id(str(number)) if isinstance(number, int | str) else ""


def _lead(response: Response) -> Lead:
    return Lead.model_validate(_inner(response.data))
