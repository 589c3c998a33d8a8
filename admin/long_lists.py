"""Keeps long admin lists fast on the first page, on the last page and for rare rows, with every row reachable."""

import json
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.core.paginator import InvalidPage, Page, Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

EXACT_TO = 10_000
"""A list of more rows is not counted: it shows PostgreSQL's estimate of their number. Users cannot sort the list."""

CHEAP = 20_000.0
"""A statement with a higher cost in PostgreSQL's plan reads much of a large table, even if it returns few rows."""

LOOKED_THROUGH = 100_000
"""If a filter would read much of a large table, a list searches this many of its first rows at a time."""

MOST_PAGES = 100
"""The most numbered pages of a list, because a page by number reads the keys of all rows before it. The last page links
to the following rows, whose pages start again at 1."""


class EstimatingPaginator(Paginator):  # type: ignore[type-arg]  # Django takes none at run time
    """A paginator that counts a list's rows if that is cheap. Otherwise it uses PostgreSQL's estimate (`estimated`),
    until the last page is read.

    `bounded`: one query reads the keys of all pages. `begins`: the first page is requested. Its rows are read before
    any rows are counted, because the list may have no other page.
    """

    estimated = False
    bounded = False
    begins = False

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        if self.bounded and len(self._found) <= MOST_PAGES * self.per_page:
            return len(self._found)
        if self.begins and len(self._first) <= self.per_page:
            return len(self._first)
        estimate, cost = self.plan
        if cost > CHEAP or estimate > EXACT_TO:
            self.estimated = True
            return estimate
        counted: int = rows.count()
        return counted

    @cached_property
    def plan(self) -> tuple[int, float]:
        """The number of rows and the cost that PostgreSQL expects for the list (`plan_of`)."""
        assert isinstance(self.object_list, QuerySet)
        return plan_of(self.object_list)

    @cached_property
    def num_pages(self) -> int:
        return min(super().num_pages, MOST_PAGES)

    def page(self, number: int | str) -> "Page[Any]":
        """Reads the rows of one page by key, without loading or joining the rows before it. Raises InvalidPage."""
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return super().page(number)
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        keys = self._keys(start)
        self._learn(start, len(keys))
        return Page(rows.filter(pk__in=keys[: self.per_page]), number, self)

    @cached_property
    def _found(self) -> list[Any]:
        return self._ask(0, MOST_PAGES * self.per_page + 1)

    @cached_property
    def _first(self) -> list[Any]:
        return self._keys(0) if self.bounded else self._ask(0, self.per_page + 1)

    def _keys(self, start: int) -> list[Any]:
        """Returns the keys of the page that begins after `start` rows, and of the first row of the next page."""
        if self.bounded:
            return self._found[start : start + self.per_page + 1]
        return self._ask(start, self.per_page + 1) if start else self._first

    def _ask(self, start: int, most: int) -> list[Any]:
        rows = self.object_list
        assert isinstance(rows, QuerySet)
        return list(rows.values_list("pk", flat=True)[start : start + most])

    def _learn(self, start: int, rows: int) -> None:
        """Corrects the estimated count after a query has skipped `start` keys and found `rows` more: those of a page
        and of one further row, or fewer if the list ends there.
        """
        if not self.estimated:
            return
        if rows > self.per_page:
            self.count = max(self.count, start + rows)
        elif rows or not start:
            self.count, self.estimated = start + rows, False
        self.__dict__.pop("num_pages", None)


