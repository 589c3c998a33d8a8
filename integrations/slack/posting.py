"""Posts a message to Slack so that it arrives, even if the outcome of an earlier attempt is unknown
(docs/adr/0036-a-notice-is-claimed-on-the-row.md).

Slack has no idempotency key. So each message has our own key in its metadata, and we search for it in the channel's
history if the token may read that (`channels:history`, `groups:history`). If the token may not read the history, an
attempt to which Slack responded with its own failure is repeated: a duplicate costs little, a lost message much. An
attempt without any response may have arrived, so it is not repeated.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from integrations.errors import ProviderError, ProviderFault, ProviderMisconfigured
from integrations.health import writer
from integrations.slack.client import Posted, SlackClient
from integrations.slack.errors import PASSING
from jobs.deadline import Deadline
from jobs.errors import DeadlineExceeded, PermanentError

POST_MS, LOOK_MS = 15_000, 5_000
SKEW = timedelta(minutes=2)
"""The maximum difference between Slack's clock and ours."""


class Unconfirmed(ProviderFault):
    """The message was probably not posted. Try again with `tried_since`, so that the message is searched for first."""


def deliver(
    client: SlackClient,
    text: str,
    deadline: Deadline,
    *,
    key: str,
    blocks: Sequence[dict[str, Any]] = (),
    channel: str = "",
    tried_since: datetime | None = None,
) -> Posted:
    """Posts a message, or finds the one that an earlier attempt posted and updates its text.

    `key` identifies the message in its channel and is the same at each attempt. `tried_since` is the time of the first
    attempt, or None. Raises Unconfirmed and the errors of SlackClient.post. If the error's `sent` is None, the message
    may be in the channel.
    """
    if tried_since is not None:
        _, posted = look(client, key, tried_since, deadline, channel=channel)
        if posted is not None:
            with suppress(PermanentError):
                client.update(posted, text, deadline.within_ms(POST_MS), blocks=blocks)
            return posted
    began = timezone.now()
    try:
        return client.post(text, deadline.within_ms(POST_MS), blocks=blocks, channel=channel, key=key)
    except ProviderError as error:
        if error.sent is not None:
            raise
        looked, posted = look(client, key, began, deadline, channel=channel)
        if posted is not None:
            return posted
        if looked or _is_slacks_own_failure(error):
            code = error.code or str(error.outcome)
            raise Unconfirmed(error.provider, status=error.status, code=code, sent=False) from error
        raise


def look(
    client: SlackClient, key: str, since: datetime, deadline: Deadline, *, channel: str = ""
) -> tuple[bool, Posted | None]:
    """Returns whether the channel could be read, and our message with `key` that was posted after `since`, or None.

    A token that may not read the channel says nothing about the account, so its health is not updated.
    """
    try:
        with writer.unobserved():
            return True, client.find(key, since - SKEW, deadline.within_ms(LOOK_MS), channel=channel)
    except (ProviderError, ProviderMisconfigured, DeadlineExceeded):
        return False, None


def can_look(client: SlackClient, deadline: Deadline, *, channel: str = "") -> bool:
    """Whether the token can search for our messages. If not, a message whose worker died is not posted again."""
    return look(client, "", timezone.now(), deadline, channel=channel)[0]


def _is_slacks_own_failure(error: ProviderError) -> bool:
    """Whether Slack reported its own failure in a complete response, by its status or by a code in a 200."""
    if not isinstance(error, ProviderFault) or error.status is None:
        return False
    return error.status >= 400 or error.code in PASSING
