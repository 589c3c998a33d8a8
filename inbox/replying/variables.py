"""The variables of follow-up steps and snippets, and a check for unfilled variables before a text goes out."""

import re

PLACE = re.compile(r"\{(\w+)(?:\|([^{}|]*))?\}")
SLOTS = "slots"
VARIABLES = {
    "first_name": "The lead’s first name",
    "last_name": "The lead’s last name",
    "company": "The lead’s company",
    "title": "The lead’s title",
    "email": "The lead’s email address",
    "sender": "The workspace’s persona",
    "our_company": "The workspace’s name",
    SLOTS: "The next free times in the calendar",
}
QUOTED = re.compile(r"^[ \t]*>.*$", re.MULTILINE)


def unfilled(text: str, received: str = "") -> str:
    """Returns a sentence if `text` holds, outside quoted lines, a variable that `received` lacks; else ""."""
    for match in PLACE.finditer(QUOTED.sub("", text)):
        if match[1] in VARIABLES and match[0] not in received:
            return f"{match[0]} isn’t filled in. Replace it with your words or remove it."
    return ""
