"""Writes tables as CSV files that a spreadsheet can open without running a formula from them."""

import csv
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""The beginnings of a cell that a spreadsheet takes for a formula (OWASP, CSV injection)."""


def cell(value: object) -> object:
    """`value` as a cell of a CSV file. A text that a spreadsheet would run as a formula gets an
    apostrophe in front. Numbers stay numbers.
    """
    if isinstance(value, int | float) or value is None:
        return value
    text = str(value)
    return f"'{text}" if text.lstrip(" \n").startswith(FORMULA) or text.startswith(FORMULA) else text


def plain(text: str) -> str:
    """The original text of a CSV cell that `cell` wrote: without the apostrophe that it put in front."""
    return text[1:] if text.startswith("'") and cell(text[1:]) == text else text


def answer(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """The response that lets a browser download a table as the CSV file `name`.csv. `head` holds the names of the
    columns.
    """
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
    response.write("\ufeff")  # without this mark Excel does not read the file as UTF-8
    writer = csv.writer(response)
    writer.writerow(head)
    writer.writerows([cell(value) for value in row] for row in rows)
    return response
