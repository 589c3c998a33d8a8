"""Removes secret keys from URLs, and from text that contains URLs, before they are logged or stored.

The URL of a webhook contains its secret key. A mistyped URL sends the key to an unknown path, so everything in a URL
that looks like a key is removed, and so is the query.
"""

import re

KEY = re.compile(
    r"(?<![\w-])"
    r"(?![0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![\w-]))"  # except a UUID, which is not a secret
    r"(?:(?=[A-Za-z_-]*[0-9])[\w-]{24,}|(?=[a-z_-]*[A-Z])[\w-]{40,})",
    re.ASCII,
)
"""Matches a key: a run of letters, digits, - and _ that is too long for a word and is not a name in code."""
WEBHOOK = re.compile(r"(webhooks?/)([^?'\"\n]*)", re.IGNORECASE)
LONG_SEGMENT = re.compile(r"[^/]{16,}")
"""A part of the path after `webhooks/` that is too long for a source's name is treated as a key."""
ONE_TIME_LINK = re.compile(r"(/reconnect/+|/password/+new/+|/invitation/+)[^\s?]+", re.IGNORECASE)
QUERY = re.compile(r"(?<=\S)\?(?=\S)\S+")
ADDRESS = re.compile(r"\S*[/?]\S*")


def redact_path(path: str) -> str:
    """Replaces secret keys in a path, or in text about a request, with "[key]", and removes the query. The last parts
    of webhook URLs and one-time links are replaced too, because they give access.
    """
    path = WEBHOOK.sub(lambda match: match[1] + LONG_SEGMENT.sub("[key]", match[2]), path)
    return KEY.sub("[key]", QUERY.sub("?[query]", ONE_TIME_LINK.sub(r"\1[token]", path)))


def redact_addresses(text: str) -> str:
    """Applies `redact_path` to each word of `text` with a slash or a question mark. Ids stay."""
    return ADDRESS.sub(lambda word: redact_path(word[0]), text)


def redact_traceback(text: str) -> str:
    """Applies `redact_path` to the lines of a traceback, except those that name a source file."""
    lines = text.split("\n")
    return "\n".join(line if line.lstrip().startswith('File "') else redact_path(line) for line in lines)
