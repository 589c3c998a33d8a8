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
    """A file that came with a message. What the provider does not tell is "", or None for `size`, which is in bytes.

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


def told(found: Iterable[Attachment]) -> list[dict[str, Any]]:
    """What `Message.attachments` stores of at most MOST files: of each, only what the provider tells."""
    kept = ({name: value for name, value in asdict(one).items() if value not in ("", None)} for one in found)
    return [one for one in kept if one][:MOST]


def read(stored: Any) -> list[Attachment]:
    """The files in a value of `Message.attachments`, in its order. It also reads what older releases stored."""
    return [attachment(**one) for one in stored if isinstance(one, dict)] if isinstance(stored, list) else []


def attachment(**fields: Any) -> Attachment:
    """An Attachment from what a provider tells, of whatever type: `name`, `type`, `mimetype` (which counts before
    `type`), `size`, `id`, `url`. Other fields are ignored, and a `url` that is none.
    """
    fields["type"] = fields.get("mimetype") or fields.get("type")
    texts = {name: _text(fields.get(name), limit) for name, limit in LONGEST.items()}
    texts["url"] = texts["url"] if _is_url(texts["url"]) else ""
    size = fields.get("size")
    known = isinstance(size, int) and not isinstance(size, bool) and size >= 0
    return Attachment(size=size if known else None, **texts)


def _is_url(text: str) -> bool:
    try:
        return bool(urlsplit(text))
    except ValueError:  # "https://[x/a.png", or a character that becomes a slash when it is normalised
        return False


def _text(value: Any, limit: int) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value).strip()
    return text if len(text) <= limit else ""
