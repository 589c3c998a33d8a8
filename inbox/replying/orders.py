"""Whether anything that goes into the prompts of an answer gives orders to a machine: then a person answers."""

from collections.abc import Iterable

from inbox.models import Lead, Message
from inbox.understanding import machine_talk
from inbox.understanding.text import own_lines


def found(lead: Lead, message: Message, earlier: Iterable[Message]) -> str:
    """The words that do, "" where none do: of the reply, its signature, the replies before it, their names."""
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
    for one in earlier:
        if one.direction == Message.Direction.INBOUND:
            texts += [one.text, one.from_name]
    return next((words for text in texts if (words := machine_talk.found(text))), "")


def reason(words: str) -> str:
    """Why a person has to answer, as they read it."""
    return f"The reply speaks to a machine (“{words}”): a person answers it."
