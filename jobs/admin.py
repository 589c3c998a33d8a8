"""Background jobs in the Django admin, for the staff of all workspaces: the same numbers, timeline and actions as on a
workspace's own pages, which jobs.display and jobs.actions own.

What a row says is never edited by hand. django-q2's own pages are taken away: they delete and resubmit wake-ups and
edit schedules, which the code owns.
"""

import contextlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import ForeignKey, QuerySet
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django_q import admin as stock  # registers its pages now, so that they can be taken away
from django_q.models import Failure, OrmQ, Schedule, Success

from config.modeladmin import (
    BaseAdmin,
    RecordAdmin,
    WorkspaceFilter,
    known_values,
    link,
    list_link,
    own_workspaces,
)
from jobs import actions, display, stats
from jobs.models import BackgroundJob, WorkspaceLimit
from jobs.registry import KINDS

SHOWN = 20
RECENT_FAILURES = 1_000

assert stock
for model in (Schedule, Success, Failure, OrmQ):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class AgeFilter(admin.SimpleListFilter):
    title = parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return list(display.AGES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() not in display.AGES:
            return queryset
        return queryset.filter(created_at__lt=Now() - timedelta(seconds=int(self.value())))


class ErrorFilter(admin.SimpleListFilter):
    """By error class: those of the latest failures are offered."""

    title = "error class"
    parameter_name = "error"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        failed = model_admin.get_queryset(request).filter(status=BackgroundJob.Status.FAILED)
        latest = failed.order_by("-finished_at").values_list("last_error_class", flat=True)[:RECENT_FAILURES]
        return [(name, name) for name in sorted({*latest, self.value() or ""}) if name]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(last_error_class=self.value()) if self.value() else queryset


Do = Callable[[list[UUID]], list[actions.Result]]


@admin.register(BackgroundJob)
class BackgroundJobAdmin(RecordAdmin):
    list_display = (
        "created_at",
        "workspace_link",
        "kind",
        "state",
        "last_error_class",
        "attempts",
        "run_at",
        "finished_at",
    )
    list_filter = ("status", known_values("kind", KINDS), ErrorFilter, AgeFilter, WorkspaceFilter)
    list_select_related = ("workspace",)
    search_fields = ("dedupe_key",)
    search_help_text = "A job's id, or a part of its dedupe key"
    ordering = ("-pk",)
    actions = ("retry_now", "run_at", "cancel", "discard")
    heavy = ("result",)

    @admin.display(description="workspace")
    def workspace_link(self, job: BackgroundJob) -> SafeString:
        return link(job.workspace)

    @admin.display(description="status", ordering="status")
    def state(self, job: BackgroundJob) -> SafeString:
        return render_to_string("admin/jobs/backgroundjob/_state.html", {"job": job})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        return stats.matching(queryset, search_term.replace("\0", "")), False

    # --- how it stands ---

    def get_urls(self) -> list:
        page = path(
            "overview/", self.admin_site.admin_view(self.overview), name="jobs_backgroundjob_overview"
        )
        return [page, *super().get_urls()]

    def overview(self, request: HttpRequest) -> HttpResponse:
        """`overview/?workspace=…`: the queue's numbers and failures by cause; a POST retries all of one cause."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        workspace_id = _scope(request)
        if request.method == "POST":
            if not self.has_retry_permission(request):
                raise PermissionDenied
            fingerprint = request.POST.get("fingerprint", "")
            results = actions.retry_group(fingerprint, workspace_id=workspace_id, actor=request.user)
            _tell(request, actions.told_of_group(results))
            return redirect(request.get_full_path())
        list_url = reverse("admin:jobs_backgroundjob_changelist")
        context = display.now(workspace_id) | {
            "act_url": request.get_full_path(),
            "list_url": list_url,
            "can_retry_group": self.has_retry_permission(request),
        }
        if request.headers.get("HX-Request"):
            return TemplateResponse(request, "jobs/_now.html", context)
        context |= self.admin_site.each_context(request) | {
            "title": "How background jobs stand",
            "opts": self.opts,
            "workspaces": own_workspaces(request),
            "chosen": workspace_id,
            "may_see_all": request.user.is_superuser,
        }
        return TemplateResponse(request, "admin/jobs/backgroundjob/overview.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """The row's fields under its timeline, what it works on, and what can be done."""
        job = self.get_object(request, object_id)
        context = (
            {}
            if job is None
            else {
                "job": job,
                "timeline": display.timeline(job),
                "links": list(_links(job)),
                "job_actions": list(self.get_actions(request).values()),
            }
        )
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    # --- what can be done ---

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.retry_backgroundjob")

    def has_move_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.move_backgroundjob")

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.cancel_backgroundjob")

    def has_discard_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.discard_backgroundjob")

    @admin.action(description="Retry now", permissions=["retry"])
    def retry_now(self, request: HttpRequest, jobs: QuerySet[BackgroundJob]) -> None:
        results = actions.retry_now(_ids(jobs), workspace_id=None, actor=request.user)
        _tell(request, actions.told(results))

    @admin.action(description="Run at a time", permissions=["move"])
    def run_at(self, request: HttpRequest, jobs: QuerySet[BackgroundJob]) -> HttpResponse | None:
        def do(ids: list[UUID]) -> list[actions.Result]:
            moment = actions.parse_moment(request.POST.get("moment", ""))
            return actions.run_at(ids, moment, workspace_id=None, actor=request.user)

        return self._ask_first(request, jobs, "run_at", do)

    @admin.action(description="Cancel, or ask to stop", permissions=["cancel"])
    def cancel(self, request: HttpRequest, jobs: QuerySet[BackgroundJob]) -> HttpResponse | None:
        def do(ids: list[UUID]) -> list[actions.Result]:
            return actions.cancel(ids, workspace_id=None, actor=request.user)

        return self._ask_first(request, jobs, "cancel", do)

    @admin.action(description="Discard with a reason", permissions=["discard"])
    def discard(self, request: HttpRequest, jobs: QuerySet[BackgroundJob]) -> HttpResponse | None:
        def do(ids: list[UUID]) -> list[actions.Result]:
            reason = request.POST.get("reason", "")
            return actions.discard(ids, reason, workspace_id=None, actor=request.user)

        return self._ask_first(request, jobs, "discard", do)

    def _ask_first(
        self, request: HttpRequest, jobs: QuerySet[BackgroundJob], action: str, do: Do
    ) -> HttpResponse | None:
        """The confirm page, until it is posted with what it asks for."""
        if "confirmed" in request.POST:
            try:
                return _tell(request, actions.told(do(_ids(jobs))))
            except ValueError as error:
                messages.error(request, actions.complaint(error))
        context = self.admin_site.each_context(request) | {
            "title": f"{self.get_actions(request)[action][2]}?",
            "opts": self.opts,
            "action": action,
            "count": min(jobs.count(), actions.MAX_JOBS),
            "shown": jobs.select_related("workspace")[:SHOWN],
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", ""),
        }
        return TemplateResponse(request, "admin/jobs/backgroundjob/confirm.html", context)


@admin.register(WorkspaceLimit)
class WorkspaceLimitAdmin(BaseAdmin):
    """How many workers a workspace may keep busy; without a row here all but one."""

    list_display = ("workspace", "max_workers")
    list_select_related = ("workspace",)

    def formfield_for_foreignkey(self, field: ForeignKey, request: HttpRequest, **kwargs):
        return super().formfield_for_foreignkey(field, request, queryset=own_workspaces(request), **kwargs)


def _scope(request: HttpRequest) -> UUID | None:
    """The workspace whose numbers are asked for; None, for superusers only, is all of them."""
    asked = request.GET.get("workspace", "")
    if not asked and request.user.is_superuser:
        return None
    own = own_workspaces(request)
    with contextlib.suppress(ValidationError):
        if found := (own.filter(pk=asked) if asked else own.order_by("pk")).first():
            return found.pk
    raise Http404("No such workspace.")


def _ids(jobs: QuerySet[BackgroundJob]) -> list[UUID]:
    return list(jobs.values_list("pk", flat=True)[: actions.MAX_JOBS])


def _tell(request: HttpRequest, lines: list[tuple[bool, str]]) -> None:
    for good, line in lines:
        messages.add_message(request, messages.SUCCESS if good else messages.WARNING, line)


def _links(job: BackgroundJob) -> Iterator[SafeString]:
    """The rows that the payload's ids name, by the models' names, and the lists of rows that name the job."""
    models = {model._meta.model_name: model for model in admin.site._registry}
    for key, value in job.payload.items():
        what, _, suffix = key.rpartition("_")
        named = [model for name, model in models.items() if name.endswith(what)]  # send_id: an OutboundSend
        with contextlib.suppress(ValueError):
            if suffix == "id" and len(named) == 1:
                yield link(named[0](pk=UUID(str(value))), f"{what} {value}")
    for model in models.values():
        for field in model._meta.fields:
            if field.related_model is BackgroundJob:
                yield list_link(model, str(model._meta.verbose_name_plural), **{field.name: job.pk})
