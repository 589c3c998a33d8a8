"""What a carrier is. The call itself is made once, by `sending`; a carrier only knows how its provider is spoken to."""

import html
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox.models import Message, OutboundSend
from inbox.understanding.html import html_lines
from inbox.understanding.quoting import Line, mark_quoted, plain_lines
from integrations.models import Integration
from jobs.deadline import Deadline

EARLIER, LATER = timedelta(minutes=2), timedelta(minutes=30)
"""How far the provider's clock and queue may be from our call for equal texts to be one message."""


MARKER = re.compile(r"ref:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
TAG = re.compile(r"<\w+[^>]*>")


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


def same_words(body: str, text: str) -> bool:
    """Whether `body` (text or HTML, perhaps with a quoted thread) is our `text`, but for white space and markup."""
    wanted, lines = _words(text), _lines(body)
    readings = {_words(body), _joined(lines), _joined(line for line in lines if not line.depth)}
    return bool(wanted) and wanted in readings


def quotes(body: str, text: str) -> bool:
    """Whether `body` holds our `text` as a quote only: then it is another message, which answers or follows ours."""
    lines, wanted = _lines(body), _words(text)
    quoted = _joined(line for line in lines if line.depth)
    return wanted in quoted and wanted not in _joined(line for line in lines if not line.depth)


def named(body: str) -> str:
    """The id of the send whose marker stands in `body`; "" without one."""
    found = MARKER.search(body)
    return found[1] if found else ""


def _lines(body: str) -> list[Line]:
    """What is read, line by line, with the depth of its quote."""
    lines = html_lines(body) if TAG.search(body) else plain_lines(body)
    mark_quoted(lines)
    return lines


def _joined(lines: Iterable[Line]) -> str:
    return _words("\n".join(line.text for line in lines))


def _words(text: str) -> str:
    return " ".join(text.split())


def match(send: OutboundSend, listed: Iterable[Listed]) -> Listed | None:
    """The entry that is `send`: by its marker, else the same words at the time of the call, if no other message of
    ours has that entry already."""
    entries: list[Listed] = []
    for entry in listed:
        name = named(entry.body)
        if name == str(send.pk) and not quotes(entry.body, send.text):
            return entry
        if not name:  # the same words under another send's marker are that send
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
