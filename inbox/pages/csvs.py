"""Writes tables as CSV files that a spreadsheet can open without running formulas."""

import csv
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from django.http import HttpResponse

TYPE = "text/csv; charset=utf-8"
FORMULA = ("=", "+", "-", "@", "\N{MINUS SIGN}")
"""The characters with which a formula can begin in a spreadsheet (OWASP, CSV injection), after NFKC normalisation."""
FILLERS = "\u115f\u1160\u3164\uffa0"
"""Characters that Unicode classifies as letters although they are invisible."""


def cell(content: object) -> object:
    """Returns `content` as a cell of a CSV file. A number stays a number.

    A text that a spreadsheet could run as a formula gets an apostrophe in front: one that begins with a control
    character, or with a formula's character, possibly after invisible characters.
    """
    if isinstance(content, int | float) or content is None:
        return content
    text = str(content)
    # categories C, Z and M are invisible: control and format characters, blanks of any width, combining marks
    visible = (mark for mark in text if unicodedata.category(mark)[0] not in "CZM" and mark not in FILLERS)
    begins = next(visible, "")
    controlled = text[:1] != "\n" and unicodedata.category(text[:1] or " ") == "Cc"
    return f"'{text}" if controlled or unicodedata.normalize("NFKC", begins).startswith(FORMULA) else text


def plain(text: str) -> str:
    """Returns the text of a CSV cell without the apostrophe that `cell` has put in front."""
    return text[1:] if text.startswith("'") and cell(text[1:]) == text else text


def answer(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Returns a response that downloads the CSV file `name`.csv. `head` holds the names of its columns."""
    return HttpResponse(lines(head, rows), content_type=TYPE, headers=attached(name))


def attached(name: str) -> dict[str, str]:
    """Returns the headers with which a browser saves the response as the file `name`.csv."""
    return {"Content-Disposition": f'attachment; filename="{name}.csv"'}


def lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yields the lines of a CSV file. `head` holds the names of its columns."""
    writer = csv.writer(Line())
    yield "\ufeff"  # without this byte order mark Excel does not read the file as UTF-8
    yield writer.writerow(head)
    for row in rows:
        yield writer.writerow([cell(content) for content in row])


class Line:
    """A file for `csv.writer` that stores nothing. Its `write` returns the line, and so does `writerow`."""

    def write(self, line: str) -> str:
        return line
