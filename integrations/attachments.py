"""What a provider tells of a file that came with a message. The file stays there, and is fetched when asked for."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

LARGEST = 25 * 1024 * 1024
"""The most bytes of a file that is fetched."""
MOST = 50
"""How many files of one message are kept."""
LONGEST = {"name": 200, "type": 100, "id": 300, "url": 2_000}
"""The most characters of each text that is told of a file. An id or address that is longer is not kept."""
NOT_IN_NAMES = re.compile('[\x00-\x1f\x7f-\x9f/\\\\:*?"<>|\u200b-\u200f\u2028-\u202e\u2066-\u2069]+')
"""What no file's name may have: separators of folders, signs that systems reserve, and characters that turn the
direction of a text, by which `exe.pdf` can be made of `fdp.exe`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came with a message. A part that the provider does not tell is "", or None for `size` (bytes).

    `type` is its MIME type, or the provider's own word for its kind. `url` is the address at which it lies.
    """

    name: str = ""
    type: str = ""
    size: int | None = None
    id: str = ""
    url: str = ""

    @property
    def file_name(self) -> str:
        """A name under which the file can be saved: its own, else the last part of its address, else "file"."""
        last = unquote(urlsplit(self.url).path.rpartition("/")[2]) if self.url else ""
        names = (NOT_IN_NAMES.sub(" ", name).strip(" .") for name in (self.name, last))
        return next((name[-120:] for name in names if name), "file")


def as_stored(files: Iterable[Attachment]) -> list[dict[str, Any]]:
    """The value of `Message.attachments` for at most MOST files: of each, only what the provider tells."""
    rows = ({name: part for name, part in asdict(file).items() if part not in ("", None)} for file in files)
    return [file for file in rows if file][:MOST]


def read(stored: Any) -> list[Attachment]:
    """The files in a value of `Message.attachments`, in its order. It also reads what older releases stored."""
    return [attachment(**row) for row in stored if isinstance(row, dict)] if isinstance(stored, list) else []


def attachment(**fields: Any) -> Attachment:
    """An Attachment from untrusted fields. `mimetype` counts before `type`; a `url` that is none is left out."""
    fields["type"] = fields.get("mimetype") or fields.get("type")
    texts = {name: _text(fields.get(name), limit) for name, limit in LONGEST.items()}
    texts["url"] = texts["url"] if _is_url(texts["url"]) else ""
    size = fields.get("size")
    is_size = isinstance(size, int) and not isinstance(size, bool) and size >= 0
    return Attachment(size=size if is_size else None, **texts)


def _is_url(text: str) -> bool:
    try:
        return bool(urlsplit(text))
    except ValueError:  # "https://[x/a.png", or a character that becomes a slash when it is normalised
        return False


def _text(raw: Any, limit: int) -> str:
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        return ""
    text = str(raw).strip()
    return text if len(text) <= limit else ""
