"""Calls to version 2 of Unipile's API. Each method has the same result as the call of version 1 (`unipile.client`).

Sources: docs/reference/unipile.md, https://developer.unipile.com/v2.0/reference, and Unipile's own client
(https://github.com/unipile/unipile-python), which is generated from the API's description.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile
from typing import Any

from pydantic import Field, model_validator

from integrations.client import Row, page, pages, path_part, single
from integrations.errors import ProviderRejected
from integrations.http.session import Response
from integrations.payload import ExternalId, LooseText, Moment, Payload, utc_text
from integrations.unipile import NAME
from integrations.unipile.client import (
    MAX_PAGES,
    NOTE_LIMIT,
    Attendee,
    Chat,
    ChatMessage,
    InMailBalance,
    Invitation,
    Profile,
    SentMessage,
    UnipileClient,
)
from integrations.unipile.errors import Group, group_of
from integrations.unipile.v2.payloads import Message, User, message_key
from jobs.deadline import Deadline
from jobs.errors import TransientError

PAGE = 20
"""The number of entries on a page, Unipile's default. A shorter page is the last one."""
START_FROM = "CLASSIC_PRIMARY"
"""The inbox in which a LinkedIn Classic chat can be started."""


class ProfileV2(Profile):
    @model_validator(mode="before")
    @classmethod
    def _pending(cls, body: Any) -> Any:
        """Sets `pending_invitation` if we have sent an invitation that is PENDING or IGNORED, and not WITHDRAWN."""
        specifics = body.get("specifics") if isinstance(body, dict) else None
        if not isinstance(specifics, dict):
            return body
        request = specifics.get("relation_request")
        sent = isinstance(request, dict) and request.get("type") == "sent"
        return body | {"pending_invitation": sent and specifics.get("relation_request_status") != "WITHDRAWN"}


class Inbox(Payload):
    id: ExternalId
    disabled: bool = False


class ChatV2(Payload):
    id: ExternalId
    user_id: LooseText = ""
    user: User | None = None
    at: Moment = Field(None, validation_alias="last_message_timestamp")


