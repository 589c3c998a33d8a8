"""Filters of the admin's lists."""

import contextlib
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from admin.scope import scope_of


class WorkspaceFilter(admin.SimpleListFilter):
    """A filter by workspace. It appears if the user may see several workspaces."""

    title = parameter_name = "workspace"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        scope = scope_of(request)
        names = scope.names if scope.chosen is None else []
        return [(str(pk), name) for pk, name in names] if len(names) > 1 else []

    def has_output(self) -> bool:
        """Whether the filter applies: it offers workspaces, or the URL names one."""
        return bool(self.value()) or super().has_output()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the chosen workspace, all rows without a choice, and none for an invalid id."""
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
    """A filter on the URL parameter `parameter`. `labels` returns its choices for each request. `narrow` must return no
    rows for an unknown choice, because otherwise an action could apply to all rows.
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
    """A filter on `field` by given values, or by a function that returns labels by value, instead of a query."""

    def labels() -> Mapping[str, str]:
        if isinstance(values, Iterable):
            return {choice: str(getattr(choice, "label", choice)) for choice in values}
        return values()

    return choice_filter(field, labels, lambda rows, choice: rows.filter(**{field: choice}))
