"""Admin pages for workers, ticks, and the steps, attempts and user actions of jobs."""

from typing import ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from admin.base import RecordAdmin
from admin.columns import known_values, linked
from admin.scope import INSTALLATION
from jobs import display
from jobs.models import JobAction, JobAttempt, JobStep, Tick, Worker

JOB = linked("job", lambda job: f"{job.kind} {str(job.pk)[-6:]}")


@admin.register(JobStep)
class JobStepAdmin(RecordAdmin):
    workspace_path = "job__workspace"
    plain_texts = ("result", "reason")
    list_display = ("started_at", JOB, "name", "effect", "status", "reason", "finished_at")
    heavy = ("result",)


@admin.register(JobAttempt)
class JobAttemptAdmin(RecordAdmin):
    workspace_path = "job__workspace"
    plain_texts = ("traceback", "error_class", "error")
    list_display = ("started_at", JOB, "number", "outcome", "duration_ms", "error_class", "worker")
    heavy = ("traceback",)


@admin.register(JobAction)
class JobActionAdmin(RecordAdmin):
    """Users' actions on jobs. `detail` is text that a user wrote: the reason for discarding a job."""

    workspace_path = "job__workspace"
    text_fields = ("detail",)
    plain_texts = ("actor",)
    list_display = ("created_at", JOB, "action", "actor")


@admin.register(Worker)
class WorkerAdmin(RecordAdmin):
    workspace_path = INSTALLATION
    list_display = ("host", "pid", "places", "started_at", "heartbeat_at", "ended_at", "end_reason")
    list_filter = ("started_at", known_values("end_reason", ("stopped", "crashed", "lost")))


@admin.register(Tick)
class TickAdmin(RecordAdmin):
    """Ticks, with the time, the duration and the counts of each tick's last run."""

    workspace_path = INSTALLATION
    plain_texts = ("counts", "error_class", "error", "recent")
    list_display = ("name", "started_at", "finished_at", "duration_ms", "overruns", "error_class")
    ordering = ("name",)
    heavy = ("recent",)
    views: ClassVar = {"crons/": "crons"}

    def crons(self, request: HttpRequest) -> HttpResponse:
        """Shows the page `crons/`, which describes each tick and its last runs, even if the tick has never run. An htmx
        request gets only the list of ticks. Raises PermissionDenied.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {"crons": display.crons(), "at": timezone.now()}
        if request.headers.get("HX-Request"):
            return TemplateResponse(request, "admin/jobs/tick/_crons.html", context)
        return self.page(request, "admin/jobs/tick/crons.html", "Scheduled work", context)
