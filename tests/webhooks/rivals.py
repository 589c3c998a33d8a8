"""Two workspaces that must not reach each other: what the attacker can name, and what must not be read or written."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

from tests.webhooks.walls import fingerprint

WORDS = ("Zephyrine", "Quillfeather", "Obsidianworks", "Moonharbour", "heliotrope", "Vexillology", "marzipan")
"""A name, a company, a campaign, a question: they stand in Bluebird alone."""
EMAIL = "zq77@example.org"
INVITEE, MEETING = "https://api.calendly.com/invitees/B77", "https://api.calendly.com/events/B77"
ACCOUNTS = {"email": ("42", "77"), "ghl/sms": ("LocNorth", "LocBlue"), "linkedin": ("uni_north", "uni_blue")}


@contextmanager
def wall(blue: SimpleNamespace) -> Iterator[None]:
    """Whatever happens inside, no row of Bluebird is other afterwards."""
    before = fingerprint(blue.workspace)
    yield
    assert fingerprint(blue.workspace) == before


def unread(response) -> None:
    """None of Bluebird's words is in the answer."""
    text = b"".join(response.streaming_content) if response.streaming else response.content
    assert [word for word in WORDS if word.encode() in text] == []
