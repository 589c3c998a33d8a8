"""Calls to SmartLead's API: campaigns, and replies in existing threads (docs/reference/smartlead.md).

The API key is part of the query, so addresses of SmartLead must never be logged.
Reference: https://api.smartlead.ai/reference
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Self, TypeVar

from pydantic import AliasChoices, Field

from integrations.carriers import Answered
from integrations.client import base_url_of, items_of, required_secret, session_for
from integrations.errors import ProviderRejected
from integrations.http.session import ProviderSession, Response
from integrations.models import Integration
from integrations.payload import ExternalId, LooseText, Payload, Text, parse_time
from integrations.smartlead.errors import classify
from jobs.deadline import Deadline

TIMEOUT_MS = 30_000
INBOX_PAGE = 20
"""The most threads that the master inbox returns at once."""
INBOX_PAGES = 200
ACCOUNT_PAGE = 100
"""The most mailboxes that SmartLead lists at once."""
ACCOUNT_PAGES = 100

T = TypeVar("T")


class Campaign(Payload):
    id: ExternalId
    name: Text = ""
    status: Text = ""


class Lead(Payload):
    id: ExternalId
    email: Text = ""


class Account(Payload):
    """One of our mailboxes. Fields that SmartLead leaves out say nothing, so the mailbox counts as working."""

    email: Text = Field("", validation_alias="from_email")
    smtp_works: bool | None = Field(None, validation_alias="is_smtp_success")
    imap_works: bool | None = Field(None, validation_alias="is_imap_success")

    @property
    def is_down(self) -> bool:
        return self.smtp_works is False or self.imap_works is False


class HistoryItem(Payload):
    """One e-mail of a SmartLead thread. `kind` is SENT or REPLY."""

    kind: Text = Field("", validation_alias="type")
    from_email: LooseText = Field("", validation_alias="from")
    to_email: LooseText = Field("", validation_alias="to")
    message_id: LooseText = ""
    stats_id: LooseText = ""
    time: LooseText = ""
    subject: Text = ""
    html: Text = Field("", validation_alias=AliasChoices("email_body", "html"))

    @property
    def at(self) -> datetime | None:
        return parse_time(self.time)


class Thread(Payload):
    """A lead's thread in SmartLead's master inbox, with its e-mails."""

    lead_email: LooseText = ""
    first_name: LooseText = Field("", validation_alias="lead_first_name")
    last_name: LooseText = Field("", validation_alias="lead_last_name")
    campaign_id: LooseText = Field("", validation_alias="email_campaign_id")
    campaign_name: LooseText = Field("", validation_alias="email_campaign_name")
    last_reply: LooseText = Field("", validation_alias="last_reply_time")
    items: list[HistoryItem] | None = Field(None, validation_alias="email_history")

    @property
    def last_reply_at(self) -> datetime | None:
        return parse_time(self.last_reply)


class SmartLeadClient:
    """Makes calls to SmartLead with the key of one account. Every method takes a Deadline and
    raises the errors of integrations.errors.
    """

    def __init__(self, session: ProviderSession, api_key: str) -> None:
        self._session = session
        self._key = {"api_key": api_key}

    @classmethod
    def for_integration(cls, integration: Integration) -> Self:
        """The client of an account. Raises ProviderMisconfigured if the account has no key, and
        SecretsUnreadable if it cannot be decrypted.
        """
        key = required_secret(integration, "api_key")
        url = base_url_of(integration)
        return cls(session_for(integration, base_url=url, timeout_ms=TIMEOUT_MS, classify=classify), key)

    # Reference: GET /campaigns
    def campaigns(self, deadline: Deadline) -> list[Campaign]:
        """All campaigns of the SmartLead account."""

        def parse(response: Response) -> list[Campaign]:
            return [Campaign.model_validate(row) for row in items_of(response.data, "campaigns")]

        return self._get("/campaigns", "campaigns", deadline, parse)

    # Reference: GET /email-accounts/
    def mailboxes(self, deadline: Deadline) -> list[Account]:
        """The mailboxes of the SmartLead account, at most ten thousand."""
        mailboxes: list[Account] = []
        for page in range(ACCOUNT_PAGES):
            place = {"offset": str(page * ACCOUNT_PAGE), "limit": str(ACCOUNT_PAGE)}
            accounts = self._get("/email-accounts/", "mailboxes", deadline, _accounts, place)
            mailboxes += accounts
            if len(accounts) < ACCOUNT_PAGE:
                break
        return mailboxes

    # Reference: GET /leads/?email=
    def find_lead(self, email: str, deadline: Deadline) -> Lead | None:
        """SmartLead's lead with this e-mail address, or None. SmartLead answers with an
        empty object if there is none.
        """

        def parse(response: Response) -> Lead | None:
            return Lead.model_validate(response.data) if response.data.get("id") else None

        return self._get("/leads/", "find_lead", deadline, parse, {"email": email})

    # Reference: GET /campaigns/{campaign_id}/leads/{lead_id}/message-history
    def history(self, campaign_id: str, lead_id: str, deadline: Deadline) -> list[HistoryItem]:
        """The e-mails of the thread with a lead, oldest first. They are searched when
        nobody knows whether an answer went out.
        """

        def parse(response: Response) -> list[HistoryItem]:
            return [HistoryItem.model_validate(row) for row in items_of(response.data, "history")]

        path = f"/campaigns/{_number(campaign_id)}/leads/{_number(lead_id)}/message-history"
        return self._get(path, "history", deadline, parse)

    # Reference: POST /master-inbox/inbox-replies
    def threads_since(self, since: datetime, deadline: Deadline) -> Iterator[Thread]:
        """SmartLead's threads with a reply since `since` (aware), each with its e-mails, the newest reply first.
        Threads without a time are not left out.

        Pages are read only as the result is consumed, at most INBOX_PAGES of INBOX_PAGE threads.
        """
        query = {"fetch_message_history": "true", **self._key}
        for page in range(INBOX_PAGES):
            body = {
                "offset": page * INBOX_PAGE,
                "limit": INBOX_PAGE,
                "filters": {"emailStatus": "Replied"},
                "sortBy": "REPLY_TIME_DESC",
            }
            threads = self._session.request(
                "POST",
                "/master-inbox/inbox-replies",
                operation="threads_since",
                deadline=deadline,
                params=query,
                json=body,
                # Reads a list; it is a POST only because the filters do not fit into a query.
                idempotent=True,
                parse=lambda response: [Thread.model_validate(row) for row in items_of(response.data)],
            )
            for thread in threads:
                if thread.last_reply_at is not None and thread.last_reply_at < since:
                    return
                yield thread
            if len(threads) < INBOX_PAGE:
                return

    # Reference: POST /campaigns/{campaign_id}/leads/{lead_id}/unsubscribe
    def unsubscribe(self, campaign_id: str, lead_id: str, deadline: Deadline) -> None:
        """Stop further e-mails of a SmartLead campaign to the lead. Repeating it changes nothing."""
        self._session.request(
            "POST",
            f"/campaigns/{_number(campaign_id)}/leads/{_number(lead_id)}/unsubscribe",
            operation="unsubscribe",
            deadline=deadline,
            params=self._key,
            expect_json=False,
        )

    # Reference: POST /campaigns/{campaign_id}/reply-email-thread
    def reply(
        self,
        answers: Answered,
        *,
        to_email: str,
        html: str,
        deadline: Deadline,
        cc: Sequence[str] = (),
    ) -> None:
        """Send an answer in a campaign's thread, in one call without retries. `answers`: the reply that it answers;
        SmartLead calls its thread `stats_id`. SmartLead does not return the id of the new message. An error's `sent`
        says whether it may have gone out.
        """
        at = answers.sent_at.astimezone(UTC).isoformat(timespec="milliseconds")
        body = {
            "email_stats_id": answers.thread_id,
            "email_body": html,
            "reply_message_id": answers.external_id,
            "reply_email_time": at.replace("+00:00", "Z"),
            "reply_email_body": answers.body,
            "to_email": to_email,
            "cc": ",".join(cc),
        }
        self._session.request(
            "POST",
            f"/campaigns/{_number(answers.campaign_id)}/reply-email-thread",
            operation="reply",
            deadline=deadline,
            params=self._key,
            json={name: text for name, text in body.items() if text},
            expect_json=False,
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
            "GET",
            path,
            operation=operation,
            deadline=deadline,
            params={**(params or {}), **self._key},
            parse=parse,
        )


def _accounts(response: Response) -> list[Account]:
    return [Account.model_validate(row) for row in items_of(response.data)]


def _number(number: str) -> int:
    """The id as a number. Raises ProviderRejected for anything else, which would change the address of the call."""
    text = str(number)
    if not (text.isascii() and text.isdecimal()):
        raise ProviderRejected("smartlead", code="invalid_id", sent=False)
    return int(number)