class LongList(ChangeList):
    """A list that reads a bounded number of rows, however long it is and however few rows match. `bound` is the value
    of the ordering column at which the search ended, or None if the search has read all rows.
    """

    bound: Any = None
    plan: tuple[int, float] | None = None
    """The number of rows and the cost that PostgreSQL expects for the list (`plan_of`); None until it was asked."""
    model_admin: Any
    queryset: QuerySet[Any]

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        if ORDER_VAR in self.params and not self.query and self._plan(queryset)[0] > EXACT_TO:
            del self.params[ORDER_VAR]
            messages.info(request, "This list is too long to sort. Narrow it first.")
        ordering: list[Any] = super().get_ordering(request, queryset)
        return ordering

    def get_results(self, request: HttpRequest) -> None:
        self.own_order = list(self.model_admin.get_ordering(request))
        if self.queryset.query.where and self._plan(self.queryset)[1] > CHEAP:
            self.queryset = self._first(request)
        paginator: Any = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        if self.plan is not None:
            paginator.plan = self.plan
        paginator.bounded, paginator.begins = self.bound is not None, self.page_num == 1
        try:
            self.result_list = paginator.page(self.page_num).object_list
        except InvalidPage as error:
            raise IncorrectLookupParameters from error
        self.paginator, self.result_count = paginator, paginator.count
        self.multi_page = paginator.count > self.list_per_page
        self.can_show_all = self.show_full_result_count = False
        self.full_result_count, self.show_admin_actions = None, True

    def _plan(self, rows: QuerySet[Any]) -> tuple[int, float]:
        if self.plan is None:
            self.plan = plan_of(rows)
        return self.plan

    def _first(self, request: HttpRequest) -> QuerySet[Any]:
        """Returns the matching rows among the first LOOKED_THROUGH rows, if the list is ordered by a column of the
        model.
        """
        key = self._key()
        if not key:
            return self.queryset
        down, name = key[0] == "-", key.removeprefix("-")
        after, before = (f"{name}__lt", f"{name}__gt") if down else (f"{name}__gt", f"{name}__lt")
        since = {lookup: bound for lookup, bound in self.params.items() if lookup.startswith(after)}
        rows = (
            self.model_admin.in_own_order(request).filter(**since).order_by(key)
        )  # only an index supports this order
        self.bound = rows.values_list(name, flat=True)[LOOKED_THROUGH : LOOKED_THROUGH + 1].first()
        if self.bound is None:
            return self.queryset
        nearer = Q(**{before: self.bound})
        if down and self.opts.get_field(name).null:  # rows without a value in the ordering column come first
            nearer |= Q(**{name: None})
        return self.queryset.filter(nearer)

    @property
    def looked_through(self) -> int:
        """The number of first rows that the list has searched, or 0 if it has searched all rows."""
        return LOOKED_THROUGH if self.bound is not None and not self.paginator.estimated else 0

    @property
    def looked_from(self) -> str:
        """The end at which the list begins: "newest" or "oldest"."""
        return "newest" if self._key().startswith("-") else "oldest"

    @property
    def further_url(self) -> str:
        """The URL of the rows after the last numbered page, or "" if there are none or a user sorted the list."""
        key, rows = self._key(), list(self.result_list)
        if not key:
            return ""
        down, name = key[0] == "-", key.removeprefix("-")
        lookup, since = "lte" if down else "gte", self._since(name)
        if self.page_num == MOST_PAGES and len(rows) == self.list_per_page:
            # rows may share a time, so this row appears again on the next page
            last = getattr(rows[-1], name)
            # rows without a value in the ordering column come first, in the order of their keys
            if last is None:
                more = {f"{name}__isnull": "True", f"{self.opts.pk.name}__{lookup}": str(rows[-1].pk)}
                return self.get_query_string(more, since)
        elif self.params.get(f"{name}__isnull") == "True":
            return self.get_query_string({f"{name}__isnull": "False"}, since)
        elif self.looked_through:
            last = self.bound
        else:
            return ""
        edge = last.isoformat() if isinstance(last, datetime) else last
        return self.get_query_string({f"{name}__{lookup}": edge}, since)

    @property
    def start_url(self) -> str:
        """The URL of the first rows, for a list that was reached through `further_url`; "" for other lists."""
        since = self._since(self._key().removeprefix("-"))
        return self.get_query_string(remove=since) if since else ""

    def _since(self, name: str) -> list[str]:
        pk = self.opts.pk.name
        ours = (f"{name}__lte", f"{name}__gte", f"{name}__isnull", f"{pk}__lte", f"{pk}__gte")
        return [lookup for lookup in ours if lookup in self.params]

    def _key(self) -> str:
        """Returns the column that orders the list, with "-" for descending order, or "" if it is no column of the
        model.
        """
        first = self.own_order[0] if self.own_order else ""
        if ORDER_VAR in self.params or not isinstance(first, str) or "__" in first:
            return ""
        return first.replace("pk", self.opts.pk.name) if first in ("pk", "-pk") else first


def plan_of(rows: QuerySet[Any]) -> tuple[int, float]:
    """Returns the number of rows and the cost that PostgreSQL expects for a queryset; (0, 0.0) if no row can match."""
    explained = rows.order_by().values("pk").explain(format="json")
    if not explained:  # Django knows that no row can match, and sends no query
        return 0, 0.0
    (plan,) = json.loads(explained)
    return int(plan["Plan"]["Plan Rows"]), float(plan["Plan"]["Total Cost"])
