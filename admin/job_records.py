"""The admin pages of what jobs leave behind (steps, attempts, what people did), of workers, and of recurring ticks."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from admin.base import RecordAdmin, WorkspaceFilter, known_values, link
from admin.scope import INSTALLATION
from jobs import display
from jobs.models import JobAction, JobAttempt, JobStep, Tick, Worker


class OfJobAdmin(RecordAdmin):
    """The base of admin pages for records that belong to a job."""

    workspace_path = "job__workspace"
    ordering = ("-pk",)
    readonly_fields = ("job_link",)

    @admin.display(description="job", ordering="job")
    def job_link(self, row: JobStep | JobAttempt | JobAction) -> SafeString:
        return link(row.job, f"{row.job.kind} {str(row.job_id)[-6:]}")


@admin.register(JobStep)
class JobStepAdmin(OfJobAdmin):
    plain_texts = ("result", "reason")
    list_display = ("started_at", "job_link", "name", "effect", "status", "reason", "finished_at")
    list_filter = ("status", "effect", WorkspaceFilter)
    list_select_related = ("job",)
    heavy = ("result",)


@admin.register(JobAttempt)
class JobAttemptAdmin(OfJobAdmin):
    plain_texts = ("traceback", "error_class", "error")
    list_display = ("started_at", "job_link", "number", "outcome", "duration_ms", "error_class", "worker")
    list_filter = ("outcome", WorkspaceFilter)
    list_select_related = ("job",)
    heavy = ("traceback",)


@admin.register(JobAction)
class JobActionAdmin(OfJobAdmin):
    """What people did to jobs: retried, moved, cancelled, discarded.

    `detail` is people's text, as it says why a job was discarded.
    """

    text_fields = ("detail",)
    plain_texts = ("actor",)
    list_display = ("created_at", "job_link", "action", "actor")
    list_filter = ("action", WorkspaceFilter)
    list_select_related = ("job",)


@admin.register(Worker)
class WorkerAdmin(RecordAdmin):
    workspace_path = INSTALLATION
    list_display = ("host", "pid", "places", "started_at", "heartbeat_at", "ended_at", "end_reason")
    list_filter = ("started_at", known_values("end_reason", ("stopped", "crashed", "lost")))
    ordering = ("-pk",)


@admin.register(Tick)
class TickAdmin(RecordAdmin):
    """The recurring work: when each tick last ran, how long it took, and what it counted."""

    workspace_path = INSTALLATION
    plain_texts = ("counts", "error_class", "error", "recent")
    list_display = ("name", "started_at", "finished_at", "duration_ms", "overruns", "error_class")
    ordering = ("name",)
    heavy = ("recent",)

    def get_urls(self) -> list[Any]:
        page = path("crons/", self.admin_site.admin_view(self.crons), name="jobs_tick_crons")
        return [page, *super().get_urls()]

    def crons(self, request: HttpRequest) -> HttpResponse:
        """The page `crons/`: each piece of recurring work in words, with its last runs. Those that have never run are
        listed too. A request of HTMX gets the list alone. Raises PermissionDenied.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {"crons": display.crons(), "at": timezone.now()}
        if request.headers.get("HX-Request"):
            return TemplateResponse(request, "admin/jobs/tick/_crons.html", context)
        context |= self.admin_site.each_context(request) | {
            "title": "What runs on a schedule",
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/jobs/tick/crons.html", context)
