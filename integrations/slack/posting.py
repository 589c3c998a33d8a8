"""Posts a message to Slack so that it arrives, also if nobody knows whether an earlier try did
(docs/adr/0036-a-notice-is-claimed-on-the-row.md).

Slack has no idempotency key. So each message has a key of ours in its metadata, and we search for it in the channel's
history, if the token may read that (`channels:history`, `groups:history`). If it may not, a try that Slack answered
with its own failure is repeated: a second message costs little, and a lost one much. A try without any answer may have
arrived, so it is not repeated.
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
"""How far Slack's clock may differ from ours."""


class Unconfirmed(ProviderFault):
    """The message was probably not posted. Try again with `tried_since`, so that it is searched for first."""


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
    """Post a message, or find the one that an earlier try has posted and update its text.

    key: names the message in its channel, the same at each try. tried_since: when the first try was made, or None.
    Raises Unconfirmed and what SlackClient.post raises; if the error's `sent` is None, the message may be there.
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
    """Whether the channel could be read, and where our message with `key` since `since` stands, or None.

    A token that may not read the channel says nothing about the account, so its health does not record it.
    """
    try:
        with writer.unobserved():
            return True, client.find(key, since - SKEW, deadline.within_ms(LOOK_MS), channel=channel)
    except (ProviderError, ProviderMisconfigured, DeadlineExceeded):
        return False, None


def can_look(client: SlackClient, deadline: Deadline, *, channel: str = "") -> bool:
    """Whether our messages can be searched for. Only then is one posted again that a dead worker may have posted."""
    return look(client, "", timezone.now(), deadline, channel=channel)[0]


def _is_slacks_own_failure(error: ProviderError) -> bool:
    """Whether Slack answered completely and said that it failed, by its status or by a code in an answer 200."""
    if not isinstance(error, ProviderFault) or error.status is None:
        return False
    return error.status >= 400 or error.code in PASSING
