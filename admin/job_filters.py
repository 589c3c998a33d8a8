"""Filters of the admin's list of jobs. An unknown value finds no job; otherwise an action could apply to all jobs."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest

from admin.filters import choice_filter
from admin.scope import scope_of
from jobs import display, joblist, tally
from jobs.models import JobAction
from jobs.tally import Tally

WORDS = 60
"""The most characters of a cause in the filter."""


def causes_of(request: HttpRequest) -> list[Tally]:
    """The causes of failed jobs that the user may see, latest first, cached for the request."""
    causes: list[Tally] | None = getattr(request, "_job_causes", None)
    if causes is None:
        causes = tally.read([joblist.causes(scope_of(request).ids)])
        request._job_causes = causes  # type: ignore[attr-defined]  # cached for this request
    return causes


def is_plain(request: HttpRequest) -> bool:
    """Whether the only filter is a state, so that the counts by state apply to the list."""
    return set(request.GET) <= {"state", "p", "o"}


class StateFilter(admin.SimpleListFilter):
    """Filters jobs by a state of joblist.STATES. The tabs above the list offer it instead of the side panel."""

    title = parameter_name = "state"
    template = "admin/jobs/backgroundjob/_no_filter.html"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [(name, words) for name, (words, _) in joblist.STATES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return joblist.in_state(queryset, self.value())


def older_than(jobs: QuerySet[Any], age_s: str) -> QuerySet[Any]:
    """The jobs created more than `age_s` seconds ago. `age_s` is a key of display.AGES."""
    if age_s not in display.AGES:
        return jobs.none()
    return jobs.filter(created_at__lt=Now() - timedelta(seconds=int(age_s)))


AgeFilter = choice_filter("age", lambda: display.AGES, older_than)


class CauseFilter(admin.SimpleListFilter):
    """Filters jobs by cause of failure, and offers the latest causes."""

    title = "cause"
    parameter_name = "fingerprint"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        titles = {cause.key: cause.title for cause in causes_of(request)} if is_plain(request) else {}
        if (chosen := self.value()) and chosen not in titles:
            titles[chosen] = chosen
        return [(key, (words or key)[:WORDS]) for key, words in titles.items() if key]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(fingerprint=self.value()) if self.value() else queryset


class ErrorFilter(admin.SimpleListFilter):
    """Filters jobs by error class, for URLs that name one. Users choose a cause instead."""

    title = "error class"
    parameter_name = "error"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [(self.value() or "", self.value() or "")] if self.value() else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(last_error_class=self.value()) if self.value() else queryset


class DoneFilter(admin.SimpleListFilter):
    """Filters jobs by a range of JobAction ids ("17-40"), because a retried job that succeeds has no cause."""

    title = "action"
    parameter_name = "done"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [(self.value() or "", "The jobs of the last action")] if self.value() else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not (span := self.value()):
            return queryset
        first, _, last = span.partition("-")
        if not (first.isdecimal() and last.isdecimal() and len(first + last) < 36):
            return queryset.none()
        done = JobAction.objects.filter(pk__range=(int(first), int(last)))
        return queryset.filter(pk__in=done.values("job_id"))
