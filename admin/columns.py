"""Links to admin pages, and columns of lists: links to other rows, and states as chips."""

from collections.abc import Callable
from functools import cache, reduce
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from inbox.pages.state_marks import state_of
from inbox.pages.templatetags.holdfast import render_chip

Column = Callable[[Any], SafeString]


def row_url(row: Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def list_url(model: type[Model], **filters: object) -> str:
    """The URL of the admin's list of `model`. `filters` become its query, except for those that are None or ""."""
    query = urlencode({name: wanted for name, wanted in filters.items() if wanted not in (None, "")})
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{query}" if query else address


def link(target: Model | None, text: str = "") -> SafeString:
    """A link to the admin page of `target`, or only its label if there is no such page. None becomes a dash."""
    if target is None:
        return SafeString("–")
    if not admin.site.is_registered(type(target)):
        return format_html("{}", text or target)
    return format_html('<a href="{}">{}</a>', row_url(target), text or target)


def list_link(model: type[Model], text: str, **filters: object) -> SafeString:
    return format_html('<a href="{}">{}</a>', list_url(model, **filters), text)


@cache  # sorting in Django needs the same column object from each call of get_list_display
def linked(path: str, words: Callable[[Any], str] = str) -> Column:
    """A column that links to the row at the end of `path`, such as `lead` or `job__workspace`.
    `words` makes its label.
    """
    name = path.rpartition("__")[2]

    @admin.display(description=name, ordering=path)
    def column(row: Any) -> SafeString:
        target = reduce(lambda row, step: row and getattr(row, step), path.split("__"), row)
        return link(target, words(target) if target else "")

    column.__name__ = f"{name}_link"  # the CSS class of its cells
    return column


def chip(field: str, table: str, ordering: Any = None) -> Column:
    """A column that shows the state in `field` as a chip, labelled by `table` (inbox.pages.state_marks)."""

    @admin.display(description=field, ordering=ordering or field)
    def column(row: Any) -> SafeString:
        return render_chip(state_of(table, getattr(row, field)))

    column.__name__ = f"{field}_chip"
    return column
