"""Calls to Instantly's API v2: e-mails and campaigns, and answers in existing threads (docs/reference/instantly.md).

A key belongs to one workspace. Reference: https://developer.instantly.ai/api/v2
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import AliasChoices, Field, field_validator

from integrations.client import base_url_of, items_of, required_secret, session_for
from integrations.http.session import ProviderSession, Response
from integrations.instantly.errors import classify
from integrations.models import Integration
from integrations.payload import ExternalId, LooseText, Payload, Text, parse_time
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
    name: Text = ""


class Account(Payload):
    """A mailbox at Instantly. A negative `status` is an error of its connection or of sending."""

    email: Text = ""
    status: int = 1

    @property
    def is_down(self) -> bool:
        return self.status < 0


class Body(Payload):
    text: Text = ""
    html: Text = ""


class Email(Payload):
    """One e-mail at Instantly. `received` tells whether it came in or went out."""

    id: ExternalId
    from_email: LooseText = Field("", validation_alias="from_address_email")
    campaign_id: LooseText = ""
    is_auto_reply: bool | None = None
    thread_id: LooseText = ""
    subject: Text = ""
    lead: Text = ""
    eaccount: Text = ""
    ue_type: int = 0
    body: Body = Body()
    timestamp: LooseText = Field("", validation_alias=AliasChoices("timestamp_email", "timestamp_created"))

    @field_validator("body", mode="before")
    @classmethod
    def _lenient(cls, raw: Any) -> Any:
        return raw if isinstance(raw, dict) else {}

    @property
    def received(self) -> bool:
        return self.ue_type == 2

    @property
    def at(self) -> datetime | None:
        return parse_time(self.timestamp)


class InstantlyClient:
    """Makes calls to Instantly with the key of one account. Every method takes a Deadline and
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
                timeout_ms=TIMEOUT_MS,
                classify=classify,
            )
        )

    # Reference: GET /workspaces/current
    def workspace(self, deadline: Deadline) -> Workspace:
        """The Instantly workspace that the key belongs to."""
        return self._session.request(
            "GET",
            "/workspaces/current",
            operation="workspace",
            deadline=deadline,
            parse=lambda response: Workspace.model_validate(response.data),
        )

    # Reference: GET /accounts
    def accounts(self, deadline: Deadline) -> list[Account]:
        """The mailboxes of the Instantly workspace, at most a thousand."""
        accounts: list[Account] = []
        after = ""
        for _ in range(ACCOUNT_PAGES):
            page, after = self._session.request(
                "GET",
                "/accounts",
                operation="accounts",
                deadline=deadline,
                params={"limit": PAGE} | ({"starting_after": after} if after else {}),
                parse=lambda response: (
                    [Account.model_validate(account) for account in items_of(response.data, "items")],
                    str(response.data.get("next_starting_after") or ""),
                ),
            )
            accounts += page
            if not after:
                break
        return accounts

    # Reference: GET /campaigns
    def campaigns(self, deadline: Deadline) -> list[Campaign]:
        """The first hundred campaigns of the Instantly workspace."""
        return self._session.request(
            "GET",
            "/campaigns",
            operation="campaigns",
            deadline=deadline,
            params={"limit": PAGE},
            parse=lambda response: [
                Campaign.model_validate(campaign) for campaign in items_of(response.data, "items")
            ],
        )

    # Reference: GET /emails
    def emails_of(self, lead_email: str, deadline: Deadline) -> list[Email]:
        """The latest e-mails to and from a lead, newest first, at most a hundred. They are searched when nobody knows
        whether an answer went out.
        """
        return self._session.request(
            "GET",
            "/emails",
            operation="emails",
            deadline=deadline,
            params={"lead": lead_email, "limit": PAGE},
            parse=lambda response: [
                Email.model_validate(email) for email in items_of(response.data, "items")
            ],
        )

    # Reference: GET /emails
    def received_since(self, since: datetime, deadline: Deadline) -> Iterator[Email]:
        """The e-mails that came in since `since` (aware), and those without a time, in Instantly's order: the newest
        first by its own time of creation, so not strictly by the time that an e-mail has.

        Pages of PAGE e-mails are read only as the result is consumed: at most MAX_PAGES, and none after one whose
        e-mails are all older than `since`.
        """

        def parse(response: Response) -> tuple[list[Email], str]:
            items = [Email.model_validate(row) for row in items_of(response.data, "items")]
            return items, str(response.data.get("next_starting_after") or "")

        query: dict[str, Any] = {"email_type": "received", "limit": PAGE}
        for _ in range(MAX_PAGES):
            emails, following = self._session.request(
                "GET",
                "/emails",
                operation="received_since",
                deadline=deadline,
                params=query,
                parse=parse,
            )
            recent = [email for email in emails if email.at is None or email.at >= since]
            yield from recent
            if (emails and not recent) or not following or following == query.get("starting_after"):
                return
            query = {**query, "starting_after": following}

    # Reference: GET /block-lists-entries
    def is_blocked(self, address: str, deadline: Deadline) -> bool:
        """Whether exactly this e-mail address, whatever its case, is on the Instantly workspace's block list. Only the
        first hundred entries that Instantly finds for it are read.
        """

        def parse(response: Response) -> bool:
            entries = items_of(response.data, "items")
            return any(str(entry.get("bl_value", "")).lower() == address.lower() for entry in entries)

        return self._session.request(
            "GET",
            "/block-lists-entries",
            operation="is_blocked",
            deadline=deadline,
            params={"search": address, "limit": PAGE},
            parse=parse,
        )

    # Reference: POST /block-lists-entries
    def block(self, address: str, deadline: Deadline) -> None:
        """Put an e-mail address on the Instantly workspace's block list, so that none of its campaigns mails it any
        more. Raises ProviderRejected if it is there already.
        """
        self._session.request(
            "POST",
            "/block-lists-entries",
            operation="block",
            deadline=deadline,
            json={"bl_value": address},
            expect_json=False,
        )

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
        bcc: Sequence[str] = (),
    ) -> str:
        """Send an answer to the e-mail `reply_to_uuid` from our mailbox `eaccount`, in one call without retries.

        Returns the id of the new e-mail, or "" if Instantly does not say it. An error's `sent` says whether it may have
        gone out.
        """
        body: dict[str, Any] = {
            "reply_to_uuid": reply_to_uuid,
            "eaccount": eaccount,
            "subject": subject,
            "body": {name: content for name, content in (("text", text), ("html", html)) if content},
        }
        if cc:
            body["cc_address_email_list"] = ",".join(cc)
        if bcc:
            body["bcc_address_email_list"] = ",".join(bcc)

        def parse(response: Response) -> str:
            return str(response.data.get("id") or "")

        return self._session.request(
            "POST", "/emails/reply", operation="reply", deadline=deadline, json=body, parse=parse
        )
