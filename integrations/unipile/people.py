"""Parses people and files in the formats of both versions of Unipile."""

import re
from collections.abc import Iterable
from typing import Any

from integrations.attachments import as_stored, attachment
from integrations.events import Person
from integrations.payload import split_name

MEMBER_ID_URL = re.compile(r"/(?:in|pub)/(AC[ow]AA[\w-]+)", re.IGNORECASE)


def person(member_id: str, url: str, name: str) -> Person:
    """Returns a Person. A profile URL that contains the member id (/in/ACoAA…) is read as that id, not as a name."""
    match = MEMBER_ID_URL.search(url)
    if match:
        member_id, url = member_id or match[1], ""
    first, last = split_name(name)
    return Person(linkedin_member_id=member_id, linkedin_url=url, first_name=first, last_name=last)


def files_of(raw: Any) -> list[dict[str, Any]]:
    """Returns the files of a message. Version 1 documents one object, but its API sends a list."""
    files: Iterable[Any] = raw if isinstance(raw, list) else [raw]
    return as_stored(
        attachment(
            id=file.get("id"),
            name=file.get("file_name") or file.get("filename") or file.get("name"),
            type=file.get("type"),
            mimetype=file.get("mimetype"),
            size=file["file_size"] if file.get("file_size") is not None else file.get("size"),
            url=file.get("url"),
        )
        for file in files
        if isinstance(file, dict)
    )
