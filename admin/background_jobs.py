"""Admin pages of background jobs. The pages share numbers, timelines and actions with the workspace pages
(jobs.display).

An unknown value of a filter matches no job; otherwise an action could apply to all jobs.
"""

import contextlib
from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from admin.base import BaseAdmin
from admin.columns import known_values, link, list_link, list_url
from admin.job_actions import JobActionsAdmin, asked_workspace
from admin.scope import scope_of
from admin.tallies import of_jobs
from inbox.pages.access import once
from jobs import display, joblist, stats, tally
from jobs.kinds import KINDS, in_words, policy_of
from jobs.lanes import LANES, REPLY
from jobs.models import BackgroundJob, WorkspaceLimit
from jobs.tally import Tally

WORDS = 60
"""The most characters of a cause of failure that the filter shows."""


def causes_of(request: HttpRequest) -> list[Tally]:
    """Returns the causes of failed jobs that the user may see, latest first, cached for the request."""
    return once(request, "_job_causes", lambda: tally.read([joblist.causes(scope_of(request).ids)]))


def is_plain(request: HttpRequest) -> bool:
    """Whether the list's only filter is a state, so that the counts by state apply to the list."""
    return set(request.GET) <= {"state", "p", "o"}


class StateFilter(admin.SimpleListFilter):
    """Filters jobs by a state of joblist.STATES. The tabs above the list offer the states; the side panel does not."""

    title = parameter_name = "state"
    template = "admin/jobs/backgroundjob/_no_filter.html"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [(name, words) for name, (words, _) in joblist.STATES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return joblist.in_state(queryset, self.value())


class CauseFilter(admin.SimpleListFilter):
    """Filters jobs by cause of failure, and offers the latest causes."""

    title = "cause"
    parameter_name = "fingerprint"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        causes = causes_of(request) if is_plain(request) else []
        titles = {cause.key: cause.title for cause in causes}
        if (chosen := self.value()) and chosen not in titles:
            titles[chosen] = chosen
        return [(key, (words or key)[:WORDS]) for key, words in titles.items() if key]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(fingerprint=self.value()) if self.value() else queryset


CAUSES = 5
"""The most causes of failure above the list."""

Status = BackgroundJob.Status


@admin.register(BackgroundJob)
class BackgroundJobAdmin(JobActionsAdmin):
    trace_kind = "job"
    plain_texts = ("payload", "dedupe_key", "result", "last_error_class", "last_error")
    list_display = ("kind_words", "state", "tries", "cause_words", "lane_name", "when")
    list_filter = (
        StateFilter,
        known_values("lane", [lane.name for lane in LANES]),
        known_values("kind", KINDS),
        CauseFilter,
    )
    linked_by = ("status__exact",)
    search_fields = ("dedupe_key",)
    search_help_text = "Job ID or part of the dedupe key"
    heavy = ("result",)
    views: ClassVar = {**JobActionsAdmin.views, "overview/": "overview"}

    def get_ordering(self, request: HttpRequest) -> Any:
        """Sorts the list of due jobs by due time, and all other lists by age, newest first."""
        return ("run_at", "pk") if request.GET.get("state") == "due" else super().get_ordering(request)

    def in_own_order(self, request: HttpRequest) -> QuerySet[BackgroundJob]:
        """Returns all jobs in the list's order. For the list of due jobs, returns only queued jobs, because an index
        sorts these.
        """
        jobs: QuerySet[BackgroundJob] = super().in_own_order(request)
        return jobs.filter(status=Status.QUEUED) if request.GET.get("state") == "due" else jobs

    def list_context(self, request: HttpRequest) -> dict[str, Any]:
        """Adds tabs with the number of jobs in each state, and to an unfiltered list the causes of failures."""
        may_retry = self.has_retry_permission(request)
        shown = is_plain(request) and request.GET.get("state", "") in ("", "failed")
        causes = causes_of(request)[:CAUSES] if shown else []
        return super().list_context(request) | {
            "tabs": _tabs(request, self._counts(request)),
            "causes": [of_jobs(cause, may_retry=may_retry) for cause in causes],
        }

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet[Any], per_page: int, *args: Any, **kwargs: Any
    ) -> Any:
        """Returns the paginator. If a state is the list's only filter, its count of jobs comes from the tabs."""
        paginator = super().get_paginator(request, queryset, per_page, *args, **kwargs)
        if is_plain(request):
            counts, state = self._counts(request), request.GET.get("state", "")
            paginator.count = counts.get(state, 0) if state else sum(counts.values())
        return paginator

    def _counts(self, request: HttpRequest) -> dict[str, int]:
        return once(request, "_job_counts", lambda: joblist.counts(scope_of(request).ids))

    @admin.display(description="job", ordering="kind")
    def kind_words(self, job: BackgroundJob) -> SafeString:
        return format_html('{}<br><span class="mini quiet">{}</span>', in_words(job.kind), job.kind)

    @admin.display(description="attempts", ordering="attempts")
    def tries(self, job: BackgroundJob) -> str:
        return f"{job.attempts}/{policy_of(job.kind).attempts}"

    @admin.display(description="cause", ordering="last_error_class")
    def cause_words(self, job: BackgroundJob) -> str:
        return Truncator(job.last_error or job.last_error_class).chars(90)

    @admin.display(description="lane", ordering="lane")
    def lane_name(self, job: BackgroundJob) -> str:
        return (job.lane or REPLY).capitalize()

    @admin.display(description="when")
    def when(self, job: BackgroundJob) -> SafeString:
        word, at = "taken", job.started_at
        if job.status == Status.QUEUED:
            word, at = "due", job.run_at
        elif job.finished_at:
            word, at = "ended", job.finished_at
        elif at:
            word = "began"
        shown = date_format(timezone.localtime(at), "j M, H:i") if at else ""
        return format_html('<span class="mini quiet">{}</span> <span class="nowrap">{}</span>', word, shown)

    @admin.display(description="status", ordering="status")
    def state(self, job: BackgroundJob) -> SafeString:
        return render_to_string("jobs/_state.html", {"job": job})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return stats.matching(queryset, search_term.replace("\0", "")), False

    # --- overview ---

    def overview(self, request: HttpRequest) -> HttpResponse:
        """Shows the page `overview/?workspace=…` about the job queue. An htmx request gets only the part that changes.
        Raises PermissionDenied, and Http404 for a workspace that the user may not see.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        workspace_id = asked_workspace(request)
        context = display.now(workspace_id, stats.totals(workspace_id)) | {
            "list_url": list_url(BackgroundJob),
            "asks_first": self.has_retry_permission(request),
            "chosen": workspace_id,
        }
        if request.headers.get("HX-Request"):
            return TemplateResponse(request, "jobs/_now.html", context)
        context |= {
            "crons": display.crons(),
            "workspaces": scope_of(request).names,
            "may_see_all": scope_of(request).ids is None,
        }
        template = "admin/jobs/backgroundjob/overview.html"
        return self.page(request, template, "Background jobs at a glance", context)

    def row_context(self, request: HttpRequest, row: BackgroundJob) -> dict[str, Any]:
        """Returns the job's timeline, its links to related rows, and the actions that the user may take."""
        return display.job_page(row, with_reasons=self._may_see_reasons(request, row)) | {
            "links": list(_links(row)),
            "job_actions": self._fitting(request, row),
            "alike": list_url(BackgroundJob, state="failed", fingerprint=row.fingerprint),
        }

    @staticmethod
    def _may_see_reasons(request: HttpRequest, job: BackgroundJob) -> bool:
        """Whether the job's page shows the user the reasons for which users discarded the job. It shows them only to
        members of the job's workspace. All others must open the page of the JobAction, which records each view.
        """
        return job.workspace_id is None or scope_of(request).is_member(job.workspace_id)

    def _fitting(self, request: HttpRequest, job: BackgroundJob) -> list[tuple[str, str]]:
        """Returns the actions that the user may take on `job` in its current state, as names and labels."""
        words = display.FITTING.get(job.status, {})
        fitting = ((name, words[name]) for name in self.get_actions(request) if name in words)
        return [(name, word if name == "retry_now" else f"{word}…") for name, word in fitting]


