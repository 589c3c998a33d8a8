"""What an answer may be made of: the workspace's facts, the conversation, the slots on offer. Nothing else is true."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from inbox import thread
from inbox.models import Lead, Message, Workspace
from inbox.replying import facts
from inbox.replying.facts import Told

LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>\"')\]]+|\b(?:[a-z0-9-]+\.)+(?:com|net|org|io|co|ai|app|dev|me|eu|uk|de|fr|link|ly)\b(?:/[^\s<>\"')\]]*)?",
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
        """Who answers, to whom, and what they may say: the prompt's section."""
        return "\n".join(filter(None, (self._profile, self.told.lines)))

    @property
    def sayable(self) -> str:
        """What may be repeated of `facts`: not what is never said, and no ids."""
        return "\n".join(filter(None, (self._profile, self.told.sayable)))

    @property
    def _profile(self) -> str:
        workspace, lead = self.workspace, self.lead
        lines = (
            ("Company", workspace.name),
            ("Written by", workspace.persona_name),
            ("Tone", workspace.tone),
            ("What we offer", workspace.service_description),
            ("Our signature", workspace.signature),
            ("first_name", lead.first_name or "unknown"),
            ("Their company", lead.company),
            ("Their title", lead.title),
            ("Channel", self.channel),
        )
        return "\n".join(f"{name}: {value}" for name, value in lines if value)

    @property
    def material(self) -> str:
        """Everything that may be repeated in an answer."""
        said = [message.text for message in self.earlier] + [self.message.text, self.message.subject]
        slots = [slot.words for slot in self.slots]
        return "\n".join([self.sayable, *said, *slots])

    @property
    def links(self) -> set[str]:
        """The links of the material, in a form to compare."""
        return {bare_link(link) for link in LINK.findall(self.material)}

    def render(self, **sections: str) -> str:
        """The prompt's input. `sections` come last, each under its own heading."""
        slots = "\n".join(f"{slot.id}: {slot.words}" for slot in self.slots) or "(none)"
        parts = [
            ("Facts", self.facts),
            ("Offered slots", slots),
            ("Thread, oldest first", thread.render(self.earlier, self.zone)),
            ("Newest reply", self.message.text.strip()[: thread.NEWEST_CHARS]),
            *((name.capitalize(), text) for name, text in sections.items()),
        ]
        return "\n\n".join(f"# {name}\n{text}" for name, text in parts) + "\n"


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
