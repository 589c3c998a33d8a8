"""Writes a conversation into a prompt's input: the newest text under a heading of its own, and earlier messages cut to
a length. All messages stand between marks (`inbox.replying.prompts.sheet`), even our own, because they may quote
people.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from inbox.models import Message
from inbox.replying.prompts.sheet import Said, Sheet, field_lines, sheet, theirs

MESSAGES = 12
EARLIER_CHARS, NEWEST_CHARS = 1_500, 8_000


def earlier(message: Message) -> list[Message]:
    """Returns the last messages to and from the lead before `message`, MESSAGES at most, oldest first."""
    before = Message.objects.filter(lead_id=message.lead_id, sent_at__lt=message.sent_at).exclude(
        pk=message.pk
    )
    return list(before.order_by("-sent_at", "-pk")[:MESSAGES])[::-1]


def render(messages: list[Message], zone: ZoneInfo) -> list[str | Said]:
    """Returns the messages as blocks of a prompt's input, each cut to 1,500 characters, with times in `zone`."""
    blocks: list[str | Said] = [_block(message, zone) for message in messages if message.text.strip()]
    return ["# Thread, oldest first", *(blocks or ["(nothing before)"])]


def newest(text: str) -> list[str | Said]:
    """Returns the lead's newest text as blocks of a prompt's input, cut to 8,000 characters."""
    return ["# Newest reply", theirs("newest reply, by the lead", text.strip()[:NEWEST_CHARS])]


LABELS = """\
# Labels of this workspace
In `labels`, give those that clearly fit the newest reply, at most three, spelled as here; often none does. The \
reason is one short sentence for a salesperson."""


def for_reading(message: Message, zone: ZoneInfo, labels: Mapping[str, str]) -> Sheet:
    """Returns the input of the prompt for a reply's tag. `labels`: the meanings of the workspace's labels by name."""
    lines = "\n".join(f"- {name}: {meaning}" for name, meaning in labels.items())
    return reading_of(
        message.text,
        first_name=message.lead.first_name,
        channel=message.channel,
        received=message.sent_at,
        zone=zone,
        before=[*render(earlier(message), zone), *([f"{LABELS}\n{lines}"] if labels else [])],
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
    """Returns the input of the prompt for a reply's tag. `received` is aware. `before` has earlier messages."""
    return sheet(
        f"# Lead\nChannel: {channel}\nReceived: {_when(received, zone)} ({zone.key})",
        field_lines("about the lead", ("first_name", first_name or "unknown")),
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


def _when(at: datetime, zone: ZoneInfo) -> str:
    return timezone.localtime(at, zone).strftime("%a %Y-%m-%d %H:%M")
