"""Writes tables as CSV files that a spreadsheet can open without running formulas."""

import csv
import unicodedata
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

FORMULA = ("=", "+", "-", "@", "\N{MINUS SIGN}")
"""The characters with which a formula can begin in a spreadsheet (OWASP, CSV injection), after NFKC normalisation."""
FILLERS = "\u115f\u1160\u3164\uffa0"
"""Characters that Unicode classifies as letters although they have no visible shape."""


def cell(content: object) -> object:
    """Returns `content` as a cell of a CSV file. Numbers stay numbers.

    A text that a spreadsheet could run as a formula gets an apostrophe in front. Such a text begins with a control
    character, or with a formula's character, possibly after invisible ones.
    """
    if isinstance(content, int | float) or content is None:
        return content
    text = str(content)
    begins = next((character for character in text if not _is_unseen(character)), "")
    controlled = text[:1] != "\n" and unicodedata.category(text[:1] or " ") == "Cc"
    return f"'{text}" if controlled or unicodedata.normalize("NFKC", begins).startswith(FORMULA) else text


def _is_unseen(character: str) -> bool:
    """Whether a character is invisible: blanks of any width, control and format characters, combining marks."""
    return unicodedata.category(character)[0] in "CZM" or character in FILLERS


def plain(text: str) -> str:
    """Returns the text of a CSV cell without the apostrophe that `cell` added."""
    return text[1:] if text.startswith("'") and cell(text[1:]) == text else text


def answer(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Returns a response that downloads the CSV file `name`.csv. `head` holds the names of the columns."""
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
    response.write("\ufeff")  # without this byte order mark Excel does not read the file as UTF-8
    writer = csv.writer(response)
    writer.writerow(head)
    writer.writerows([cell(content) for content in row] for row in rows)
    return response
