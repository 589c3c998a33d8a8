"""A message to Slack that arrives: what to do where nobody knows whether a try has (docs/adr/0036).

Slack has no idempotency key. So each message carries a key of ours in its metadata, and the channel's history is asked
for it where the token may (`channels:history`, `groups:history`). Where it may not, a try that Slack itself answered
with its own failure counts as not made: a second message costs little, a lost one much. A try without any answer may
well have arrived, and is not repeated.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from django.utils import timezone

from integrations import health
from integrations.errors import ProviderError, ProviderFault, ProviderMisconfigured
from integrations.slack.client import Posted, SlackClient
from integrations.slack.errors import PASSING
from jobs.deadline import Deadline
from jobs.errors import DeadlineExceeded, PermanentError

POST_MS, LOOK_MS = 15_000, 5_000
SKEW = timedelta(minutes=2)
"""How far Slack's clock may be from ours."""


class Unconfirmed(ProviderFault):
    """The message may stand there all the same. Try again, with `tried_since`, so that it is looked for first."""


def deliver(
    client: SlackClient,
    text: str,
    deadline: Deadline,
    *,
    key: str,
    blocks: Sequence[dict] = (),
    channel: str = "",
    tried_since: datetime | None = None,
) -> Posted:
    """Post a message, or find the one that an earlier try has posted and bring its words up to date.

    key: names the message in its channel, the same at each try. tried_since: when the first try was made, None where
    this is the first. Raises Unconfirmed, and what SlackClient.post raises; `sent` of the error says what a caller may
    do. False: try again. None: it may be there, do not post it again.
    """
    if tried_since is not None:
        _, found = look(client, key, tried_since, deadline, channel=channel)
        if found is not None:
            with suppress(PermanentError):
                client.update(found, text, deadline.within_ms(POST_MS), blocks=blocks)
            return found
    began = timezone.now()
    try:
        return client.post(text, deadline.within_ms(POST_MS), blocks=blocks, channel=channel, key=key)
    except ProviderError as error:
        if error.sent is not None:
            raise
        looked, found = look(client, key, began, deadline, channel=channel)
        if found is not None:
            return found
        if looked or _is_slacks_own_failure(error):
            code = error.code or str(error.outcome)
            raise Unconfirmed(error.provider, status=error.status, code=code, sent=False) from error
        raise


def look(
    client: SlackClient, key: str, since: datetime, deadline: Deadline, *, channel: str = ""
) -> tuple[bool, Posted | None]:
    """Whether the channel could be asked, and where the message `key` stands that was posted since then.

    That the token may not read says nothing about the account, so health hears nothing of it.
    """
    try:
        with health.unobserved():
            return True, client.find(key, since - SKEW, deadline.within_ms(LOOK_MS), channel=channel)
    except (ProviderError, ProviderMisconfigured, DeadlineExceeded):
        return False, None


def can_look(client: SlackClient, deadline: Deadline, *, channel: str = "") -> bool:
    """Whether a message can be looked for: what a worker that died may have posted is posted again only then."""
    return look(client, "", timezone.now(), deadline, channel=channel)[0]


def _is_slacks_own_failure(error: ProviderError) -> bool:
    """A complete answer that says that Slack failed: its status, or its own word in an answer with status 200."""
    if not isinstance(error, ProviderFault) or error.status is None:
        return False
    return error.status >= 400 or error.code in PASSING
