"""The text of a step: a template with checked variables. What is unknown when it is saved is an error there; what is
unknown of a lead when it is due is a reason to skip the step, never an empty gap in somebody's mail.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from inbox.models import Lead, Workspace
from inbox.replying.context import Slot

PLACE = re.compile(r"\{(\w+)(?:\|([^{}|]*))?\}")
SLOTS = "slots"
VARIABLES = {
    "first_name": "The lead's first name",
    "last_name": "The lead's last name",
    "company": "The lead's company",
    "title": "The lead's title",
    "email": "The lead's e-mail address",
    "sender": "The workspace's persona",
    "our_company": "The workspace's name",
    SLOTS: "The next free times of the calendar",
}


NOT_THE_LEADS = {
    "sender": "The workspace does not say who its answers are written by (Settings).",
    SLOTS: "The calendar has no free time to offer.",
}


class Missing(NamedTuple):
    """What is lacking for a text, as names of variables."""

    names: list[str]

    def __str__(self) -> str:
        ours = [words for name, words in NOT_THE_LEADS.items() if name in self.names]
        theirs = [name.replace("_", " ") for name in dict.fromkeys(self.names) if name not in NOT_THE_LEADS]
        return " ".join(ours + ([f"Not known of this lead: {', '.join(theirs)}."] if theirs else []))


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished text, or what is `missing` for it."""

    subject: str = ""
    text: str = ""
    missing: list[str] = field(default_factory=list)


def problem(template: str, workspace: Workspace) -> str:
    """Why `template` cannot be used in `workspace`, as a sentence naming the fix; "" where it can."""
    for match in PLACE.finditer(template):
        if match[1] not in VARIABLES:
            return f"{{{match[1]}}} is not a variable. Use one of: {', '.join(VARIABLES)}."
        if match[1] == "sender" and match[2] is None and not workspace.persona_name:
            return "{sender} is not known: say in Settings who answers are written by, or give a fallback."
    rest = PLACE.sub("", template)
    if "{" in rest or "}" in rest:
        return "A brace is left over. Write variables as {first_name}, or {first_name|there} with a fallback."
    return ""


def wants_slots(*templates: str) -> bool:
    """Whether a text offers meeting times."""
    return any(match[1] == SLOTS for template in templates for match in PLACE.finditer(template))


def render(subject: str, text: str, *, lead: Lead, workspace: Workspace, slots: list[Slot]) -> Rendered:
    """Both templates with the lead's values; `{name|fallback}` stands in for what is not known."""
    values = {
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "company": lead.company,
        "title": lead.title,
        "email": lead.email,
        "sender": workspace.persona_name,
        "our_company": workspace.name,
        SLOTS: ", ".join(slot.words for slot in slots),
    }
    missing: list[str] = []

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1], "") or (match[2] or "")
        if not found and match[2] is None:
            missing.append(match[1])
        return found

    rendered = Rendered(PLACE.sub(value, subject).strip(), PLACE.sub(value, text).strip(), missing)
    return rendered
