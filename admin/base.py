"""Base classes for all admin pages. `admin.checks` refuses a class that lacks a declaration."""

import contextlib
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_permission_codename
from django.db.models import BooleanField, DateTimeField, Model, Q, QuerySet, UUIDField
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from admin.columns import WorkspaceFilter, link, linked, list_link
from admin.long_lists import EstimatingPaginator, LongList
from admin.scope import INSTALLATION, is_to_many, scope_of, steps_of, workspace_of
from inbox.models import AuditEntry, audit
from inbox.pages.access import signed_in

SEARCHED = 1_000
"""The most rows that one look-up of a search finds."""

SHOWN = 20
"""The most rows that a confirmation page names."""

BY_ID = "id"
"""In `search_fields`, this means that a search finds rows only by their ids."""

FILTERED = {"exact", "isnull", "gte", "lt"}
"""The look-ups of Django's column filters. Other look-ups would allow a user to guess a text letter by letter."""

BEYOND = {"lte", "gte", "isnull"}
"""The look-ups with which `admin.long_lists` links to the rows after the last numbered page."""

LONGEST_NUMBER = 18
"""Every number with at most this many digits fits into a PostgreSQL column."""


class BaseAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # Django takes none at run time
    """Base class of all admin pages. A list shows the rows of the user's workspaces, 50 per page, without slow counts.

    A subclass of BaseAdmin declares:

    `workspace_path`: the look-up from the model to its workspace, by default its field `workspace`; or INSTALLATION.
    `text_fields`: the columns with user text. Text fields are loaded only on the page of one row, for users who may
    read the text. `secret_fields`: the columns that are never loaded. `plain_texts`: the other long columns, such as
    names and settings. Anyone who can see the row may read its plain texts. `heavy`: further columns that a list page
    does not load. `id_fields`: indexed id columns, which a search for an id includes. `ordering_of_one`: the order of a
    list that shows only one workspace; set it if an index begins with the workspace. `trace_kind`: the kind of the row
    on the page “Trace”, or "" if it has no such page. `index_begins`: maps a look-up of `search_fields` to the
    column that follows the workspace in its index, and to a function that returns all values of that column.
    `linked_by`: the look-ups that links of our pages use, besides those of `list_filter`. `pages_in_workspace`: links
    to workspace pages about a row, only for members. Each link has its text, the URL's name, and the row's fields whose
    values follow the workspace in the URL. `related_lists`: links to lists of related rows, which the read-only field
    `related` shows. Each link has its text, the related model, and that model's field that points to this row.
    `named_by`: the relation whose name the admin shows for a row, such as its lead, or "" for the row's own name.
    `logs_values`: whether the history stores the old and new values of a changed field, and not only its name. `views`:
    maps the routes of further pages of this class to the methods that show them; the name of such a page's URL ends
    with the name of its method. `asks_again`: whether a user must have proven their identity recently to add, change or
    delete a row.
    """

    workspace_path: str = ""
    text_fields: tuple[str, ...] = ()
    secret_fields: tuple[str, ...] = ()
    plain_texts: tuple[str, ...] = ()
    heavy: tuple[str, ...] = ()
    id_fields: tuple[str, ...] = ()
    ordering_of_one: tuple[str, ...] = ()
    linked_by: tuple[str, ...] = ()
    index_begins: ClassVar[dict[str, tuple[str, Callable[[], Iterable[str]]]]] = {}
    related_lists: tuple[tuple[str, type[Model], str], ...] = ()
    pages_in_workspace: tuple[tuple[str, ...], ...] = ()
    views: ClassVar[dict[str, str]] = {}
    trace_kind = ""
    named_by = ""
    logs_values = True
    asks_again = False

    list_select_related: ClassVar[tuple[str, ...]] = ()
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = EstimatingPaginator
    object_history_template = "admin/object_history.html"

    def __init__(self, model: type[Model], site: Any) -> None:
        super().__init__(model, site)
        if any(field.name == "workspace" for field in self.opts.fields):
            self.workspace_path = self.workspace_path or "workspace"

    # --- which rows ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = scope_of(request).limit(super().get_queryset(request), self.workspace_path)
        match = request.resolver_match
        listing = match is not None and (match.url_name or "").endswith("_changelist")
        return rows.defer(
            *self.text_fields,
            *self.secret_fields,
            *(self._texts_beside(request) if listing else ()),
            *(self.heavy if listing else ()),
        )

    @property
    def is_of_workspace(self) -> bool:
        """Whether the model is not Workspace itself, and each of its rows belongs to one workspace or to none."""
        return self.workspace_path not in (INSTALLATION, "pk") and not is_to_many(
            self.model, self.workspace_path
        )

    def get_list_select_related(self, request: HttpRequest) -> tuple[str, ...]:
        """Returns the relations that the list's query joins: the declared ones, the workspace, and those in columns."""
        workspace = (self.workspace_path,) if self.is_of_workspace else ()
        columns = (getattr(column, "admin_order_field", column) for column in self.list_display)
        shown = {str(column).partition("__")[0] for column in columns}
        relations = (field.name for field in self.opts.concrete_fields if field.is_relation)
        return (*workspace, *self.list_select_related, *(name for name in relations if name in shown))

    def _texts_beside(self, request: HttpRequest) -> Iterator[str]:
        """Yields the text and secret columns of the tables that the list's query joins."""
        for joined in self.get_list_select_related(request):
            names = joined.split("__")
            for depth, step in enumerate(steps_of(self.model, joined), 1):
                if shown := self._page_of(step.related_model):
                    before = "__".join(names[:depth])
                    yield from (f"{before}__{name}" for name in (*shown.text_fields, *shown.secret_fields))

    def _page_of(self, model: Any) -> "BaseAdmin | None":
        if not self.admin_site.is_registered(model):
            return None
        page = self.admin_site.get_model_admin(model)
        assert isinstance(page, BaseAdmin)
        return page

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Returns the row with the id `object_id`, with its text if the user may read the text. Raises Http404 if the
        row does not exist or the user may not see it.
        """
        row: Model | None = super().get_object(request, object_id, from_field)
        if row is None:
            raise Http404(f"No such {self.opts.verbose_name}.")
        if self.text_fields and self.may_read(request, row):
            row.refresh_from_db(fields=self.text_fields)
        return row

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> QuerySet[Any] | None:
        """Limits a form's choices to rows that the user may see."""
        rows: QuerySet[Any] | None = super().get_field_queryset(db, db_field, request)
        model = db_field.remote_field.model
        if not (page := self._page_of(model)):
            return rows
        rows = model._default_manager.all() if rows is None else rows
        return scope_of(request).limit(rows, page.workspace_path)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LongList]:
        return LongList

    def get_ordering(self, request: HttpRequest) -> Any:
        return self._ordering_of_one(request) or super().get_ordering(request)

    def in_own_order(self, request: HttpRequest) -> QuerySet[Any]:
        """Returns the rows of the list without filters, in an order that an index supports."""
        rows: QuerySet[Any] = self.model._default_manager.order_by(*self.get_ordering(request))
        if self._ordering_of_one(request):
            return scope_of(request).limit(rows, self.workspace_path)
        return rows

    def _ordering_of_one(self, request: HttpRequest) -> tuple[str, ...]:
        ids = scope_of(request).ids
        return self.ordering_of_one if ids is not None and len(ids) == 1 else ()

    # --- look-ups and search ---

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allows only the look-ups of `list_filter` and `linked_by`, exact look-ups of the model's own foreign keys,
        and the look-ups with which `LongList.further_url` links to later rows.
        """
        # PostgreSQL refuses a NUL character and a number that is too long
        if "\0" in value or (value.isdigit() and len(value) > LONGEST_NUMBER):
            return False
        filters = {str(getattr(each, "parameter_name", each)) for each in self.get_list_filter(request)}
        if lookup in filters or lookup in self.linked_by:
            return True
        name, _, how = lookup.rpartition("__")
        if name in self.list_filter:
            return how in FILTERED
        if how in BEYOND and name in self._order_columns():
            return True
        columns = {field.name for field in self.opts.concrete_fields if field.is_relation}
        return lookup in columns or (name in columns and how == "exact")

    def _order_columns(self) -> set[str]:
        """Returns the columns by which a list can be ordered. `LongList.further_url` compares them to link to later
        pages.
        """
        return {
            field.name
            for field in self.opts.concrete_fields
            if isinstance(field, DateTimeField) or (field.primary_key and not field.is_relation)
        }

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Returns the rows whose id is the search term, or that a look-up in one of `search_fields` matches. Each field
        of `search_fields` is looked up in an index and matches at most SEARCHED rows. The second value of the returned
        pair is always False, because no row appears twice.
        """
        term = search_term.replace("\0", "").strip()
        if not term or not self.search_fields:
            return queryset, False
        if isinstance(self.opts.pk, UUIDField):
            with contextlib.suppress(ValueError):
                wanted = uuid.UUID(term)
                by_id = Q(*((name, wanted) for name in ("pk", *self.id_fields)), _connector=Q.OR)
                return queryset.filter(by_id), False
        parts = [
            part.order_by().values_list("pk", flat=True)[:SEARCHED]
            for name in self.search_fields
            for part in self.found_by(request, name, term)
        ]
        if not parts:
            return queryset.none(), False
        ids = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
        return queryset.filter(pk__in=list(ids)), False

    def found_by(self, request: HttpRequest, name: str, term: str) -> list[QuerySet[Any]]:
        """Returns the rows in which the look-up `name` of `search_fields` finds `term`, as one queryset for each index
        that serves the look-up; [] for BY_ID. A look-up through a relation first searches the related table.
        """
        if name == BY_ID:
            return []
        lookup = name if name.rpartition("__")[2] in SEARCHES else f"{name}__icontains"
        scope, (first, *rest) = scope_of(request), lookup.split("__")
        rows = self.model._default_manager.all()
        if len(rest) < 2:
            column, values = self.index_begins.get(name, ("", list))
            begins = {f"{column}__in": list(values())} if column else {}
            parts = scope.parts(rows, self.workspace_path)
            return [part.filter(**begins, **{lookup: term}) for part in parts]
        page: Any = self._page_of(self.opts.get_field(first).related_model)
        limited = scope.limit(rows, self.workspace_path)
        return [
            limited.filter(**{f"{first}__in": part.order_by().values("pk")[:SEARCHED]})
            for part in page.found_by(request, "__".join(rest), term)
        ]

    # --- user text ---

    def may_read(self, request: HttpRequest, row: Model) -> bool:
        """Whether the user may read the user text of `row`."""
        return scope_of(request).may_read(workspace_of(row, self.workspace_path))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        hidden = set(self.secret_fields)
        if self.text_fields and not (obj is not None and self.may_read(request, obj)):
            hidden.update(self.text_fields)
        return [name for name in super().get_fields(request, obj) if name not in hidden]

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*(super().get_exclude(request, obj) or ()), *self.secret_fields]

    # --- permissions ---

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._is_theirs(request) and super().has_module_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "view", "change") and super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "add") and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "change") and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "delete") and super().has_delete_permission(request, obj)

    def _may(self, request: HttpRequest, *actions: str) -> bool:
        if not self._is_theirs(request):
            return False
        names = (get_permission_codename(action, self.opts) for action in actions)
        return any(scope_of(request).may(f"{self.opts.app_label}.{name}") for name in names)

    def _is_theirs(self, request: HttpRequest) -> bool:
        return self.workspace_path != INSTALLATION or scope_of(request).sees_all

    # --- pages ---

    def get_urls(self) -> list[Any]:
        view, name = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        views = self.views.items()
        pages = [path(route, view(getattr(self, page)), name=f"{name}_{page}") for route, page in views]
        return [*pages, *super().get_urls()]

    def page(
        self, request: HttpRequest, template: str | list[str], title: str, context: dict[str, Any]
    ) -> TemplateResponse:
        """Renders another page of this admin class in the layout of the admin."""
        frame = self.admin_site.each_context(request) | {"title": title, "opts": self.opts}
        return TemplateResponse(request, template, frame | context)

    def list_context(self, request: HttpRequest) -> dict[str, Any]:
        """Returns the template variables of the list's page, besides those that Django sets."""
        return {"title": capfirst(self.opts.verbose_name_plural)}

    def row_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Returns the template variables of the page of `row`, besides those that every row's page has."""
        return {}

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, self.list_context(request) | (extra_context or {}))

    # --- trace of a row ---

    def get_list_display(self, request: HttpRequest) -> Any:
        """Returns the columns that the class declares, with the workspace in second place, and a link to the trace."""
        columns = [*super().get_list_display(request)]
        if self.is_of_workspace and self.workspace_path not in columns:
            columns.insert(1, linked(self.workspace_path))
        return [*columns, "what_happened"] if self.trace_kind else columns

    def get_list_filter(self, request: HttpRequest) -> Any:
        filters = super().get_list_filter(request)
        return (*filters, WorkspaceFilter) if self.is_of_workspace else filters

    @admin.display(description="trace")
    def what_happened(self, row: Model) -> SafeString:
        address = self.trace_address(row)
        return format_html('<a href="{}">Trace</a>', address) if address else SafeString("–")

    def trace_address(self, row: Model) -> str:
        """Returns the URL of the page that shows what happened to `row`, or "" if there is no such page."""
        if not self.trace_kind or workspace_of(row, self.workspace_path) is None:
            return ""
        return reverse("admin:trace", args=[self.trace_kind, row.pk])

    # --- the page of a row ---

    @admin.display(description="related")
    def related(self, row: Model) -> SafeString:
        lists = ((list_link(model, words, **{field: row.pk}),) for words, model, field in self.related_lists)
        return format_html_join(" · ", "{}", lists)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        if row is not None:
            workspace_id = workspace_of(row, self.workspace_path)
            member, reads = scope_of(request).is_member(workspace_id), self.may_read(request, row)
            if self.text_fields and reads and workspace_id is not None and not member:
                audit.record(workspace_id, signed_in(request), "text.read", row)
            context |= {
                "subtitle": self.in_words(row),
                "workspace_pages": [
                    (text, reverse(name, args=[workspace_id, *(getattr(row, field) for field in fields)]))
                    for text, name, *fields in (self.pages_in_workspace if member else ())
                ],
                "text_of": workspace_id if self.text_fields and not reads else None,
                "may_open_text": scope_of(request).may("inbox.open_text"),
                "trace_address": self.trace_address(row),
            }
            context |= self.row_context(request, row)
        return super().render_change_form(request, context, *args, **kwargs)

    # --- actions ---

    def ask_first(
        self, request: HttpRequest, rows: QuerySet[Any], at_once: int, *, harmless: bool = False
    ) -> HttpResponse | None:
        """Returns the page on which the user confirms the action on at most `at_once` of `rows`, or None once the user
        has confirmed. The page's button has a warning colour unless the action is `harmless`.
        """
        if "confirmed" in request.POST:
            return None
        return self.question(request, rows, self.action_words(request), at_once, harmless=harmless)

    def action_words(self, request: HttpRequest) -> str:
        """Returns the label of the action that the user has requested."""
        return str(dict(self.get_action_choices(request))[request.POST["action"]])

    def question(
        self, request: HttpRequest, rows: QuerySet[Any], words: str, at_once: int, **context: object
    ) -> HttpResponse:
        """Returns a page that asks the user to confirm the action `words` for `rows`. The page names the first SHOWN
        rows and counts the others, up to `at_once`. A template `admin/<app>/<model>/confirm.html` can add details.
        """
        count, shown = rows.order_by()[: at_once + 1].count(), rows[:SHOWN]
        context = {
            "words": words,
            "action": request.POST.get("action", ""),
            "count": count,
            "at_once": at_once if count > at_once else 0,
            "shown": [(row, link(row, self.in_words(row))) for row in shown],
            "more": max(0, min(count, at_once) - SHOWN),
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", ""),
            "back": request.get_full_path(),
            **context,
        }
        template = f"admin/{self.opts.app_label}/{self.opts.model_name}/confirm.html"
        return self.page(request, [template, "admin/confirm.html"], f"{words}?", context)

    def act_on_each(
        self,
        request: HttpRequest,
        rows: QuerySet[Any],
        do: Callable[[Any], object],
        refusals: tuple[type[Exception], ...],
    ) -> int:
        """Calls `do` for each of `rows`, and shows the user a warning for each row that `do` refuses. Returns the
        number of rows for which `do` succeeded.
        """
        done = 0
        for row in rows:
            try:
                do(row)
                done += 1
            except refusals as refusal:
                messages.warning(request, format_html("{}: {}", link(row, self.in_words(row)), refusal))
        return done

    def in_words(self, row: Any) -> str:
        """Returns the name of `row` for the title of its page and for the confirmation page."""
        return str(getattr(row, self.named_by) if self.named_by else row)

    # --- history ---

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> list[dict[str, Any]]:
        message: list[dict[str, Any]] = super().construct_change_message(request, form, formsets, add)
        if message and form.changed_data:
            hidden = {*self.text_fields, *self.secret_fields} if self.logs_values else None
            next(iter(message[0].values()))["values"] = audit.changes_of(form, hidden)
        return message

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(request, "admin.add", obj, message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(request, "admin.change", obj, message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for row in queryset:
            self._record(request, "admin.delete", row, "")
        return super().log_deletions(request, queryset)

    def _record(self, request: HttpRequest, action: str, row: Model, message: object) -> None:
        """Copies an entry of Django's admin log to the audit log, with the values of the changed fields."""
        about: dict[str, object] = {}
        if isinstance(message, str) and message:
            about = {"said": message[: audit.MOST]}
        elif isinstance(message, list) and message:
            (entry,) = message[0].values()
            about = {"changes": entry["values"]} if "values" in entry else {}
        audit.record(workspace_of(row, self.workspace_path), signed_in(request), action, row, **about)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Shows the history of a row, with at most SEARCHED entries of the audit log."""
        scope, shown = scope_of(request), AuditEntry.objects.select_related("actor", "program")
        shown = shown.filter(object_type=self.opts.model_name, object_id=unquote(object_id))
        if not scope.sees_all:  # operators also see entries that belong to no workspace
            shown = scope.limit(shown, "workspace")
        return super().history_view(
            request, object_id, {"entries": shown[:SEARCHED], **(extra_context or {})}
        )


def right(permission: str) -> Callable[[Any, HttpRequest], bool]:
    """Returns a method that an admin class can use as `has_…_permission`. The method returns whether the user has
    `permission` in all workspaces whose rows they see.
    """
    return lambda _page, request: scope_of(request).may(permission)


SEARCHES = {"exact", "iexact", "startswith", "istartswith", "icontains"}


class EditAdmin(BaseAdmin):
    """Base class for admin pages where rows can be changed, but not added or deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RecordAdmin(EditAdmin):
    """Base class for admin pages of records, which can only be viewed.

    By default, `list_display` holds all short columns, and `list_filter` the short columns with choices or booleans.
    """

    ordering: ClassVar[Any] = ("-pk",)
    list_display: Any = None
    list_filter: ClassVar[Any] = None

    def __init__(self, model: type[Model], site: Any) -> None:
        super().__init__(model, site)
        hidden = {*self.text_fields, *self.secret_fields, *self.plain_texts, *self.heavy, self.workspace_path}
        short = [field for field in self.opts.fields if not (field.primary_key or field.name in hidden)]
        if self.list_display is None:
            self.list_display = [field.name for field in short]
        if self.list_filter is None:
            few = [field for field in short if field.choices or isinstance(field, BooleanField)]
            self.list_filter = [field.name for field in few]  # type: ignore[misc]  # it is no class’s own

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Returns the fields of a record, and adds the times that the database or the code sets."""
        names = super().get_fields(request, obj)
        times = (field for field in self.opts.fields if isinstance(field, DateTimeField))
        return names if self.fields else list(dict.fromkeys([*names, *(field.name for field in times)]))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LeadRecordAdmin(RecordAdmin):
    """Base class for records that belong to a lead. A search takes the lead's address or a record's id."""

    named_by = "lead"
    search_fields: ClassVar[Any] = ("lead__email__exact",)
    search_help_text = "Lead’s email, or an ID"
    pages_in_workspace = (("Conversation", "inbox:conversation", "lead_id"),)


class RecordInline(admin.TabularInline):  # type: ignore[type-arg]  # Django takes none at run time
    """Base class for read-only tables of records inside another row's page."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
