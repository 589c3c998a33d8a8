"""What every ModelAdmin here shares: cheap lists, one workspace at a time for staff, and records that nobody edits."""

import contextlib
import uuid
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType

from django.apps import apps
from django.contrib import admin
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Model, QuerySet, UUIDField
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

ESTIMATE_FROM = 10_000
"""Rows from which an unfiltered list shows PostgreSQL's estimate instead of counting them one by one."""


def link(target: Model | None, text: str = "") -> SafeString:
    """A link to the admin page of `target` (its text alone where it has none), or a dash."""
    if target is None:
        return SafeString("–")
    if not admin.site.is_registered(type(target)):
        return format_html("{}", text or target)
    return format_html('<a href="{}">{}</a>', _url(target._meta, "change", target.pk), text or str(target))


def list_link(model: type[Model], text: str, **filters: object) -> SafeString:
    """A link to the list of `model`, narrowed by `filters`."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return format_html('<a href="{}?{}">{}</a>', _url(model._meta, "changelist"), query, text)


def _url(options, page: str, *args: object) -> str:
    return reverse(f"admin:{options.app_label}_{options.model_name}_{page}", args=args)


class EstimatingPaginator(Paginator):
    """Counts what a filter left over; of a whole large table the estimate is enough for page numbers."""

    @cached_property
    def count(self) -> int:
        query = self.object_list.query
        if not query.where:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass",
                    [query.model._meta.db_table],
                )
                estimate = cursor.fetchone()[0]
            if estimate >= ESTIMATE_FROM:
                return estimate
        return super().count


class WorkspaceFilter(admin.SimpleListFilter):
    """Workspaces by name: all of them for a superuser, their own for other staff."""

    title = "workspace"
    parameter_name = "workspace"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in own_workspaces(request).values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() not in dict(self.lookup_choices):
            return queryset
        return queryset.filter(**{self.path(queryset.model): self.value()})

    @staticmethod
    def path(model: type[Model]) -> str:
        return "workspace" if hasattr(model, "workspace") else "integration__workspace"


def known_values(
    field: str, values: Iterable[str] | Callable[[], Mapping[str, str]]
) -> type[admin.SimpleListFilter]:
    """A filter on `field` by values that are known: asking the table for all that occur would read all of it.

    `values`, or the labels by value that it returns, are read at each request: what is registered later is in them.
    """

    class KnownValues(admin.SimpleListFilter):
        title = parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
            if isinstance(values, FunctionType):
                return list(values().items())
            return [(value, str(getattr(value, "label", value))) for value in values]

        def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    return KnownValues


def own_workspaces(request: HttpRequest) -> QuerySet:
    """The workspaces whose rows `request.user` may see."""
    workspaces = apps.get_model("inbox.Workspace").objects.all()
    return workspaces if request.user.is_superuser else workspaces.filter(memberships__user=request.user)


class BaseAdmin(admin.ModelAdmin):
    """Pages of 50, no count of everything, an id in the search box finds its row, and no foreign tenants.

    `workspace_path` leads from the model to its workspace; None: it belongs to none, and only
    superusers see its rows. `heavy` names columns that a list must not load.
    """

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = EstimatingPaginator
    workspace_path: str | None = "workspace"
    heavy: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        queryset = super().get_queryset(request)
        if not request.user.is_superuser:
            path = self.workspace_path
            queryset = (
                queryset.filter(**{f"{path}__in": own_workspaces(request)}) if path else queryset.none()
            )
        match = request.resolver_match
        listing = match is not None and match.url_name.endswith("_changelist")
        return queryset.defer(*self.heavy) if listing else queryset

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if isinstance(self.opts.pk, UUIDField):
            with contextlib.suppress(ValueError):
                return queryset.filter(pk=uuid.UUID(search_term.strip())), False
        return super().get_search_results(request, queryset, search_term.replace("\0", ""))


class RecordAdmin(BaseAdmin):
    """What happened is looked at, never added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
