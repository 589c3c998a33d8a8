"""Gathers the material for an answer: the workspace's facts, our earlier messages and the meeting times on offer.
Nothing else counts as true. An answer must not repeat the lead's words as a statement of ours.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from inbox.models import Lead, Message, Workspace
from inbox.replying import chosen_facts as facts
from inbox.replying.chosen_facts import ChosenFacts
from inbox.replying.prompts import thread
from inbox.replying.prompts.sheet import Said, Sheet, field_lines, sheet
from inbox.understanding import machine_talk
from inbox.understanding.text import own_lines
from inbox.workspaces.accounts import signature_for

LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,15}://|www\.)[^\s<>\"')\]]+"
    # Domain names and IP addresses count as links, because mail programs turn them into links.
    r"|(?<![\w.-])(?:(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,24}|(?:\d{1,3}\.){3}\d{1,3})(?![\w-])(?:[:/?#][^\s<>\"')\]]*)?",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A free meeting time that an answer may offer. `words` is its text, in the workspace's time zone."""

    id: str
    starts_at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Context:
    """The material for an answer to `message`. `slots` are free meeting times, `chosen` are the workspace's facts for
    this answer, and `signature` is the end of an email.
    """

    workspace: Workspace
    lead: Lead
    message: Message
    channel: str
    earlier: list[Message]
    slots: list[Slot] = field(default_factory=list)
    chosen: ChosenFacts = ChosenFacts()
    signature: str = ""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.workspace.timezone)

    @property
    def facts(self) -> str:
        """The prompt's section about the company. Members of the workspace wrote all of it."""
        return "\n".join(filter(None, (self._profile, self.chosen.lines)))

    @property
    def sayable(self) -> str:
        return "\n".join(filter(None, (self._profile, self.chosen.sayable)))

    @property
    def _profile(self) -> str:
        workspace = self.workspace
        lines = (
            ("Company", workspace.name),
            ("Written by", workspace.persona_name),
            ("Tone", workspace.tone),
            ("What we offer", workspace.service_description),
            ("Our signature", self.signature),
            ("Channel", self.channel),
        )
        return "\n".join(f"{name}: {detail}" for name, detail in lines if detail)

    @property
    def person(self) -> Said:
        """The prompt's section about the lead, marked as data because it comes from the lead or an imported file."""
        lead = self.lead
        return field_lines(
            "about the lead",
            ("first_name", lead.first_name or "unknown"),
            ("Their company", lead.company),
            ("Their title", lead.title),
        )

    @property
    def material(self) -> str:
        """The text that an answer may repeat. The lead's words prove nothing about us, even if our mails quote them."""
        slots = [slot.words for slot in self.slots]
        return "\n".join([self.sayable, *self._ours(), *slots])

    @property
    def links(self) -> set[str]:
        return {bare_link(link) for link in LINK.findall(self.material)}

    def _ours(self) -> Iterator[str]:
        theirs: tuple[str, ...] = ()
        for message in self.earlier:
            if message.direction == Message.Direction.OUTBOUND:
                yield own_lines(message.text, theirs)
                # A subject with "Re:" is left out, because the lead may have chosen it.
                yield "" if ":" in message.subject else message.subject
            else:
                theirs = (*theirs, message.text)

    def render(self, **sections: str) -> Sheet:
        """Returns the input of a prompt. `sections` are earlier texts of the model, such as a plan, by heading."""
        slots = "\n".join(f"{slot.id}: {slot.words}" for slot in self.slots) or "(none)"
        return sheet(
            f"# Facts\n{self.facts}",
            f"# Offered slots\n{slots}",
            "# Lead",
            self.person,
            *thread.render(self.earlier, self.zone),
            *thread.newest(self.message.text),
            *(
                block
                for name, text in sections.items()
                for block in (f"# {name.capitalize()}", Said(f"{name}, by a model", text))
            ),
        )


def gather(message: Message, slots: list[Slot] | None = None) -> Context:
    """Returns the material for an answer to `message`. Without `slots`, the answer offers no meeting times."""
    return Context(
        message.workspace,
        message.lead,
        message,
        message.channel,
        thread.earlier(message),
        slots or [],
        facts.of(message.workspace_id, message.text[: thread.NEWEST_CHARS]),
        signature_for(message),
    )


def bare_link(link: str) -> str:
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", link.lower()).rstrip("/.,;:!?)")


def machine_orders(lead: Lead, message: Message, earlier: Iterable[Message]) -> str:
    """Returns words in the lead's messages, signature or names that give orders to a language model; "" without any."""
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


def machine_reason(words: str) -> str:
    return f"The reply tries to instruct an AI (“{words}”), so it needs a person."
