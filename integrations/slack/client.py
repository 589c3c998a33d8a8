"""Calls to Slack: posts messages to a channel or person, and looks up channels and members (docs/reference/slack.md).

The client uses slack-sdk over our own transport. The SDK's transport has no limit on the total time, and by default
posts again if the connection drops after Slack accepted the message. Slack has no idempotency key, so a post is made
only once.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeVar

from django.conf import settings
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from integrations.client import base_url_of, pages, secrets_of, session_for
from integrations.destinations import installation_key
from integrations.errors import ProviderFault, ProviderMisconfigured, ProviderRejected
from integrations.http.session import ProviderSession
from integrations.models import Integration
from integrations.slack.errors import classify
from jobs.deadline import Deadline

# At level DEBUG the SDK logs what it sends.
logging.getLogger("slack_sdk").setLevel(logging.WARNING)

T = TypeVar("T")
SCOPES = ("chat:write", "im:write", "users:read", "users:read.email", "channels:read", "groups:read")
"""The permissions that the product needs. If one is missing, some messages fail silently."""
HISTORY_SCOPES = ("channels:history", "groups:history")
"""Optional permissions. One of them is enough to search for a post whose outcome is unknown."""
MARK = "holdfast_message"
"""The type of the metadata on our messages. The payload is the message's key."""
READS = {"auth.test", "conversations.history", "conversations.list", "users.list", "users.lookupByEmail"}
"""Methods that may be repeated because they change nothing."""
PAGE, MAX_PAGES = 200, 6


@dataclass(frozen=True, slots=True)
class Posted:
    """The place of a message in Slack. Both fields are "" for an incoming webhook, whose messages cannot be changed."""

    channel: str = ""
    ts: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    team: str
    scopes: frozenset[str]

    @property
    def missing_scopes(self) -> list[str]:
        return [scope for scope in SCOPES if scope not in self.scopes]


@dataclass(frozen=True, slots=True)
class Channel:
    id: str
    name: str
    is_member: bool


def _data(answer: SlackResponse) -> dict[str, Any]:
    if isinstance(answer.data, bytes):
        raise TypeError("Slack answered with a file.")
    return answer.data


class _SeamWebClient(WebClient):
    """slack-sdk's client, whose HTTP calls go through a ProviderSession under one Deadline."""

    def __init__(self, session: ProviderSession, token: str, deadline: Deadline) -> None:
        super().__init__(token=token, base_url=session.base_url, retry_handlers=[])
        self._session, self._deadline = session, deadline

    def _perform_urllib_http_request(self, *, url: str, args: dict[str, dict[str, Any]]) -> dict[str, Any]:
        method = url.rstrip("/").rpartition("/")[2]
        response = self._session.request(
            "POST",
            url,
            operation=method,
            deadline=self._deadline,
            headers=args["headers"],
            json=args["json"] or None,
            data=args["params"] or None,
            idempotent=method in READS,
        )
        headers = {name.lower(): text for name, text in response.headers.items()}
        return {
            "status": response.status,
            "headers": headers,
            "body": response.content.decode(errors="replace"),
        }


