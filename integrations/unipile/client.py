"""Calls to Unipile's API for LinkedIn: profiles, messages, InMails, invitations, and the account's state.

Source: docs/reference/unipile.md. One API key serves all accounts, and every call names the LinkedIn account.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import models
from pydantic import AliasChoices, AliasPath, Field, model_validator

from integrations.client import (
    ProviderClient,
    Row,
    account_id_of,
    base_url_of,
    page,
    path_part,
    required_secret,
    session_for,
    single,
)
from integrations.errors import ProviderRejected
from integrations.http.session import ProviderSession
from integrations.models import Integration
from integrations.payload import ExternalId, LooseText, Moment, Payload, Text, utc_text
from integrations.unipile import NAME
from integrations.unipile.errors import Group, classify, group_of
from jobs.deadline import Deadline

NOTE_LIMIT = 300
"""The maximum number of characters in an invitation's note. LinkedIn refuses longer notes."""
TIMEOUT_MS = 30_000
PAGE = 100
MAX_PAGES = 200


class Distance(models.TextChoices):
    SELF = "SELF", "oneself"
    CONNECTED = "DISTANCE_1", "connected"
    SECOND = "DISTANCE_2", "second degree"
    THIRD = "DISTANCE_3", "third degree"
    OUT = "OUT_OF_NETWORK", "out of network"
    UNKNOWN = "", "not said"


class Profile(Payload):
    """A LinkedIn profile as our account sees it, with fields at the top level or under `specifics`."""

    provider_id: str = Field(validation_alias=AliasChoices("provider_id", "id", "member_urn"), min_length=1)
    public_identifier: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    network_distance: Text = ""
    pending_invitation: bool | None = None
    open_profile: bool | None = Field(None, validation_alias=AliasChoices("open_profile", "is_open_profile"))

    @model_validator(mode="before")
    @classmethod
    def _flatten(cls, body: Any) -> Any:
        if not isinstance(body, dict):
            return body
        specifics = body.get("specifics")
        fields = {name: field for name, field in body.items() if field is not None}
        return {**specifics, **fields} if isinstance(specifics, dict) else fields

    @property
    def distance(self) -> Distance:
        values = {self.network_distance, self.network_distance.replace("_DEGREE", "")}
        aliases = {"FIRST": Distance.CONNECTED, "SECOND": Distance.SECOND, "THIRD": Distance.THIRD}
        distance = next((Distance(word) for word in values if word in Distance.values), Distance.UNKNOWN)
        return distance or next((aliases[word] for word in values if word in aliases), Distance.UNKNOWN)

    @property
    def connected(self) -> bool:
        return self.distance is Distance.CONNECTED


class SentMessage(Payload):
    chat_id: LooseText = ""
    message_id: LooseText = ""


class Invitation(Payload):
    """An invitation to connect on LinkedIn. `already` says why none was needed; it is "" if one was sent."""

    invitation_id: LooseText = ""
    already: str = ""


class InMailBalance(Payload):
    """The InMail credits by subscription. None means that the account does not have that subscription of LinkedIn."""

    premium: int | None = Field(None, validation_alias=AliasChoices("premium", "classic"))
    recruiter: int | None = None
    sales_navigator: int | None = None

    @property
    def total(self) -> int:
        return sum(balance or 0 for balance in (self.premium, self.recruiter, self.sales_navigator))


class Account(Payload):
    """An account at Unipile. `status` is OK, CREDENTIALS, ERROR, STOPPED, CONNECTING or DELETED; in version 2, values
    include running, disconnected and errored. `owner_id` is the person who is logged in, or "".
    """

    id: ExternalId
    name: Text = ""
    type: Text = Field("", validation_alias=AliasChoices("type", "provider"))
    status: str = ""
    owner_id: Text = Field(
        "", validation_alias=AliasChoices(AliasPath("connection_params", "im", "id"), "user_id")
    )

    @model_validator(mode="before")
    @classmethod
    def _status_of_sources(cls, body: Any) -> Any:
        if not isinstance(body, dict):
            return body
        sources = body.get("sources") or []
        statuses = [str(source.get("status") or "") for source in sources if isinstance(source, dict)]
        bad = [status for status in statuses if status != "OK"]
        return {**body, "status": (bad or statuses or [body.get("status") or ""])[0]}


