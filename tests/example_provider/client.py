"""Example Mail's API: messages, answers and campaigns of one key.

Reference: https://docs.examplemail.invalid/api (name the real one)
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import Field

from integrations.client import base_url_of, file_from, items_of, path_part, required_secret, session_for
from integrations.http.session import ProviderSession, Response
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


class ExampleMailClient:
    """Calls for one key. Every method takes a Deadline and raises the tree of integrations.errors."""

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
                timeout_ms=TIMEOUT_MS,
                classify=classify,
            )
        )

    # Reference: GET /v1/me
    def me(self, deadline: Deadline) -> Me:
        """Whose key this is: the cheapest proof that it works."""
        return self._session.request(
            "GET",
            "/v1/me",
            operation="me",
            deadline=deadline,
            parse=lambda response: Me.model_validate(response.data),
        )

    # Reference: GET /v1/messages
    def messages(self, deadline: Deadline, **query: str) -> Iterator[Message]:
        """Messages, the newest first, page by page as they are consumed. query: `since`, `lead`, `kind`."""

        def parse(response: Response) -> tuple[list[Message], str]:
            found = [Message.model_validate(item) for item in items_of(response.data, "items")]
            return found, str(response.data.get("next") or "")

        after = ""
        for _ in range(MAX_PAGES):
            page, following = self._session.request(
                "GET",
                "/v1/messages",
                operation="messages",
                deadline=deadline,
                params=query | ({"after": after} if after else {}),
                parse=parse,
            )
            yield from page
            if not following or following == after:
                return
            after = following

    # Reference: GET /v1/messages/{id}/files/{file}
    def file(self, message_id: str, file_id: str, deadline: Deadline) -> bytes:
        """A file that came with a message."""
        path = f"/v1/messages/{_part(message_id)}/files/{_part(file_id)}"
        return file_from(self._session, path, deadline)

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
        return self._session.request(
            "POST",
            f"/v1/messages/{_part(message_id)}/answers",
            operation="answer",
            deadline=deadline,
            json=body | {"to": list(to), "cc": list(cc)},
            parse=lambda response: str(response.data.get("id") or ""),
        )

    # Reference: POST /v1/campaigns/{id}/stops
    def stop(self, campaign_id: str, email: str, deadline: Deadline) -> None:
        """No further e-mail of the campaign goes to the address; doing it again changes nothing."""
        self._session.request(
            "POST",
            f"/v1/campaigns/{_part(campaign_id)}/stops",
            operation="stop",
            deadline=deadline,
            json={"email": email},
            expect_json=False,
        )


def _part(value: str) -> str:
    return path_part(NAME, value)
