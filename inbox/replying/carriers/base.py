"""What a carrier is. The call itself is made once, by `sending`; a carrier only knows how its provider is spoken to."""

import html
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox.models import Message, OutboundSend
from inbox.understanding.text import newest_text
from integrations.models import Integration
from jobs.deadline import Deadline

EARLIER, LATER = timedelta(minutes=2), timedelta(minutes=30)
"""How far the provider's clock and queue may be from our call for equal texts to be one message."""


class CannotSend(Exception):
    """Something that the call needs is missing, and nothing was sent; the text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the message. `message_id` is "" where it does not say which one it made."""

    message_id: str = ""
    thread_id: str = ""
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One message in the provider's own list of what was sent."""

    message_id: str
    sent_at: datetime | None
    body: str


Post = Callable[[Deadline], Accepted]


class Carrier:
    """One provider. `prepare` may read from the provider; what it returns calls the provider once."""

    provider: str

    def prepare(self, send: OutboundSend, integration: Integration, deadline: Deadline) -> Post:
        """The call that sends `send`. Raises CannotSend, and what the client's reads raise."""
        raise CannotSend(f"{self.provider} cannot send.")

    def listed(self, send: OutboundSend, integration: Integration, deadline: Deadline) -> Iterable[Listed]:
        """What the provider lists as sent to this lead, newest first."""
        return ()


def marker(send: OutboundSend) -> str:
    """What names a send inside its HTML: a comment that nobody sees."""
    return f"ref:{send.pk}"


def as_html(send: OutboundSend) -> str:
    """The text as HTML, one paragraph per blank line, with the marker."""
    paragraphs = [
        f"<p>{html.escape(part.strip()).replace(chr(10), '<br>')}</p>"
        for part in re.split(r"\n\s*\n", send.text)
        if part.strip()
    ]
    return "".join(paragraphs) + f"<!-- {marker(send)} -->"


def addresses(send: OutboundSend, kind: str) -> list[str]:
    """The addresses of `kind` (to, cc) that the message goes to."""
    return [one["address"] for one in send.recipients.get(kind) or [] if one.get("address")]


def same_words(one: str, other: str) -> bool:
    """Whether two bodies (text or HTML) are the same but for white space and markup."""
    return _words(one) == _words(other) != ""


def _words(body: str) -> str:
    if re.search(r"<\w+[^>]*>", body):
        body = newest_text("", body).text
    return " ".join(body.split())


def match(send: OutboundSend, listed: Iterable[Listed]) -> Listed | None:
    """The entry that is `send`: by its marker, else the same words at the time of the call, if no other message of
    ours has that entry already."""
    entries: list[Listed] = []
    for entry in listed:
        if marker(send) in entry.body:
            return entry
        entries.append(entry)
    for entry in entries if send.called_at else ():
        near = entry.sent_at is None or send.called_at - EARLIER <= entry.sent_at <= send.called_at + LATER
        if near and same_words(entry.body, send.text) and not _taken(send, entry.message_id):
            return entry
    return None


def _taken(send: OutboundSend, message_id: str) -> bool:
    """Whether another send, or a campaign's mail, is already known under the provider's id."""
    if not message_id:
        return False
    others = OutboundSend.objects.filter(
        workspace_id=send.workspace_id, provider=send.provider, provider_message_id=message_id
    )
    messages = Message.objects.filter(
        workspace_id=send.workspace_id, lead_id=send.lead_id, external_id=message_id
    )
    return others.exclude(pk=send.pk).exists() or messages.exists()
