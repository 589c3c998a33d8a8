"""SmartLead: replies in existing threads, and the campaigns of one API key. Facts: docs/reference/smartlead.md.

The key goes into the query, so no address of SmartLead's may ever be logged.
Reference: https://api.smartlead.ai/reference
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import AliasChoices, Field

from integrations.client import base_url_of, items_of, required_secret, session_for
from integrations.errors import ProviderRejected
from integrations.http import ProviderSession, Response
from integrations.models import Integration
from integrations.payload import ExternalId, LooseText, Payload, Text, parse_time
from integrations.smartlead.errors import classify
from jobs.deadline import Deadline

TIMEOUT_MS = 30_000
INBOX_PAGE = 20
"""As many threads as the master inbox gives at once."""
INBOX_PAGES = 200


class Campaign(Payload):
    id: ExternalId
    name: Text = ""
    status: Text = ""


class Lead(Payload):
    id: ExternalId
    email: Text = ""


class HistoryItem(Payload):
    """One e-mail of a thread; `kind` is SENT or REPLY."""

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
    """A lead's thread in the master inbox, with its e-mails."""

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
    """Calls for one API key. Every method takes a Deadline and raises the tree of integrations.errors."""

    def __init__(self, session: ProviderSession, api_key: str) -> None:
        self._session = session
        self._key = {"api_key": api_key}

    @classmethod
    def for_integration(cls, integration: Integration) -> Self:
        """Raises ProviderMisconfigured where no key is set."""
        key = required_secret(integration, "api_key")
        url = base_url_of(integration)
        return cls(session_for(integration, base_url=url, timeout_ms=TIMEOUT_MS, classify=classify), key)

    # Reference: GET /campaigns
    def campaigns(self, deadline: Deadline) -> list[Campaign]:
        def parse(response: Response) -> list[Campaign]:
            return [Campaign.model_validate(item) for item in items_of(response.data, "campaigns")]

        return self._get("/campaigns", "campaigns", deadline, parse)

    # Reference: GET /leads/?email=
    def find_lead(self, email: str, deadline: Deadline) -> Lead | None:
        """The lead with this address; SmartLead answers an empty object where there is none."""

        def parse(response: Response) -> Lead | None:
            return Lead.model_validate(response.data) if response.data.get("id") else None

        return self._get("/leads/", "find_lead", deadline, parse, {"email": email})

    # Reference: GET /campaigns/{campaign_id}/leads/{lead_id}/message-history
    def history(self, campaign_id: str, lead_id: str, deadline: Deadline) -> list[HistoryItem]:
        """The thread with a lead, oldest first: where a send of unknown outcome is looked for."""

        def parse(response: Response) -> list[HistoryItem]:
            return [HistoryItem.model_validate(item) for item in items_of(response.data, "history")]

        path = f"/campaigns/{_number(campaign_id)}/leads/{_number(lead_id)}/message-history"
        return self._get(path, "history", deadline, parse)

    # Reference: POST /master-inbox/inbox-replies
    def threads_since(self, since: datetime, deadline: Deadline) -> Iterator[Thread]:
        """Threads with a reply from `since` (aware) on, the newest first, page by page as they are consumed."""
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
                idempotent=True,  # a list, asked for by POST because its filters do not fit into a query
                parse=lambda response: [Thread.model_validate(item) for item in items_of(response.data)],
            )
            for thread in threads:
                if thread.last_reply_at is not None and thread.last_reply_at < since:
                    return
                yield thread
            if len(threads) < INBOX_PAGE:
                return

    # Reference: POST /campaigns/{campaign_id}/leads/{lead_id}/unsubscribe
    def unsubscribe(self, campaign_id: str, lead_id: str, deadline: Deadline) -> None:
        """No further e-mails of this campaign to the lead; doing it again changes nothing."""
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
        campaign_id: str,
        *,
        stats_id: str,
        message_id: str,
        to_email: str,
        subject: str,
        html: str,
        deadline: Deadline,
        cc: Sequence[str] = (),
        bcc: Sequence[str] = (),
    ) -> None:
        """Answer in a thread; called once. Like EmailBison it names no message it made."""
        body: dict[str, Any] = {
            "subject": subject,
            "email_body": html,
            "stats_id": stats_id,
            "message_id": message_id,
            "to_email": to_email,
        }
        if cc:
            body["cc_emails"] = list(cc)
        if bcc:
            body["bcc_emails"] = list(bcc)
        self._session.request(
            "POST",
            f"/campaigns/{_number(campaign_id)}/reply-email-thread",
            operation="reply",
            deadline=deadline,
            params=self._key,
            json=body,
            expect_json=False,
        )

    def _get(
        self, path: str, operation: str, deadline: Deadline, parse: Any, params: dict[str, str] | None = None
    ) -> Any:
        return self._session.request(
            "GET",
            path,
            operation=operation,
            deadline=deadline,
            params={**(params or {}), **self._key},
            parse=parse,
        )


def _number(value: str) -> int:
    """SmartLead's ids are numbers; anything else would be a different address. Raises ProviderRejected."""
    if not str(value).isdigit():
        raise ProviderRejected("smartlead", code="invalid_id", sent=False)
    return int(value)