class SlackClient:
    """Calls Slack with a bot token, an incoming webhook, or both. Only `post` works without the bot token."""

    def __init__(
        self, session: ProviderSession, *, token: str = "", webhook_url: str = "", channel: str = ""
    ) -> None:
        self._session = session
        self._token, self._webhook_url, self._channel = token, webhook_url, channel

    @classmethod
    def for_integration(cls, integration: Integration) -> Self:
        """Returns a client with the account's token or webhook, or else with the installation's token if allowed."""
        secrets = secrets_of(integration)
        webhook_url = str(secrets.get("webhook_url") or "")
        token = str(secrets.get("bot_token") or ("" if webhook_url else installation_key(integration)))
        if not (token or webhook_url):
            raise ProviderMisconfigured("Slack: bot_token isn’t set. Set it in the account’s settings.")
        session = session_for(
            integration,
            base_url=base_url_of(integration),
            timeout_ms=settings.SLACK_TIMEOUT_MS,
            classify=classify,
        )
        channel = str(integration.config.get("channel") or "")
        return cls(session, token=token, webhook_url=webhook_url, channel=channel)

    @property
    def can_update(self) -> bool:
        """Whether messages can be changed after posting, which needs a bot token."""
        return bool(self._token)

    def post(
        self,
        text: str,
        deadline: Deadline,
        *,
        blocks: Sequence[dict[str, Any]] = (),
        channel: str = "",
        key: str = "",
    ) -> Posted:
        """Posts a message in one call to `channel` (by default the account's), or else through the incoming webhook.

        With `blocks`, `text` is only what notifications show. `find` finds the message by its `key`.
        """
        channel = channel or self._channel
        if not (self._token and channel):
            return self._post_webhook(text, blocks, deadline)
        mark = {"event_type": MARK, "event_payload": {"key": key}} if key else None
        return self._ask(
            deadline,
            # Reference: https://docs.slack.dev/reference/methods/chat.postMessage
            lambda slack: slack.chat_postMessage(
                channel=channel, text=text, blocks=list(blocks) or None, metadata=mark
            ),
            lambda answer: Posted(str(_data(answer)["channel"]), str(_data(answer)["ts"])),
        )

    def find(self, key: str, since: datetime, deadline: Deadline, *, channel: str = "") -> Posted | None:
        """Returns our message with `key` after `since` (aware), among the channel's PAGE newest ones, or None.

        Raises ProviderMisconfigured without a channel, and ProviderAuthError without HISTORY_SCOPES.
        """
        channel = channel or self._channel
        if not channel:
            raise ProviderMisconfigured("Slack: no channel is set. Choose one in the account’s settings.")

        def read(answer: SlackResponse) -> Posted | None:
            for message in _data(answer)["messages"]:
                mark = message.get("metadata") or {}
                if mark.get("event_type") == MARK and (mark.get("event_payload") or {}).get("key") == key:
                    return Posted(channel, str(message["ts"]))
            return None

        # Reference: https://docs.slack.dev/reference/methods/conversations.history
        return self._ask(
            deadline,
            lambda slack: slack.conversations_history(
                channel=channel, oldest=f"{since.timestamp():.6f}", limit=PAGE, include_all_metadata=True
            ),
            read,
        )

    def update(
        self, posted: Posted, text: str, deadline: Deadline, *, blocks: Sequence[dict[str, Any]] = ()
    ) -> None:
        """Replaces the text and the blocks of one of our messages. Without `blocks`, the message loses its blocks."""
        self._ask(
            deadline,
            # Reference: https://docs.slack.dev/reference/methods/chat.update
            lambda slack: slack.chat_update(
                channel=posted.channel, ts=posted.ts, text=text, blocks=list(blocks) or None
            ),
            lambda answer: None,
        )

    def identity(self, deadline: Deadline) -> Identity:
        """Returns the owner and permissions of the token. A result proves that the token works."""

        def read(answer: SlackResponse) -> Identity:
            scopes = frozenset(
                filter(None, str(answer.headers.get("x-oauth-scopes", "")).replace(" ", "").split(","))
            )
            return Identity(str(answer.get("team") or ""), scopes)

        # Reference: https://docs.slack.dev/reference/methods/auth.test
        return self._ask(deadline, lambda slack: slack.auth_test(), read)

    def find_user(self, email: str, deadline: Deadline) -> str:
        try:
            # Reference: https://docs.slack.dev/reference/methods/users.lookupByEmail
            return self._ask(
                deadline,
                lambda slack: slack.users_lookupByEmail(email=email),
                lambda answer: str(_data(answer)["user"]["id"]),
            )
        except ProviderRejected as error:
            if error.code != "users_not_found":
                raise
            return ""

    def channels(self, deadline: Deadline) -> list[Channel]:
        """Returns the channels that the bot can see, at most MAX_PAGES pages of PAGE channels."""

        def parse(answer: SlackResponse) -> tuple[list[Channel], dict[str, Any]]:
            channels = [
                Channel(row["id"], row["name"], bool(row.get("is_member")))
                for row in _data(answer)["channels"]
            ]
            cursor = (_data(answer).get("response_metadata") or {}).get("next_cursor")
            return channels, {"cursor": cursor} if cursor else {}

        def read(position: dict[str, Any]) -> tuple[list[Channel], dict[str, Any]]:
            types = "public_channel,private_channel"
            return self._ask(
                deadline,
                # Reference: https://docs.slack.dev/reference/methods/conversations.list
                lambda slack: slack.conversations_list(
                    limit=PAGE, types=types, exclude_archived=True, **position
                ),
                parse,
            )

        return [channel for channels in pages(read, MAX_PAGES) for channel in channels]

    def channel(self, deadline: Deadline) -> Channel | None:
        """Returns the account's channel, which its settings name by its id or name; None if the bot cannot see it."""
        name = self._channel.lstrip("#")
        matches = [channel for channel in self.channels(deadline) if name in (channel.id, channel.name)]
        return min(matches, key=lambda channel: channel.id != name, default=None)

    # Reference: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    def _post_webhook(self, text: str, blocks: Sequence[dict[str, Any]], deadline: Deadline) -> Posted:
        if not self._webhook_url:
            raise ProviderMisconfigured("Slack: no channel is set. Choose one in the account’s settings.")
        self._session.request(
            "POST",
            self._webhook_url,
            operation="webhook",
            deadline=deadline,
            json={"text": text, **({"blocks": list(blocks)} if blocks else {})},
            expect_json=False,
        )
        return Posted()

    def _ask(
        self,
        deadline: Deadline,
        call: Callable[[WebClient], SlackResponse],
        read: Callable[[SlackResponse], T],
    ) -> T:
        if not self._token:
            raise ProviderMisconfigured("Slack: bot_token isn’t set. Set it in the account’s settings.")
        answer = call(_SeamWebClient(self._session, self._token, deadline))
        try:
            return read(answer)
        except (KeyError, TypeError, AttributeError, ValueError):
            raise ProviderFault("slack", code="unexpected_shape", sent=True) from None
