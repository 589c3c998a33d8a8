"""Columns and filters of the admin's lists: links to other rows, states as chips, and choices."""

import contextlib
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import cache, reduce
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from admin.scope import scope_of
from inbox.pages.state_marks import state_of
from inbox.pages.templatetags.holdfast import render_chip

Column = Callable[[Any], SafeString]


def row_url(row: Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def list_url(model: type[Model], **filters: object) -> str:
    """Returns the URL of the admin's list of `model`. `filters` become the query string, except values None and ""."""
    query = urlencode({name: wanted for name, wanted in filters.items() if wanted not in (None, "")})
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{query}" if query else address


def link(target: Model | None, text: str = "") -> SafeString:
    """Returns a link to the admin page of `target`, its label alone if there is no such page, or a dash for None."""
    if target is None:
        return SafeString("–")
    if not admin.site.is_registered(type(target)):
        return format_html("{}", text or target)
    return format_html('<a href="{}">{}</a>', row_url(target), text or target)


def list_link(model: type[Model], text: str, **filters: object) -> SafeString:
    return format_html('<a href="{}">{}</a>', list_url(model, **filters), text)


@cache  # to sort a list, Django needs the same column object from each call of get_list_display
def linked(path: str, words: Callable[[Any], str] = str) -> Column:
    """Returns an admin column that links to the row at the end of `path`, such as `lead` or `job__workspace`. `words`
    returns the link's label for a row.
    """
    name = path.rpartition("__")[2]

    @admin.display(description=name, ordering=path)
    def column(row: Any) -> SafeString:
        target = reduce(lambda row, step: row and getattr(row, step), path.split("__"), row)
        return link(target, words(target) if target else "")

    column.__name__ = f"{name}_link"  # the CSS class of the column's cells
    return column


def chip(field: str, table: str, ordering: Any = None) -> Column:
    """Returns a column that shows the state in `field` as a chip, labelled by `table` (inbox.pages.state_marks)."""

    @admin.display(description=field, ordering=ordering or field)
    def column(row: Any) -> SafeString:
        return render_chip(state_of(table, getattr(row, field)))

    column.__name__ = f"{field}_chip"
    return column


class WorkspaceFilter(admin.SimpleListFilter):
    """A filter by workspace. The filter appears if the user may see several workspaces."""

    title = parameter_name = "workspace"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        scope = scope_of(request)
        names = scope.names if scope.chosen is None else []
        return [(str(pk), name) for pk, name in names] if len(names) > 1 else []

    def has_output(self) -> bool:
        """Whether the filter is shown and applied: it offers workspaces, or the URL names one."""
        return bool(self.value()) or super().has_output()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Returns the rows of the chosen workspace; all rows if none is chosen, and no rows for an invalid id."""
        if not (workspace_id := self.value()):
            return queryset
        model_admin: Any = admin.site.get_model_admin(queryset.model)
        with contextlib.suppress(ValueError):
            return queryset.filter(**{model_admin.workspace_path: uuid.UUID(workspace_id)})
        return queryset.none()


def choice_filter(
    parameter: str,
    labels: Callable[[], Mapping[str, str]],
    narrow: Callable[[QuerySet[Any], str], QuerySet[Any]],
) -> type[admin.SimpleListFilter]:
    """Returns a filter on the URL parameter `parameter`. `labels` returns the filter's choices for each request.
    `narrow` must return no rows for an unknown choice, because otherwise an action could apply to all rows.
    """

    class ChoiceFilter(admin.SimpleListFilter):
        title = parameter.rpartition("__")[2].replace("_", " ")
        parameter_name = parameter

        def lookups(
            self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]"
        ) -> list[tuple[str, str]]:
            return list(labels().items())

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            choice = self.value()
            return narrow(queryset, choice) if choice else queryset

    return ChoiceFilter


def known_values(
    field: str, values: Iterable[str] | Callable[[], Mapping[str, str]]
) -> type[admin.SimpleListFilter]:
    """Returns a filter on `field` with the choices `values`: a list, or a function that returns labels by value."""

    def labels() -> Mapping[str, str]:
        if isinstance(values, Iterable):
            return {choice: str(getattr(choice, "label", choice)) for choice in values}
        return values()

    return choice_filter(field, labels, lambda rows, choice: rows.filter(**{field: choice}))
