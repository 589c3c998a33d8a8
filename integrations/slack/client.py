"""Slack: messages to a channel or a person, and the look-ups around them. Facts: docs/reference/slack.md.

Built on slack-sdk with our transport under it: the SDK's own has no total time limit, and by default posts again when
a connection drops after the message was taken. Slack has no idempotency key, so a post is called once.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeVar

from django.conf import settings
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from integrations.client import base_url_of, secrets_of, session_for
from integrations.destinations import installation_key
from integrations.errors import ProviderFault, ProviderMisconfigured, ProviderRejected
from integrations.http import ProviderSession
from integrations.models import Integration
from integrations.slack.errors import classify
from jobs.deadline import Deadline

# At DEBUG the SDK logs what it sends.
logging.getLogger("slack_sdk").setLevel(logging.WARNING)

T = TypeVar("T")
SCOPES = ("chat:write", "im:write", "users:read", "users:read.email", "channels:read", "groups:read")
"""What the product needs; one that is missing once broke review messages without a word."""
HISTORY_SCOPES = ("channels:history", "groups:history")
"""Not needed: with them, a post of which nobody knows whether it arrived is looked for."""
MARK = "holdfast_message"
"""The type of our messages' metadata, whose payload is the message's key."""
READS = {
    "auth.test", "conversations.history", "conversations.list", "conversations.open", "users.list",
    "users.lookupByEmail",
}  # fmt: skip
"""May be repeated: they change nothing, or (opening a conversation) nothing the second time."""
PAGE, MAX_PAGES = 200, 6


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message stands; both "" for an incoming webhook, whose messages cannot be changed."""

    channel: str = ""
    ts: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose token it is, and what it may do."""

    team: str
    team_id: str
    user_id: str
    scopes: frozenset[str]

    @property
    def missing_scopes(self) -> list[str]:
        return [scope for scope in SCOPES if scope not in self.scopes]


@dataclass(frozen=True, slots=True)
class Channel:
    id: str
    name: str
    is_member: bool


class _SeamWebClient(WebClient):
    """The SDK's client, its HTTP carried by a ProviderSession under one Deadline."""

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
        headers = {name.lower(): value for name, value in response.headers.items()}
        return {
            "status": response.status,
            "headers": headers,
            "body": response.content.decode(errors="replace"),
        }