class UnipileV2Client(UnipileClient):
    root = "/v2"

    def profile(self, identifier: str, deadline: Deadline) -> Profile:
        return self._get(self._path("users", identifier), "profile", deadline, single(ProfileV2))

    def send_message(self, provider_id: str, text: str, deadline: Deadline) -> SentMessage:
        return self._start("send_message", {"users_ids": [provider_id], "text": text}, deadline)

    def send_inmail(self, provider_id: str, subject: str, text: str, deadline: Deadline) -> SentMessage:
        """Sends an InMail without `subject`, because version 2 documents no subject for LinkedIn Classic."""
        specifics = {"linkedin": {"classic": {"inmail": True}}}
        body = {"users_ids": [provider_id], "text": text, "specifics": specifics}
        return self._start("send_inmail", body, deadline)

    def _start(self, operation: str, body: dict[str, Any], deadline: Deadline) -> SentMessage:
        path = self._path("inboxes", START_FROM, "chats", "send")
        return self._post(path, operation, deadline, body, _sent)

    def reply(self, chat_id: str, text: str, deadline: Deadline) -> SentMessage:
        path = self._path("chats", chat_id, "messages", "send")
        return self._post(path, "reply", deadline, {"text": text}, lambda r: _sent(r, chat_id))

    def invite(self, provider_id: str, note: str, deadline: Deadline) -> Invitation:
        body = {"user_id": provider_id} | ({"message": note[:NOTE_LIMIT]} if note else {})
        path = self._path("users", "me", "relation-requests")
        return self._post(
            path, "invite", deadline, body, lambda r: Invitation(invitation_id=r.data.get("id") or "")
        )

    def inmail_balance(self, deadline: Deadline) -> InMailBalance:
        path = self._path("linkedin", "inmail-credits")
        return self._get(
            path, "inmail_balance", deadline, lambda r: InMailBalance.model_validate(r.data["credits"])
        )

    def reconnect_link(self, expires_at: datetime, back_url: str, deadline: Deadline) -> str:
        expiry = utc_text(expires_at)
        body = {"account_id": self.account_id, "expires_on": expiry, "redirect_uri": back_url}
        return self._post("/auth/link", "reconnect_link", deadline, body, lambda r: str(r.data["link"]))

    def messages_since(
        self, since: datetime, deadline: Deadline, member_id: str = ""
    ) -> Iterator[ChatMessage]:
        """Reads each chat with a newer message, newest first, because version 2 has no list of all messages."""
        for chat in self.chats_since(since, deadline):
            if not member_id or chat.attendee_provider_id == member_id:
                yield from self.chat_messages(chat.id, deadline, {"after": utc_text(since)})

    def message(self, chat_id: str, message_id: str, deadline: Deadline) -> ChatMessage | None:
        path = self._path("chats", chat_id, "messages")
        try:
            message = self._get(f"{path}/{path_part(NAME, message_id)}", "message", deadline, single(Message))
        except ProviderRejected as error:
            # Recruiter and Sales Navigator have no call for one message, only lists of messages.
            if group_of(error.code) is not Group.FEATURE and error.status != 404:
                raise
            chat = self._rows(Message, path, "chat_messages", deadline)
            listed = next((row for row in chat if row.id == message_id), None)
            if listed is None:
                raise TransientError("Unipile doesn’t have this message yet.") from None
            message = listed
        return next(iter(_rows([message])), None)

    def attachment(self, message_id: str, attachment_id: str, deadline: Deadline) -> bytes:
        chat_id, _, number = message_id.partition("/")
        path = self._path("chats", chat_id, "messages", number, "attachments", attachment_id)
        return self.file(path, deadline)

    def chat_of(self, message_id: str, thread_id: str) -> str:
        return thread_id if "/" in message_id else ""

    def chat_messages(
        self, chat_id: str, deadline: Deadline, query: dict[str, str] | None = None
    ) -> Iterator[ChatMessage]:
        path = self._path("chats", chat_id, "messages")
        return _rows(self._rows(Message, path, "chat_messages", deadline, query))

    def chats_since(self, since: datetime, deadline: Deadline) -> Iterator[Chat]:
        """Yields the chats of all inboxes, each once. LinkedIn lists chats by inbox, and inboxes may contain others."""
        ids: set[str] = set()
        for inbox in self._rows(Inbox, self._path("inboxes"), "inboxes", deadline):
            if inbox.disabled:
                continue
            chats = self._rows(ChatV2, self._path("inboxes", inbox.id, "chats"), "chats", deadline)
            for chat in takewhile(lambda chat: chat.at is None or chat.at > since, chats):
                if chat.id not in ids:
                    yield Chat(id=chat.id, attendee_provider_id=chat.user_id)
                ids.add(chat.id)

    def attendees(self, chat_id: str, deadline: Deadline) -> list[Attendee]:
        """Returns the other person of a chat of two; [] for a group."""
        chat = self._get(self._path("chats", chat_id), "attendees", deadline, single(ChatV2))
        person = (chat.user or User(id=chat.user_id)).person
        name = chat.user.display_name if chat.user else ""
        if not (person.linkedin_member_id or person.linkedin_url):
            return []
        return [Attendee(provider_id=person.linkedin_member_id, name=name, profile_url=person.linkedin_url)]

    def _rows(
        self,
        model: type[Row],
        path: str,
        operation: str,
        deadline: Deadline,
        query: dict[str, str] | None = None,
    ) -> Iterator[Row]:
        """Yields a whole list. Lists of Recruiter have a cursor for the next page; other lists have an offset."""

        def read(position: dict[str, Any]) -> tuple[list[Row], dict[str, Any]]:
            params = {"limit": str(PAGE), **(query or {}), **position}
            parse = page(model, "cursor", "next_cursor", "data")
            entries, following = self._get(path, operation, deadline, parse, params)
            if following:
                return entries, following
            is_last = len(entries) < PAGE or "cursor" in position
            return entries, {} if is_last else {"offset": position.get("offset", 0) + len(entries)}

        for entries in pages(read, MAX_PAGES, NAME):
            yield from entries

    def _path(self, *parts: str) -> str:
        return "/" + "/".join(path_part(NAME, name) for name in (self.account_id, *parts))


def _sent(response: Response, chat_id: str = "") -> SentMessage:
    chat_id = str(response.data.get("chat_id") or chat_id)
    ids = response.data.get("message_id") or ""
    message_id = str((ids[0] if ids else "") if isinstance(ids, list) else ids)
    return SentMessage(chat_id=chat_id, message_id=message_key(chat_id, message_id) if message_id else "")


def _rows(messages: Iterator[Message] | list[Message]) -> Iterator[ChatMessage]:
    for message in messages:
        if not message.is_event and not message.is_deleted:
            yield ChatMessage.model_validate(message.model_dump() | {"id": message.external_id})
