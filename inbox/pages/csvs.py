"""Writes tables as CSV files that a spreadsheet can open without running a formula from them."""

import csv
import unicodedata
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

FORMULA = ("=", "+", "-", "@", "\N{MINUS SIGN}")
"""The beginnings of a cell that a spreadsheet takes for a formula (OWASP, CSV injection), after NFKC normalisation."""
FILLERS = "\u115f\u1160\u3164\uffa0"
"""Letters without a shape, by their category in Unicode."""


def cell(content: object) -> object:
    """`content` as a cell of a CSV file. Numbers stay numbers.

    A text that a spreadsheet could run as a formula gets an apostrophe in front: one that begins with a formula's
    character, after any invisible ones, or with a control character.
    """
    if isinstance(content, int | float) or content is None:
        return content
    text = str(content)
    begins = next((character for character in text if not _is_unseen(character)), "")
    controlled = text[:1] != "\n" and unicodedata.category(text[:1] or " ") == "Cc"
    return f"'{text}" if controlled or unicodedata.normalize("NFKC", begins).startswith(FORMULA) else text


def _is_unseen(character: str) -> bool:
    """Whether a character is invisible: blanks of any width, control and format characters, marks without a letter."""
    return unicodedata.category(character)[0] in "CZM" or character in FILLERS


def plain(text: str) -> str:
    """The text of a CSV cell without the apostrophe that `cell` put in front."""
    return text[1:] if text.startswith("'") and cell(text[1:]) == text else text


def answer(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """The response that downloads a table as the CSV file `name`.csv. `head` holds the names of the columns."""
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
    response.write("\ufeff")  # without this mark Excel does not read the file as UTF-8
    writer = csv.writer(response)
    writer.writerow(head)
    writer.writerows([cell(content) for content in row] for row in rows)
    return response
