"""The metadata of a file that came with a message. The file stays at the provider and is fetched on demand."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

LARGEST = 25 * 1024 * 1024
"""The maximum size in bytes of a file that is fetched."""
MOST = 50
"""The maximum number of files of one message that are stored."""
LONGEST = {"name": 200, "type": 100, "id": 300, "url": 2_000}
"""The maximum number of characters of each field of a file. A longer id or URL is not stored."""
NOT_IN_NAMES = re.compile('[\x00-\x1f\x7f-\x9f/\\\\:*?"<>|\u200b-\u200f\u2028-\u202e\u2066-\u2069]+')
"""Characters that no file name may contain: path separators, characters that systems reserve, and characters that
reverse the text direction, which can make `fdp.exe` look like `exe.pdf`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came with a message. Unknown fields are "", or None for `size` (in bytes).

    `type` is the MIME type, or the provider's own word for the kind of file. `url` is where the file can be fetched.
    """

    name: str = ""
    type: str = ""
    size: int | None = None
    id: str = ""
    url: str = ""

    @property
    def file_name(self) -> str:
        """A file name for saving: the file's own name, else the last segment of its URL, else "file"."""
        last = unquote(urlsplit(self.url).path.rpartition("/")[2]) if self.url else ""
        names = (NOT_IN_NAMES.sub(" ", name).strip(" .") for name in (self.name, last))
        return next((name[-120:] for name in names if name), "file")


def as_stored(files: Iterable[Attachment]) -> list[dict[str, Any]]:
    """Returns the value of `Message.attachments` for at most MOST files. Unknown fields are left out."""
    rows = ({name: part for name, part in asdict(file).items() if part not in ("", None)} for file in files)
    return [file for file in rows if file][:MOST]


def read(stored: Any) -> list[Attachment]:
    """Returns the files in `stored`, a value of `Message.attachments`. Also reads the format of older releases."""
    return [attachment(**row) for row in stored if isinstance(row, dict)] if isinstance(stored, list) else []


def attachment(**fields: Any) -> Attachment:
    """Builds an Attachment from untrusted fields. A `mimetype` overrides `type`. An invalid `url` is dropped."""
    fields["type"] = fields.get("mimetype") or fields.get("type")
    texts = {name: _text(fields.get(name), limit) for name, limit in LONGEST.items()}
    texts["url"] = texts["url"] if _is_url(texts["url"]) else ""
    size = fields.get("size")
    is_size = isinstance(size, int) and not isinstance(size, bool) and size >= 0
    return Attachment(size=size if is_size else None, **texts)


def _is_url(text: str) -> bool:
    try:
        return bool(urlsplit(text))
    except ValueError:  # such as "https://[x/a.png", or a character that normalises to a slash
        return False


def _text(raw: Any, limit: int) -> str:
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        return ""
    text = str(raw).strip()
    return text if len(text) <= limit else ""
