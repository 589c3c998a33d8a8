"""Tables as CSV that a spreadsheet may open without running anything."""

import csv
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet (OWASP, CSV injection)."""


def cell(value: object) -> object:
    """`value` as a cell; text that would be a formula gets an apostrophe before it. Numbers stay numbers."""
    if isinstance(value, int | float) or value is None:
        return value
    text = str(value)
    return f"'{text}" if text.lstrip(" \n").startswith(FORMULA) or text.startswith(FORMULA) else text


def plain(text: str) -> str:
    """The text that `cell` wrote as `text`."""
    return text[1:] if text.startswith("'") and cell(text[1:]) == text else text


def answer(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """A download called `name`.csv."""
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
    response.write("\ufeff")  # without it Excel reads UTF-8 as something else
    writer = csv.writer(response)
    writer.writerow(head)
    writer.writerows([cell(value) for value in row] for row in rows)
    return response
