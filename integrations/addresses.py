"""Who an address field of an e-mail names (RFC 5322): the bare address, and the name beside it.

Providers hand such a field on as the mail had it: bare, with a name (`"Ada Lindqvist" <ada@lindqvist.example>`), the
name encoded (RFC 2047) or in a comment, several addresses, a group. Read in one pass, whatever it holds.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from email.header import decode_header, make_header
from email.utils import unquote
from typing import Annotated, Any, NamedTuple

from pydantic import PlainValidator

from integrations.rawjson import UNSTORABLE

READ_LIMIT = 16_000
"""Characters of a field that are looked at: hundreds of addresses, and no more of what is none."""
BARE = re.compile(r"[^\s<>()\[\],;:\"\\@]+@[^\s<>()\[\],;:\"\\@]+")
ADDRESS = re.compile(r"[^\s<>,;@]+@[^\s<>,;@]+")
# Each piece has a longest length, so that a field full of opening quotes costs no more than its length.
TOKEN = re.compile(
    r'"(?:\\.|[^"\\]){0,400}+"|\((?:\\.|[^()\\]){0,400}+\)|<[^<>]{0,400}+>|[^",;(<]++|.', re.DOTALL
)
GROUP = re.compile(r"^[^@]*:")


class Mailbox(NamedTuple):
    """`address`: as it stands in the field, without anything beside it. `name`: decoded, "" where there is none."""

    address: str = ""
    name: str = ""


def mailboxes(text: str) -> list[Mailbox]:
    """Every address that the field names, in order; what is none is left out."""
    text = text.strip()
    if BARE.fullmatch(text):
        return [Mailbox(text)]
    return [found for part in _parts(text[:READ_LIMIT]) if (found := _mailbox(part))]


def mailbox(text: str) -> Mailbox:
    """The first address of the field; where it names none, the field itself, for whoever judges what it is."""
    return next(iter(mailboxes(text)), Mailbox(text.strip()))


def decoded(name: str) -> str:
    """A name without encoded words (`=?utf-8?q?Ada?=`), line ends and what PostgreSQL cannot store."""
    if "=?" in name:
        with suppress(ValueError, LookupError):  # no such encoding, or not encoded so
            name = str(make_header(decode_header(name)))
    return " ".join(UNSTORABLE.sub("", name).split())


def listed(**fields: list[tuple[str, str]]) -> dict[str, list[dict[str, str]]]:
    """Recipients as a message keeps them. `fields`: to, cc, bcc as pairs of an address field and a name of its own."""
    kept = {
        kind: [
            {"address": one.address, "name": decoded(name) or one.name}
            for text, name in pairs
            for one in mailboxes(text) or ([Mailbox(text.strip())] if text.strip() else [])
        ]
        for kind, pairs in fields.items()
    }
    return {kind: people for kind, people in kept.items() if people}


def _parts(text: str) -> Iterator[list[str]]:
    """The tokens between the commas (and semicolons) that stand neither in quotes nor in a comment."""
    part: list[str] = []
    for token in TOKEN.findall(text):
        if token in ",;":
            yield part
            part = []
        else:
            part.append(token)
    yield part


def _mailbox(part: list[str]) -> Mailbox | None:
    comments = [token for token in part if token.startswith("(") and token.endswith(")")]
    words = [token for token in part if token not in comments]
    at = next((place for place, token in enumerate(words) if token.startswith("<") and len(token) > 1), None)
    if at is None:
        address, before = GROUP.sub("", "".join(words)).strip(), []
    else:
        address, before = words[at][1:-1].rpartition(":")[2].strip(), words[:at]
    if not ADDRESS.fullmatch(address):
        return None
    name = "".join(_plain(token) for token in before)
    if not before and comments:
        name = comments[-1][1:-1]
    name = decoded(name)
    return Mailbox(address, "" if name.lower() == address.lower() else name)


def _plain(token: str) -> str:
    """A quoted token without its quotes; of other words, without the name of a group before them."""
    return unquote(token) if token.startswith('"') and token.endswith('"') else GROUP.sub("", token)


def _field(value: Any) -> Mailbox:
    if value is None:
        return Mailbox()
    if not isinstance(value, str):
        raise ValueError("must be a text")
    return mailbox(value)


def _needed(value: Any) -> Mailbox:
    found = _field(value)
    if not 3 <= len(found.address) <= 320:
        raise ValueError("must be an e-mail address of 3 to 320 characters")
    return found


def _fields(value: Any) -> list[Mailbox]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list):
        return []
    return [found for one in values if isinstance(one, str) for found in mailboxes(one)]


MailField = Annotated[Mailbox, PlainValidator(_field)]
"""A field that holds one sender or lead; the provider may leave it out or send it as null."""
NeededMail = Annotated[Mailbox, PlainValidator(_needed)]
"""A field that an event cannot do without."""
MailList = Annotated[list[Mailbox], PlainValidator(_fields)]
"""Fields that only add to what we need: texts or lists of them, anything else counts as empty."""