class SlackClient:
    """One Slack workspace, by bot token, by incoming webhook, or both."""

    def __init__(
        self, session: ProviderSession, *, token: str = "", webhook_url: str = "", channel: str = ""
    ) -> None:
        self._session = session
        self._token, self._webhook_url, self._channel = token, webhook_url, channel

    @classmethod
    def for_integration(cls, integration: Integration) -> Self:
        """Raises ProviderMisconfigured where there is neither a bot token nor a webhook address, and
        SecretsUnreadable."""
        secrets = secrets_of(integration)
        webhook_url = str(secrets.get("webhook_url") or "")
        token = str(secrets.get("bot_token") or ("" if webhook_url else installation_key(integration)))
        if not (token or webhook_url):
            raise ProviderMisconfigured("Slack: bot_token is not set. Set it in the integration's settings.")
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
        """Whether a message can be changed later: only with a bot token."""
        return bool(self._token)

    def post(
        self, text: str, deadline: Deadline, *, blocks: Sequence[dict] = (), channel: str = "", key: str = ""
    ) -> Posted:
        """A message to `channel` (default: the integration's), else through the incoming webhook; called once.

        `text` is what notifications show where there are `blocks`; `key` is what `find` finds the message by. Raises
        ProviderMisconfigured where neither a channel nor a webhook is set.
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
            lambda answer: Posted(str(answer.data["channel"]), str(answer.data["ts"])),
        )

    def find(self, key: str, since: datetime, deadline: Deadline, *, channel: str = "") -> Posted | None:
        """Our message `key` in `channel` (default: the integration's), posted after `since`; None where there is none.

        Raises ProviderMisconfigured where there is no channel to ask, and ProviderAuthError without HISTORY_SCOPES.
        """
        channel = channel or self._channel
        if not channel:
            raise ProviderMisconfigured("Slack: channel is not set. Set it in the integration's settings.")

        def read(answer: SlackResponse) -> Posted | None:
            for message in answer.data["messages"]:
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

    def update(self, posted: Posted, text: str, deadline: Deadline, *, blocks: Sequence[dict] = ()) -> None:
        """Replace a message of ours."""
        self._ask(
            deadline,
            # Reference: https://docs.slack.dev/reference/methods/chat.update
            lambda slack: slack.chat_update(
                channel=posted.channel, ts=posted.ts, text=text, blocks=list(blocks) or None
            ),
            lambda answer: None,
        )

    def identity(self, deadline: Deadline) -> Identity:
        """Proof that the token works, with its scopes."""

        def read(answer: SlackResponse) -> Identity:
            scopes = frozenset(
                filter(None, str(answer.headers.get("x-oauth-scopes", "")).replace(" ", "").split(","))
            )
            return Identity(
                str(answer.get("team") or ""), answer.data["team_id"], answer.data["user_id"], scopes
            )

        # Reference: https://docs.slack.dev/reference/methods/auth.test
        return self._ask(deadline, lambda slack: slack.auth_test(), read)

    def find_user(self, email: str, deadline: Deadline) -> str:
        """The member with this address: their id, or "" where there is none."""
        try:
            # Reference: https://docs.slack.dev/reference/methods/users.lookupByEmail
            return self._ask(
                deadline,
                lambda slack: slack.users_lookupByEmail(email=email),
                lambda answer: str(answer.data["user"]["id"]),
            )
        except ProviderRejected as error:
            if error.code != "users_not_found":
                raise
            return ""

    def open_dm(self, user_id: str, deadline: Deadline) -> str:
        """The channel of a direct conversation with a member, to post to."""
        # Reference: https://docs.slack.dev/reference/methods/conversations.open
        return self._ask(
            deadline,
            lambda slack: slack.conversations_open(users=user_id),
            lambda answer: str(answer.data["channel"]["id"]),
        )

    def channels(self, deadline: Deadline) -> list[Channel]:
        """The channels the bot can see, at most MAX_PAGES pages of PAGE."""

        def read(answer: SlackResponse) -> tuple[list[Channel], str]:
            found = [
                Channel(one["id"], one["name"], bool(one.get("is_member"))) for one in answer.data["channels"]
            ]
            return found, str((answer.data.get("response_metadata") or {}).get("next_cursor") or "")

        known: list[Channel] = []
        cursor = ""
        for _ in range(MAX_PAGES):
            # Reference: https://docs.slack.dev/reference/methods/conversations.list
            page, cursor = self._ask(
                deadline,
                lambda slack, cursor=cursor: slack.conversations_list(
                    limit=PAGE,
                    cursor=cursor or None,
                    types="public_channel,private_channel",
                    exclude_archived=True,
                ),
                read,
            )
            known += page
            if not cursor:
                break
        return known

    def is_in_channel(self, deadline: Deadline) -> bool:
        """Whether the integration's own channel is there, and the bot in it."""
        name = self._channel.lstrip("#")
        return any(one.is_member and name in (one.id, one.name) for one in self.channels(deadline))

    # Reference: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    def _post_webhook(self, text: str, blocks: Sequence[dict], deadline: Deadline) -> Posted:
        if not self._webhook_url:
            raise ProviderMisconfigured("Slack: channel is not set. Set it in the integration's settings.")
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
            raise ProviderMisconfigured("Slack: bot_token is not set. Set it in the integration's settings.")
        answer = call(_SeamWebClient(self._session, self._token, deadline))
        try:
            return read(answer)
        except (KeyError, TypeError, AttributeError, ValueError):
            raise ProviderFault("slack", code="unexpected_shape", sent=True) from None
