"""Removes secret keys from addresses, and from texts with addresses, before they are logged or stored.

A webhook's address contains the key that opens it. Somebody who mistypes the address sends the key to an unknown path.
So anything in an address that looks like a key is removed, and so is its query.
"""

import re

KEY = re.compile(
    r"(?<![\w-])"
    r"(?![0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![\w-]))"  # but not a UUID, which is no secret
    r"(?:(?=[A-Za-z_-]*[0-9])[\w-]{24,}|(?=[a-z_-]*[A-Z])[\w-]{40,})",
    re.ASCII,
)
"""Anything that looks like a key: a run of letters, digits, - and _ that is too long for a word and no name in code."""
WEBHOOK = re.compile(r"(webhooks?/)([^?'\"\n]*)", re.IGNORECASE)
LONG_SEGMENT = re.compile(r"[^/]{16,}")
"""A part of the path after `webhooks/` that is too long for the name of a source. It is taken for a key."""
ONE_TIME_LINK = re.compile(r"(/reconnect/+|/password/+new/+|/invitation/+)[^\s?]+", re.IGNORECASE)
QUERY = re.compile(r"(?<=\S)\?(?=\S)\S+")
ADDRESS = re.compile(r"\S*[/?]\S*")


def redact_path(path: str) -> str:
    """The path, or text about a request, with "[key]" for all that looks like a secret key, and without its query.
    Webhook addresses and one-time links give access, so their last part is replaced too.
    """
    return KEY.sub("[key]", _redact_address(path))


def redact_addresses(text: str) -> str:
    """`text` with `redact_path` applied to each word with a slash or a question mark. Ids stay."""
    return ADDRESS.sub(lambda word: redact_path(word[0]), text)


def redact_traceback(text: str) -> str:
    """A traceback with `redact_path` applied to its lines, except those that name a file of the program."""
    lines = text.split("\n")
    return "\n".join(line if line.lstrip().startswith('File "') else redact_path(line) for line in lines)


def _redact_address(text: str) -> str:
    text = WEBHOOK.sub(lambda match: match[1] + LONG_SEGMENT.sub("[key]", match[2]), text)
    return QUERY.sub("?[query]", ONE_TIME_LINK.sub(r"\1[token]", text))
