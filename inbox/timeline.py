"""What a conversation shows, in its order: messages by the provider's time, and sends that became no message (yet)."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from inbox.models import Lead, Message, OutboundSend
from inbox.understanding.html import html_text
from inbox.understanding.text import newest_text

LIMIT = 50
TEXT_LIMIT = 20_000
OPEN_STATES = (OutboundSend.State.INTENT, OutboundSend.State.UNKNOWN, OutboundSend.State.FAILED)


@dataclass(frozen=True)
class Entry:
    """One message or one send of a conversation."""

    at: datetime
    message: Message | None = None
    send: OutboundSend | None = None

    @property
    def outbound(self) -> bool:
        return self.message is None or self.message.direction == Message.Direction.OUTBOUND

    @property
    def author(self) -> str:
        """Who wrote it, as well as that is known."""
        if self.message is None:
            return str(self.send.approved_by) if self.send.approved_by_id else "Us"
        ours = self.message.account_address or "Us"
        return self.message.from_name or (ours if self.outbound else self.message.from_address)

    @property
    def account(self) -> str:
        """Our own address on this message."""
        return self.message.account_address if self.message else ""

    @property
    def channel(self) -> str:
        return (self.message or self.send).channel

    @property
    def text(self) -> str:
        return (self.message or self.send).text[:TEXT_LIMIT]

    @property
    def cut(self) -> bool:
        """Whether `text` is not all of it."""
        return len((self.message or self.send).text) > TEXT_LIMIT

    @cached_property
    def quoted(self) -> str:
        """What the mail holds besides the newest text, for folding; all of it where no words are the lead's own."""
        message = self.message
        if message is not None and not message.text:
            return (message.raw_text.strip() or html_text(message.raw_html))[:TEXT_LIMIT]
        if message is None or (not message.raw_html and message.raw_text.strip() == message.text.strip()):
            return ""
        sender = f"{message.from_name} <{message.from_address}>"
        parts = newest_text(message.raw_text, message.raw_html, channel=message.channel, sender=sender)
        return parts.quoted[:TEXT_LIMIT]

    @property
    def quoted_lines(self) -> int:
        return len(self.quoted.splitlines())


@dataclass(frozen=True)
class Timeline:
    """The newest entries, oldest first; `earlier` says whether there are more."""

    entries: list[Entry]
    earlier: bool


def timeline(lead: Lead, *, everything: bool = False) -> Timeline:
    """The conversation with `lead`: the newest LIMIT messages, or up to twenty times as many with `everything`."""
    limit = LIMIT * 20 if everything else LIMIT
    newest = list(lead.messages.order_by("-sent_at", "-received_at")[: limit + 1])
    messages, earlier = newest[:limit][::-1], len(newest) > limit
    sends = lead.sends.filter(state__in=OPEN_STATES).select_related("approved_by")
    if earlier:
        sends = sends.filter(created_at__gte=messages[0].sent_at)
    entries = [Entry(message.sent_at, message=message) for message in messages]
    entries += [Entry(send.created_at, send=send) for send in sends]
    return Timeline(sorted(entries, key=lambda entry: entry.at), earlier)