class ChatMessage(Payload):
    id: ExternalId
    chat_id: LooseText = ""
    sender_id: LooseText = ""
    text: Text = ""
    at: Moment = Field(None, validation_alias="timestamp")
    is_sender: bool | None = None
    attachments: Any = None


class Owned(Payload):
    account_id: ExternalId


class Chat(Payload):
    """A LinkedIn chat in Unipile's lists. `attendee_provider_id` is LinkedIn's id of the other person."""

    id: ExternalId
    attendee_provider_id: LooseText = ""


class Attendee(Payload):
    provider_id: LooseText = ""
    name: Text = ""
    profile_url: Text = ""
    is_self: bool | None = None


class UnipileClient(ProviderClient):
    """Makes calls to version 1. `v2.client` has the same calls for version 2 (`version.client_of`)."""

    root = "/api/v1"

    @classmethod
    def session_of(cls, integration: Integration) -> ProviderSession:
        account_id_of(integration)
        return session_for(
            integration,
            base_url=base_url_of(integration).removesuffix(cls.root) + cls.root,
            headers={"X-API-KEY": required_secret(integration, "api_key")},
            timeout_ms=TIMEOUT_MS,
            classify=classify,
        )

    # Reference: https://developer.unipile.com/reference/userscontroller_getprofilebyidentifier
    def profile(self, identifier: str, deadline: Deadline) -> Profile:
        """Returns the LinkedIn profile of a person. A failed call raises an error and never means "not connected"."""
        params = {"account_id": self.account_id}
        return self._get(
            f"/users/{path_part(NAME, identifier)}", "profile", deadline, single(Profile), params
        )

    # Reference: https://developer.unipile.com/reference/chatscontroller_startnewchat
    def send_message(self, provider_id: str, text: str, deadline: Deadline) -> SentMessage:
        """Sends a direct message to a person who is connected with us, in one call."""
        body = {"account_id": self.account_id, "attendees_ids": [provider_id], "text": text}
        return self._post("/chats", "send_message", deadline, body, single(SentMessage))

    # Reference: https://developer.unipile.com/reference/chatscontroller_sendmessageinchat
    def reply(self, chat_id: str, text: str, deadline: Deadline) -> SentMessage:
        path = f"/chats/{path_part(NAME, chat_id)}/messages"
        body = {"account_id": self.account_id, "text": text}
        sent = self._post(path, "reply", deadline, body, single(SentMessage))
        return sent.model_copy(update={"chat_id": sent.chat_id or chat_id})

    # Reference: https://developer.unipile.com/docs/send-messages#send-inmail-linkedin
    def send_inmail(self, provider_id: str, subject: str, text: str, deadline: Deadline) -> SentMessage:
        """Sends an InMail in one call. Without credits, ProviderRejected has a code of the group `credits`."""
        body = {
            "account_id": self.account_id,
            "attendees_ids": [provider_id],
            "subject": subject,
            "text": text,
            "linkedin": {"api": "classic", "inmail": True},
        }
        return self._post("/chats", "send_inmail", deadline, body, single(SentMessage))

    # Reference: https://developer.unipile.com/reference/userscontroller_adduserbyidentifier
    def invite(self, provider_id: str, note: str, deadline: Deadline) -> Invitation:
        """Sends an invitation in one call. The note is cut to NOTE_LIMIT characters.

        If the person is already connected or invited, the result's `already` says so instead of an error.
        """
        body = {"account_id": self.account_id, "provider_id": provider_id}
        if note:
            body["message"] = note[:NOTE_LIMIT]
        try:
            return self._post("/users/invite", "invite", deadline, body, single(Invitation))
        except ProviderRejected as error:
            if group_of(error.code) is not Group.BENIGN:
                raise
            return Invitation(already=error.code)

    # Reference: https://developer.unipile.com/reference/linkedincontroller_getinmailbalance
    def inmail_balance(self, deadline: Deadline) -> InMailBalance:
        """Returns the InMail credits that the account has left. The call needs a live LinkedIn session."""
        params = {"account_id": self.account_id}
        return self._get(
            "/linkedin/inmail_balance", "inmail_balance", deadline, single(InMailBalance), params
        )

    # Reference: https://developer.unipile.com/reference/accountscontroller_getaccountbyid
    def account(self, deadline: Deadline) -> Account:
        """Returns Unipile's record of the account. The record can be read even while LinkedIn refuses the account."""
        return self._get(
            f"/accounts/{path_part(NAME, self.account_id)}", "account", deadline, single(Account)
        )

    # Reference: https://developer.unipile.com/reference/hostedcontroller_requestlink
    def reconnect_link(self, expires_at: datetime, back_url: str, deadline: Deadline) -> str:
        """Returns the URL of a one-time page on which the owner reconnects, valid until `expires_at` (aware). After the
        reconnection, Unipile redirects to `back_url`.
        """
        body = {
            "type": "reconnect",
            "reconnect_account": self.account_id,
            "api_url": self._session.base_url.removesuffix("/api/v1"),
            "expiresOn": utc_text(expires_at),
            "success_redirect_url": back_url,
            "failure_redirect_url": back_url,
            "name": self.account_id,
        }
        path = "/hosted/accounts/link"
        return self._post(path, "reconnect_link", deadline, body, lambda response: str(response.data["url"]))

    # Reference: https://developer.unipile.com/reference/messagescontroller_listallmessages
    def messages_since(
        self, since: datetime, deadline: Deadline, member_id: str = ""
    ) -> Iterator[ChatMessage]:
        """Yields the account's messages after `since` (aware) in both directions, newest first. With a person's
        LinkedIn `member_id`, yields only messages in chats with that person.
        """
        chats = {
            chat.id
            for chat in (self.chats_since(since, deadline) if member_id else ())
            if chat.attendee_provider_id == member_id
        }
        messages = self._list(ChatMessage, "/messages", "messages", deadline, {"after": utc_text(since)})
        return (row for row in messages if not member_id or row.chat_id in chats)

    def message(self, chat_id: str, message_id: str, deadline: Deadline) -> ChatMessage | None:
        """Returns a LinkedIn message; None if no person wrote it. Raises TransientError if Unipile does not have the
        message. Version 1 raises LookupError, because it needs no such call.
        """
        raise LookupError("a webhook of version 1 holds the message itself")

    # Reference: https://developer.unipile.com/reference/messagescontroller_getattachment
    def attachment(self, message_id: str, attachment_id: str, deadline: Deadline) -> bytes:
        """Returns the file. Raises ProviderRejected for another account's message, which the key may open as well."""
        message = f"/messages/{path_part(NAME, message_id)}"
        path = f"{message}/attachments/{path_part(NAME, attachment_id)}"
        if self._get(message, "message", deadline, single(Owned)).account_id != self.account_id:
            raise ProviderRejected("unipile", code="message_of_another_account", sent=False)
        return self.file(path, deadline)

    def chat_of(self, message_id: str, thread_id: str) -> str:
        """Returns the chat of a stored message; "" if the account then had another version, whose ids differ."""
        return "" if "/" in message_id else thread_id

    # Reference: https://developer.unipile.com/reference/chatscontroller_listchatmessages
    def chat_messages(self, chat_id: str, deadline: Deadline) -> Iterator[ChatMessage]:
        return self._list(
            ChatMessage, f"/chats/{path_part(NAME, chat_id)}/messages", "chat_messages", deadline
        )

    # Reference: https://developer.unipile.com/reference/chatscontroller_listallchats
    def chats_since(self, since: datetime, deadline: Deadline) -> Iterator[Chat]:
        """Yields the chats with a message after `since` (aware), newest first."""
        return self._list(Chat, "/chats", "chats", deadline, {"after": utc_text(since)})

    # Reference: https://developer.unipile.com/reference/chatattendeescontroller_listattendeesbychatid
    def attendees(self, chat_id: str, deadline: Deadline) -> list[Attendee]:
        path = f"/chats/{path_part(NAME, chat_id)}/attendees"
        return list(self._list(Attendee, path, "attendees", deadline))

    def _list(
        self,
        model: type[Row],
        path: str,
        operation: str,
        deadline: Deadline,
        params: dict[str, str] | None = None,
    ) -> Iterator[Row]:
        query = {"account_id": self.account_id, "limit": str(PAGE), **(params or {})}
        parse = page(model, "cursor", "cursor", "items")
        return self._entries(path, operation, deadline, parse, MAX_PAGES, query)
