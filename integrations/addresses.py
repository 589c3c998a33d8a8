"""Parses the address fields of emails (RFC 5322) into bare addresses and names.

Providers pass such a field on as it stood in the mail: a bare address, an address with a name (`"Ada Lindqvist"
<ada@x.example>`), a name that is encoded (RFC 2047) or in a comment, several addresses, or a group. The parser makes
one pass.
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
"""The number of characters of a field that are parsed. It is enough for hundreds of addresses."""
BARE = re.compile(r"[^\s<>()\[\],;:\"\\@]+@[^\s<>()\[\],;:\"\\@]+")
ADDRESS = re.compile(r"[^\s<>,;@]+@[^\s<>,;@]+")
# Each part of an address field has a maximum length, so that parsing time grows only linearly with the field. Without
# that maximum, a field full of opening quotes would take much longer.
TOKEN = re.compile(
    r'"(?:\\.|[^"\\]){0,400}+"|\((?:\\.|[^()\\]){0,400}+\)|<[^<>]{0,400}+>|[^",;(<]++|.', re.DOTALL
)
GROUP = re.compile(r"^[^@]*:")


class Mailbox(NamedTuple):
    """An email address, and the decoded name of its owner; "" if the field has no name."""

    address: str = ""
    name: str = ""


def mailboxes(text: str) -> list[Mailbox]:
    """Returns all addresses in an address field (From, To, Cc), in order, from its first READ_LIMIT characters."""
    text = text.strip()
    if BARE.fullmatch(text):
        return [Mailbox(text)]
    return [address for part in _parts(text[:READ_LIMIT]) if (address := _mailbox(part))]


def mailbox(text: str) -> Mailbox:
    """Returns a field's first address. If the field has none, returns its whole text as the address, unchecked."""
    return next(iter(mailboxes(text)), Mailbox(text.strip()))


def decoded(name: str) -> str:
    """Returns a name from a mail header on one line, with its encoded words (`=?utf-8?q?Ada?=`) decoded."""
    if "=?" in name:
        with suppress(ValueError, LookupError):  # the name stays as it is if its encoding is unknown or wrong
            name = str(make_header(decode_header(name)))
    return " ".join(UNSTORABLE.sub("", name).split())


def listed(**fields: list[tuple[str, str]]) -> dict[str, list[dict[str, str]]]:
    """Returns the recipients as messages store them: a list of {address, name} for each non-empty field.

    `fields` are to, cc and bcc, each a list of pairs: an address field, and a name that the provider gives separately
    and that takes precedence. A field in which no address is found is itself stored as the address.
    """
    by_kind = {
        kind: [
            {"address": person.address, "name": decoded(name) or person.name}
            for text, name in pairs
            for person in mailboxes(text) or ([Mailbox(text.strip())] if text.strip() else [])
        ]
        for kind, pairs in fields.items()
    }
    return {kind: people for kind, people in by_kind.items() if people}


def _parts(text: str) -> Iterator[list[str]]:
    """Yields each part of a field as tokens. Commas and semicolons separate parts, except in quotes and comments."""
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
    """Returns a token without its quotes. From an unquoted token, removes a group name at the beginning."""
    return unquote(token) if token.startswith('"') and token.endswith('"') else GROUP.sub("", token)


def _field(raw: Any) -> Mailbox:
    if raw is None:
        return Mailbox()
    if not isinstance(raw, str):
        raise ValueError("must be a text")
    return mailbox(raw)


def _needed(raw: Any) -> Mailbox:
    address = _field(raw)
    if not 3 <= len(address.address) <= 320:
        raise ValueError("must be an email address of 3 to 320 characters")
    return address


def _fields(raw: Any) -> list[Mailbox]:
    values = [raw] if isinstance(raw, str) else raw
    if not isinstance(values, list):
        return []
    return [address for text in values if isinstance(text, str) for address in mailboxes(text)]


MailField = Annotated[Mailbox, PlainValidator(_field)]
"""A payload field with one person, a sender or a lead. Providers may omit the field or send null."""
NeededMail = Annotated[Mailbox, PlainValidator(_needed)]
"""A payload field with one address. Without the address, the event is invalid."""
MailList = Annotated[list[Mailbox], PlainValidator(_fields)]
"""A payload field with optional addresses: a string or a list of strings. Any other value counts as empty."""
