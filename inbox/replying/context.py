"""What an answer may be made of: the workspace's facts, what we wrote before, the slots on offer. Nothing else is true.

What the lead wrote is answered, and never repeated as ours.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from inbox import thread
from inbox.models import Lead, Message, Workspace
from inbox.prompts.sheet import Said, Sheet, data, sheet
from inbox.replying import facts
from inbox.replying.facts import Told
from inbox.understanding.text import own_lines

LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,15}://|www\.)[^\s<>\"')\]]+"
    # Whatever a mail program makes a link of: a name with a point in it, or an address of numbers.
    r"|(?<![\w.-])(?:(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,24}|(?:\d{1,3}\.){3}\d{1,3})(?![\w-])(?:[:/?#][^\s<>\"')\]]*)?",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A time on offer. `words` is how it is written, in the workspace's zone, to the letter."""

    id: str
    starts_at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Context:
    """The material of one answer. `told`: the workspace's facts that it is given."""

    workspace: Workspace
    lead: Lead
    message: Message
    channel: str
    earlier: list[Message]
    slots: list[Slot] = field(default_factory=list)
    told: Told = Told()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.workspace.timezone)

    @property
    def facts(self) -> str:
        """Who answers, and what they may say: the prompt's section, in our own words alone."""
        return "\n".join(filter(None, (self._profile, self.told.lines)))

    @property
    def sayable(self) -> str:
        """What may be repeated of `facts`: not what is never said, and no ids."""
        return "\n".join(filter(None, (self._profile, self.told.sayable)))

    @property
    def _profile(self) -> str:
        workspace = self.workspace
        lines = (
            ("Company", workspace.name),
            ("Written by", workspace.persona_name),
            ("Tone", workspace.tone),
            ("What we offer", workspace.service_description),
            ("Our signature", workspace.signature),
            ("Channel", self.channel),
        )
        return "\n".join(f"{name}: {value}" for name, value in lines if value)

    @property
    def person(self) -> Said:
        """Who is answered. It was imported, or is what they call themselves."""
        lead = self.lead
        return data(
            "about the lead",
            ("first_name", lead.first_name or "unknown"),
            ("Their company", lead.company),
            ("Their title", lead.title),
        )

    @property
    def material(self) -> str:
        """What may be repeated in an answer, as we vouch for it: the facts, the slots, and what we wrote before.

        What a lead wrote proves nothing of ours, nor does a mail of ours where it quotes them.
        """
        slots = [slot.words for slot in self.slots]
        return "\n".join([self.sayable, *self._ours(), *slots])

    @property
    def links(self) -> set[str]:
        """The links of the material, in a form to compare."""
        return {bare_link(link) for link in LINK.findall(self.material)}

    def _ours(self) -> Iterator[str]:
        theirs: tuple[str, ...] = ()
        for message in self.earlier:
            if message.direction == Message.Direction.OUTBOUND:
                yield own_lines(message.text, theirs)
                # "Re: …" is the subject that they chose.
                yield "" if ":" in message.subject else message.subject
            else:
                theirs = (*theirs, message.text)

    def render(self, **sections: str) -> Sheet:
        """The prompt's input. `sections`, which models wrote, come last, each under its own heading."""
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
    """The context of an answer to `message` (with its lead and workspace loaded)."""
    return Context(
        message.workspace,
        message.lead,
        message,
        message.channel,
        thread.earlier(message),
        slots or [],
        facts.of(message.workspace_id, message.text[: thread.NEWEST_CHARS]),
    )


def bare_link(link: str) -> str:
    """A link without scheme, www and what may trail it, in lower case."""
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", link.lower()).rstrip("/.,;:!?)")