def _tabs(request: HttpRequest, counts: dict[str, int]) -> list[dict[str, Any]]:
    """Returns the tabs above the list of jobs: a link for each state, with its number of jobs. The links keep the
    list's other filters.
    """
    filters = {name: choice for name, choice in request.GET.items() if name not in ("state", "p", "e")}
    names = {"": "All", **{name: words for name, (words, _) in joblist.STATES.items()}}
    return [
        {
            "label": words,
            "count": display.counted(counts[name], tally.CAP) if name else "",
            "url": list_url(BackgroundJob, state=name, **filters),
            "current": request.GET.get("state", "") == name,
        }
        for name, words in names.items()
    ]


@admin.register(WorkspaceLimit)
class WorkspaceLimitAdmin(BaseAdmin):
    """The admin page of the limits on how many jobs of a workspace run at once. A workspace without a limit may use
    seven of eight job threads.
    """

    list_display = ("workspace", "max_workers")
    ordering = ("workspace__name", "pk")
    raw_id_fields = ("workspace",)


def _links(job: BackgroundJob) -> Iterator[SafeString]:
    """Yields links to the rows whose ids are in the job's payload, and to lists of rows that refer to the job."""
    models = {model._meta.model_name: model for model in apps.get_models() if admin.site.is_registered(model)}
    for key, row_id in job.payload.items():
        what, _, suffix = key.rpartition("_")
        candidates = [
            model for name, model in models.items() if name and name.endswith(what)
        ]  # the payload's "send_id" is the id of an OutboundSend
        with contextlib.suppress(ValueError):
            if suffix == "id" and len(candidates) == 1:
                yield link(candidates[0](pk=UUID(str(row_id))), f"{what} {str(row_id)[-6:]}")
    for model in models.values():
        for field in model._meta.fields:
            if field.related_model is BackgroundJob:
                yield list_link(model, str(model._meta.verbose_name_plural), **{field.name: job.pk})
