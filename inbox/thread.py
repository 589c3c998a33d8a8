"""A conversation as the model gets to read it: the newest words under a heading of their own, the rest cut to size."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from inbox.models import Message

MESSAGES = 12
EARLIER_CHARS, NEWEST_CHARS = 1_500, 8_000


def earlier(message: Message) -> list[Message]:
    """Up to MESSAGES messages of the lead before `message`, oldest first."""
    before = Message.objects.filter(lead_id=message.lead_id, sent_at__lt=message.sent_at).exclude(
        pk=message.pk
    )
    return list(before.order_by("-sent_at", "-pk")[:MESSAGES])[::-1]


def render(messages: list[Message], zone: ZoneInfo) -> str:
    """The messages as text, one block each."""
    blocks = [
        f"[{_who(message)}, {message.get_channel_display()}, {_when(message.sent_at, zone)}]\n"
        f"{message.text.strip()[:EARLIER_CHARS]}"
        for message in messages
        if message.text.strip()
    ]
    return "\n\n".join(blocks) or "(nothing before)"


def for_reading(message: Message, zone: ZoneInfo) -> str:
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
    before: str = "(nothing before)",
) -> str:
    """The same for a text that is no message of ours, as in an evaluation. `received` is aware."""
    return (
        f"# Lead\nfirst_name: {first_name or 'unknown'}\nChannel: {channel}\n"
        f"Received: {_when(received, zone)} ({zone.key})\n\n"
        f"# Thread, oldest first\n{before}\n\n"
        f"# Newest reply\n{text.strip()[:NEWEST_CHARS]}\n"
    )


def _who(message: Message) -> str:
    return "Us" if message.direction == Message.Direction.OUTBOUND else message.from_name or "Lead"


def _when(value: datetime, zone: ZoneInfo) -> str:
    return timezone.localtime(value, zone).strftime("%a %Y-%m-%d %H:%M")
