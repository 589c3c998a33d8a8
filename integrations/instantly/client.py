"""Calls to Instantly's API v2: emails and campaigns, and answers in existing threads (docs/reference/instantly.md).

A key belongs to one workspace. Reference: https://developer.instantly.ai/api/v2
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from integrations.client import ProviderClient, bearer_session, items_of, page, rows, single, until_older
from integrations.http.session import ProviderSession, Response
from integrations.instantly.errors import classify
from integrations.models import Integration
from integrations.payload import ExternalId, LooseText, Moment, Payload, Text
from jobs.deadline import Deadline

TIMEOUT_MS = 30_000
PAGE = 100
ACCOUNT_PAGES = 10
MAX_PAGES = 200


class Workspace(Payload):
    id: ExternalId
    name: Text = ""


class Campaign(Payload):
    id: ExternalId


class Account(Payload):
    """A mailbox that Instantly sends from. A negative `status` is an error of connecting or sending."""

    email: Text = ""
    status: int = 1

    @property
    def is_down(self) -> bool:
        return self.status < 0


class Body(Payload):
    text: Text = ""
    html: Text = ""


class Email(Payload):
    """An email as Instantly lists it. `received` says whether it is inbound."""

    id: ExternalId
    from_email: LooseText = Field("", validation_alias="from_address_email")
    campaign_id: LooseText = ""
    is_auto_reply: bool | None = None
    thread_id: LooseText = ""
    subject: Text = ""
    lead: Text = ""
    eaccount: Text = ""
    ue_type: int = 0
    body: Annotated[Body, BeforeValidator(lambda raw: raw if isinstance(raw, dict) else {})] = Body()
    at: Moment = Field(None, validation_alias=AliasChoices("timestamp_email", "timestamp_created"))

    @property
    def received(self) -> bool:
        return self.ue_type == 2


class InstantlyClient(ProviderClient):
    @staticmethod
    def session_of(integration: Integration) -> ProviderSession:
        return bearer_session(integration, timeout_ms=TIMEOUT_MS, classify=classify)

    # Reference: GET /workspaces/current
    def workspace(self, deadline: Deadline) -> Workspace:
        return self._get("/workspaces/current", "workspace", deadline, single(Workspace))

    # Reference: GET /accounts
    def accounts(self, deadline: Deadline) -> list[Account]:
        """Returns the workspace's mailboxes, at most a thousand."""
        parse = page(Account, "starting_after", "next_starting_after", "items")
        query = {"limit": PAGE}
        accounts = self._entries("/accounts", "accounts", deadline, parse, ACCOUNT_PAGES, query, whole=False)
        return list(accounts)

    # Reference: GET /campaigns
    def campaigns(self, deadline: Deadline) -> list[Campaign]:
        return self._get("/campaigns", "campaigns", deadline, rows(Campaign, "items"), {"limit": PAGE})

    # Reference: GET /emails
    def emails_of(self, lead_email: str, deadline: Deadline) -> list[Email]:
        """Returns the latest emails to and from a lead, newest first, at most a hundred."""
        params = {"lead": lead_email, "limit": PAGE}
        return self._get("/emails", "emails", deadline, rows(Email, "items"), params)

    # Reference: GET /emails
    def received_since(self, since: datetime, deadline: Deadline) -> Iterator[Email]:
        """Yields the emails received since `since` (aware), and those without a time, newest first.

        Instantly sorts by its own creation time, so reading stops after the first page whose emails are all older.
        """
        parse = page(Email, "starting_after", "next_starting_after", "items")
        params = {"email_type": "received", "limit": PAGE}
        return until_older(
            self._pages("/emails", "received_since", deadline, parse, MAX_PAGES, params), since
        )

    # Reference: GET /block-lists-entries
    def is_blocked(self, address: str, deadline: Deadline) -> bool:
        """Whether exactly this address is on the block list. Reads only the first hundred matches."""

        def parse(response: Response) -> bool:
            entries = items_of(response.data, "items")
            return any(str(entry.get("bl_value", "")).lower() == address.lower() for entry in entries)

        params = {"search": address, "limit": PAGE}
        return self._get("/block-lists-entries", "is_blocked", deadline, parse, params)

    # Reference: POST /block-lists-entries
    def block(self, address: str, deadline: Deadline) -> None:
        """Adds an address to the block list. Raises ProviderRejected if the block list already contains the address."""
        self._post("/block-lists-entries", "block", deadline, {"bl_value": address}, expect_json=False)

    # Reference: POST /emails/reply
    def reply(
        self,
        reply_to_uuid: str,
        *,
        eaccount: str,
        subject: str,
        deadline: Deadline,
        text: str = "",
        html: str = "",
        cc: Sequence[str] = (),
    ) -> str:
        """Answers an email from our mailbox `eaccount`, in one call. Returns the id of the new email, or ""."""
        body: dict[str, Any] = {
            "reply_to_uuid": reply_to_uuid,
            "eaccount": eaccount,
            "subject": subject,
            "body": {name: content for name, content in (("text", text), ("html", html)) if content},
        }
        if cc:
            body["cc_address_email_list"] = ",".join(cc)
        return self._post(
            "/emails/reply", "reply", deadline, body, lambda response: str(response.data.get("id") or "")
        )
