"""A conversation as the model gets to read it: the newest words under a heading of their own, the rest cut to size.

All of it stands between marks (`inbox.prompts.sheet`), our own messages too, as they may quote what somebody wrote.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from inbox.models import Message
from inbox.prompts.sheet import Said, Sheet, data, sheet, theirs

MESSAGES = 12
EARLIER_CHARS, NEWEST_CHARS = 1_500, 8_000


def earlier(message: Message) -> list[Message]:
    """Up to MESSAGES messages of the lead before `message`, oldest first."""
    before = Message.objects.filter(lead_id=message.lead_id, sent_at__lt=message.sent_at).exclude(
        pk=message.pk
    )
    return list(before.order_by("-sent_at", "-pk")[:MESSAGES])[::-1]


def render(messages: list[Message], zone: ZoneInfo) -> list[str | Said]:
    """The messages as blocks of a sheet."""
    blocks = [_block(message, zone) for message in messages if message.text.strip()]
    return ["# Thread, oldest first", *(blocks or ["(nothing before)"])]


def newest(text: str) -> list[str | Said]:
    """What the person wrote just now, as blocks of a sheet."""
    return ["# Newest reply", theirs("newest reply, by the lead", text.strip()[:NEWEST_CHARS])]


def for_reading(message: Message, zone: ZoneInfo) -> Sheet:
    """What the tag is read from."""
    return reading_of(
        message.text,
        first_name=message.lead.first_name,
        channel=message.channel,
        received=message.sent_at,
        zone=zone,
        before=render(earlier(message), zone),
    )


def reading_of(
    text: str,
    *,
    first_name: str,
    channel: str,
    received: datetime,
    zone: ZoneInfo,
    before: Sequence[str | Said] = (),
) -> Sheet:
    """The same for a text that is no message of ours, as in an evaluation. `received` is aware."""
    return sheet(
        f"# Lead\nChannel: {channel}\nReceived: {_when(received, zone)} ({zone.key})",
        data("about the lead", ("first_name", first_name or "unknown")),
        *(before or render([], zone)),
        *newest(text),
    )


def _block(message: Message, zone: ZoneInfo) -> Said:
    ours = message.direction == Message.Direction.OUTBOUND
    label = (
        f"by {'us' if ours else 'the lead'}, {message.get_channel_display()}, {_when(message.sent_at, zone)}"
    )
    text = message.text.strip()[:EARLIER_CHARS]
    if ours:
        return Said(label, text)
    name = " ".join(message.from_name.split())
    return theirs(label, f"{name} wrote:\n{text}" if name else text)


def _when(value: datetime, zone: ZoneInfo) -> str:
    return timezone.localtime(value, zone).strftime("%a %Y-%m-%d %H:%M")
