"""Finds orders to a machine in the material of an answer's prompts. A person answers a reply that contains one."""

from collections.abc import Iterable

from inbox.models import Lead, Message
from inbox.understanding import machine_talk
from inbox.understanding.text import own_lines


def orders_in(lead: Lead, message: Message, earlier: Iterable[Message]) -> str:
    """Words in the lead's messages, signature or names that give orders to a language model; "" without such words."""
    texts = [
        message.text,
        message.subject,
        own_lines(message.raw_text[: machine_talk.MAX_CHARS], ()),
        message.from_name,
        lead.first_name,
        lead.last_name,
        lead.company,
        lead.title,
    ]
    for row in earlier:
        if row.direction == Message.Direction.INBOUND:
            texts += [row.text, row.from_name]
    return next((words for text in texts if (words := machine_talk.orders_in(text))), "")


def reason(words: str) -> str:
    return f"The reply tries to instruct an AI (“{words}”), so it needs a person."
