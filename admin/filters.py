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
    """A filter by workspace. It offers the workspaces that the person may see, if they are several."""

    title = parameter_name = "workspace"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        scope = scope_of(request)
        names = scope.names if scope.chosen is None else []
        return [(str(pk), name) for pk, name in names] if len(names) > 1 else []

    def has_output(self) -> bool:
        """Whether the list is filtered by it: if it offers workspaces, or if the address names one."""
        return bool(self.value()) or super().has_output()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of `queryset` in the chosen workspace, all without a choice, and none for what is no id."""
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
    """A filter by `parameter` of the address. Each request calls `labels` for what it offers, by choice. `narrow`
    returns the rows of a choice, and none for an unknown one: an action could else be taken on all rows.
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
    """A filter on `field` by values, or by a function that returns labels by value: no query asks for them."""

    def labels() -> Mapping[str, str]:
        if isinstance(values, Iterable):
            return {choice: str(getattr(choice, "label", choice)) for choice in values}
        return values()

    return choice_filter(field, labels, lambda rows, choice: rows.filter(**{field: choice}))
