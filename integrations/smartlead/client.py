"""Calls to SmartLead's API: campaigns, and replies in existing threads (docs/reference/smartlead.md).

The API key is part of the query, so SmartLead's URLs must never be logged. Reference:
https://api.smartlead.ai/reference
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from pydantic import AliasChoices, Field

from integrations.carriers import Answered
from integrations.client import (
    ProviderClient,
    base_url_of,
    number_part,
    pages,
    required_secret,
    rows,
    session_for,
)
from integrations.http.session import ProviderSession, Response
from integrations.models import Integration
from integrations.payload import ExternalId, LooseText, Moment, Payload, Text, utc_text
from integrations.smartlead import NAME
from integrations.smartlead.errors import classify
from jobs.deadline import Deadline

TIMEOUT_MS = 30_000
INBOX_PAGE = 20
"""The maximum number of threads in one page of the master inbox."""
INBOX_PAGES = 200
ACCOUNT_PAGE = 100
"""The maximum number of mailboxes in one page."""
ACCOUNT_PAGES = 100


class Campaign(Payload):
    id: ExternalId


class Lead(Payload):
    id: ExternalId
    email: Text = ""


class Account(Payload):
    """A mailbox of ours at SmartLead. If SmartLead omits its state, the mailbox counts as working."""

    email: Text = Field("", validation_alias="from_email")
    smtp_works: bool | None = Field(None, validation_alias="is_smtp_success")
    imap_works: bool | None = Field(None, validation_alias="is_imap_success")

    @property
    def is_down(self) -> bool:
        return self.smtp_works is False or self.imap_works is False


class HistoryItem(Payload):
    """An email of a SmartLead thread. `kind` is SENT or REPLY."""

    kind: Text = Field("", validation_alias="type")
    from_email: LooseText = Field("", validation_alias="from")
    to_email: LooseText = Field("", validation_alias="to")
    message_id: LooseText = ""
    stats_id: LooseText = ""
    at: Moment = Field(None, validation_alias="time")
    subject: Text = ""
    html: Text = Field("", validation_alias=AliasChoices("email_body", "html"))


class Thread(Payload):
    lead_email: LooseText = ""
    first_name: LooseText = Field("", validation_alias="lead_first_name")
    last_name: LooseText = Field("", validation_alias="lead_last_name")
    campaign_id: LooseText = Field("", validation_alias="email_campaign_id")
    campaign_name: LooseText = Field("", validation_alias="email_campaign_name")
    last_reply_at: Moment = Field(None, validation_alias="last_reply_time")
    items: list[HistoryItem] | None = Field(None, validation_alias="email_history")


class SmartLeadClient(ProviderClient):
    @staticmethod
    def session_of(integration: Integration) -> ProviderSession:
        return session_for(
            integration,
            base_url=base_url_of(integration),
            params={"api_key": required_secret(integration, "api_key")},
            timeout_ms=TIMEOUT_MS,
            classify=classify,
        )

    # Reference: GET /campaigns
    def campaigns(self, deadline: Deadline) -> list[Campaign]:
        return self._get("/campaigns", "campaigns", deadline, rows(Campaign, "campaigns"))

    # Reference: GET /email-accounts/
    def mailboxes(self, deadline: Deadline) -> list[Account]:
        def read(position: dict[str, Any]) -> tuple[list[Account], dict[str, Any]]:
            params = {"offset": 0, "limit": ACCOUNT_PAGE} | position
            accounts = self._get("/email-accounts/", "mailboxes", deadline, rows(Account), params)
            return accounts, _offset_after(params, accounts)

        return list(chain.from_iterable(pages(read, ACCOUNT_PAGES)))

    # Reference: GET /leads/?email=
    def find_lead(self, email: str, deadline: Deadline) -> Lead | None:
        """Returns the lead with this email address; None if SmartLead returns an empty object, which means no lead."""

        def parse(response: Response) -> Lead | None:
            return Lead.model_validate(response.data) if response.data.get("id") else None

        return self._get("/leads/", "find_lead", deadline, parse, {"email": email})

    # Reference: GET /campaigns/{campaign_id}/leads/{lead_id}/message-history
    def history(self, campaign_id: str, lead_id: str, deadline: Deadline) -> list[HistoryItem]:
        """Returns the emails of the thread with a lead, oldest first."""
        path = f"{_lead_path(campaign_id, lead_id)}/message-history"
        return self._get(path, "history", deadline, rows(HistoryItem, "history"))

    # Reference: POST /master-inbox/inbox-replies
    def threads_since(self, since: datetime, deadline: Deadline) -> Iterator[Thread]:
        """Yields threads with a reply since `since` (aware), and threads without a time, newest reply first."""
        filters = {"filters": {"emailStatus": "Replied"}, "sortBy": "REPLY_TIME_DESC"}

        def read(position: dict[str, Any]) -> tuple[list[Thread], dict[str, Any]]:
            body = {"offset": 0, "limit": INBOX_PAGE} | position
            threads = self._post(
                "/master-inbox/inbox-replies",
                "threads_since",
                deadline,
                body | filters,
                rows(Thread),
                params={"fetch_message_history": "true"},
                # The call only reads a list. The call is a POST because its filters do not fit into a query.
                idempotent=True,
            )
            return threads, _offset_after(body, threads)

        for threads in pages(read, INBOX_PAGES, NAME):
            for thread in threads:
                if thread.last_reply_at is not None and thread.last_reply_at < since:
                    return
                yield thread

    # Reference: POST /campaigns/{campaign_id}/leads/{lead_id}/unsubscribe
    def unsubscribe(self, campaign_id: str, lead_id: str, deadline: Deadline) -> None:
        """Stops further emails of a SmartLead campaign to the lead. Unsubscribing is safe to repeat."""
        path = f"{_lead_path(campaign_id, lead_id)}/unsubscribe"
        self._post(path, "unsubscribe", deadline, None, expect_json=False)

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
        """Answers in a campaign's thread, in one call. SmartLead does not return the new message's id."""
        body = {
            "email_stats_id": answers.thread_id,
            "email_body": html,
            "reply_message_id": answers.external_id,
            "reply_email_time": utc_text(answers.sent_at),
            "reply_email_body": answers.body,
            "to_email": to_email,
            "cc": ",".join(cc),
        }
        self._post(
            f"/campaigns/{number_part(NAME, answers.campaign_id)}/reply-email-thread",
            "reply",
            deadline,
            {name: text for name, text in body.items() if text},
            expect_json=False,
        )


def _lead_path(campaign_id: str, lead_id: str) -> str:
    return f"/campaigns/{number_part(NAME, campaign_id)}/leads/{number_part(NAME, lead_id)}"


def _offset_after(query: dict[str, int], entries: Sequence[Payload]) -> dict[str, Any]:
    """Returns the next page's query after a full page, else {}. SmartLead does not say whether there is a next page."""
    full = len(entries) >= query["limit"]
    return {"offset": query["offset"] + query["limit"]} if full else {}
