"""What the tests of documents share: the tree as it is, and a page's headings."""

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = {"node_modules", "__pycache__", "migrations"}


def files(*endings: str) -> Iterator[Path]:
    """Every file of the repository with one of these endings (".py"); nothing that a command has made."""
    for folder, below, names in os.walk(ROOT):
        below[:] = sorted(name for name in below if not name.startswith(".") and name not in LEFT_OUT)
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(endings))


@cache
def headings(page: Path) -> tuple[str, ...]:
    """The headings of a page, without their marks; lines of code blocks are none."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return tuple(re.findall(r"^#+ +(.+?) *$", text, re.M))


def slug(heading: str) -> str:
    """A heading as an address's fragment names it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
