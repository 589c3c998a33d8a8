"""Example Mail's API: messages, answers and campaigns of one key.

Reference: https://docs.examplemail.invalid/api (name the real one)
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from integrations.client import ProviderClient, bearer_session, page, pages, path_part, single
from integrations.http.session import ProviderSession
from integrations.models import Integration
from integrations.payload import ExternalId, LooseText, Payload, Text, parse_time
from jobs.deadline import Deadline
from tests.example_provider import NAME
from tests.example_provider.errors import classify

TIMEOUT_MS = 30_000
MAX_PAGES = 200


class Me(Payload):
    id: ExternalId
    name: Text = ""


class Message(Payload):
    """One e-mail; `kind` is reply (it came in), step (a campaign sent it) or answer (somebody wrote it)."""

    id: ExternalId
    kind: Text = ""
    lead: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    mailbox: Text = ""
    subject: Text = ""
    text: Text = ""
    html: Text = ""
    campaign_id: LooseText = ""
    sent_at: LooseText = Field("", validation_alias="at")
    files: Any = None

    @property
    def at(self) -> datetime | None:
        return parse_time(self.sent_at)


class ExampleMailClient(ProviderClient):
    """Makes calls to Example Mail with the key of one account."""

    @staticmethod
    def session_of(integration: Integration) -> ProviderSession:
        return bearer_session(integration, timeout_ms=TIMEOUT_MS, classify=classify)

    # Reference: GET /v1/me
    def me(self, deadline: Deadline) -> Me:
        """The owner of the key: the cheapest proof that it works."""
        return self._get("/v1/me", "me", deadline, single(Me))

    # Reference: GET /v1/messages
    def messages(self, deadline: Deadline, **query: str) -> Iterator[Message]:
        """Messages, the newest first, page by page as they are consumed. query: `since`, `lead`, `kind`."""
        parse = page(Message, "after", "next", "items")

        def read(position: dict[str, Any]) -> tuple[list[Message], dict[str, Any]]:
            return self._get("/v1/messages", "messages", deadline, parse, query | position)

        for messages in pages(read, MAX_PAGES):
            yield from messages

    # Reference: GET /v1/messages/{id}/files/{file}
    def attachment(self, message_id: str, file_id: str, deadline: Deadline) -> bytes:
        """A file that came with a message."""
        return self.file(f"/v1/messages/{_part(message_id)}/files/{_part(file_id)}", deadline)

    # Reference: POST /v1/messages/{id}/answers
    def answer(
        self,
        message_id: str,
        *,
        mailbox: str,
        subject: str,
        text: str,
        html: str,
        to: Sequence[str],
        cc: Sequence[str],
        deadline: Deadline,
    ) -> str:
        """Answer a message from `mailbox`; called once. Returns the id of the new e-mail."""
        body: dict[str, Any] = {"mailbox": mailbox, "subject": subject, "text": text, "html": html}
        return self._post(
            f"/v1/messages/{_part(message_id)}/answers",
            "answer",
            deadline,
            body | {"to": list(to), "cc": list(cc)},
            lambda response: str(response.data.get("id") or ""),
        )

    # Reference: POST /v1/campaigns/{id}/stops
    def stop(self, campaign_id: str, email: str, deadline: Deadline) -> None:
        """No further e-mail of the campaign goes to the address; doing it again changes nothing."""
        path = f"/v1/campaigns/{_part(campaign_id)}/stops"
        self._post(path, "stop", deadline, {"email": email}, expect_json=False)


def _part(value: str) -> str:
    return path_part(NAME, value)
