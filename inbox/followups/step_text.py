"""Renders the text of a step. A template with an unknown variable is refused when it is saved. If a variable has no
value when the step is due, the step is skipped, so that no message goes out with a gap.
"""

import re
from dataclasses import dataclass, field

from inbox.models import Lead, Workspace
from inbox.replying.draft_material import Slot
from inbox.replying.variables import PLACE, SLOTS, VARIABLES

NOT_THE_LEADS = {
    "sender": "The workspace has no signature name. Add one under Settings.",
    SLOTS: "There are no free times in the calendar.",
}


def lack(names: list[str]) -> str:
    """Returns sentences that say which values are missing for the variables `names`; "" if `names` is empty."""
    sentences = [words for name, words in NOT_THE_LEADS.items() if name in names]
    facts = [name.replace("_", " ") for name in dict.fromkeys(names) if name not in NOT_THE_LEADS]
    return " ".join(sentences + ([f"This lead is missing: {', '.join(facts)}."] if facts else []))


@dataclass(frozen=True, slots=True)
class Rendered:
    """The rendered subject and text of a step. `missing` has the names of the variables without a value."""

    subject: str = ""
    text: str = ""
    missing: list[str] = field(default_factory=list)


def problem(template: str, workspace: Workspace) -> str:
    """Returns why `template` cannot be used in `workspace`, in sentences that say how to fix it; "" if it can."""
    for match in PLACE.finditer(template):
        if match[1] not in VARIABLES:
            return f"{{{match[1]}}} isn’t a variable. Use one of: {', '.join(VARIABLES)}."
        if match[1] == "sender" and match[2] is None and not workspace.persona_name:
            return "{sender} is empty. Add a signature name under Settings, or use a fallback."
    rest = PLACE.sub("", template)
    if "{" in rest or "}" in rest:
        return "There’s a stray brace. Write {first_name}, or {first_name|there} with a fallback."
    return ""


def wants_slots(*templates: str) -> bool:
    return any(match[1] == SLOTS for template in templates for match in PLACE.finditer(template))


def render(
    subject: str, text: str, *, lead: Lead, workspace: Workspace, slots: list[Slot], gaps: bool = False
) -> Rendered:
    """Renders the templates with the lead's values. In `{name|fallback}`, the fallback replaces an unknown value. With
    `gaps`, a variable without a value stays in the text, for a person to fill in.
    """
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

    def filled(match: re.Match[str]) -> str:
        filling = values.get(match[1], "") or (match[2] or "")
        if not filling and match[2] is None:
            missing.append(match[1])
            return match[0] if gaps else ""
        return filling

    return Rendered(PLACE.sub(filled, subject).strip(), PLACE.sub(filled, text).strip(), missing)
