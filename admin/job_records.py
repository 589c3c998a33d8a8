"""Admin pages of jobs' steps, attempts and user actions, of workers and ticks, and of django-q2's tables.

The pages of these tables replace django-q2's own, which can delete and repeat tasks and edit schedules, because the
code owns these. A pickle is loaded only if our own key has signed it. Arguments and results are not signed, so they are
not shown.
"""

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django_q import admin as stock  # registers its pages now, so that ours can replace them
from django_q.models import Failure, OrmQ, Schedule, Success

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
    list_filter = ("status", "effect")
    heavy = ("result",)


@admin.register(JobAttempt)
class JobAttemptAdmin(RecordAdmin):
    workspace_path = "job__workspace"
    plain_texts = ("traceback", "error_class", "error")
    list_display = ("started_at", JOB, "number", "outcome", "duration_ms", "error_class", "worker")
    list_filter = ("outcome",)
    heavy = ("traceback",)


@admin.register(JobAction)
class JobActionAdmin(RecordAdmin):
    """Users' actions on jobs. `detail` is user text, because it states why a job was discarded."""

    workspace_path = "job__workspace"
    text_fields = ("detail",)
    plain_texts = ("actor",)
    list_display = ("created_at", JOB, "action", "actor")
    list_filter = ("action",)


@admin.register(Worker)
class WorkerAdmin(RecordAdmin):
    workspace_path = INSTALLATION
    list_display = ("host", "pid", "places", "started_at", "heartbeat_at", "ended_at", "end_reason")
    list_filter = ("started_at", known_values("end_reason", ("stopped", "crashed", "lost")))


@admin.register(Tick)
class TickAdmin(RecordAdmin):
    """Ticks, with the time, duration and counts of their last run."""

    workspace_path = INSTALLATION
    plain_texts = ("counts", "error_class", "error", "recent")
    list_display = ("name", "started_at", "finished_at", "duration_ms", "overruns", "error_class")
    ordering = ("name",)
    heavy = ("recent",)
    views: ClassVar = {"crons/": "crons"}

    def crons(self, request: HttpRequest) -> HttpResponse:
        """The page `crons/`, which describes each tick, with its last runs, even if it has never run. An htmx request
        gets only the list. Raises PermissionDenied.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {"crons": display.crons(), "at": timezone.now()}
        if request.headers.get("HX-Request"):
            return TemplateResponse(request, "admin/jobs/tick/_crons.html", context)
        return self.page(request, "admin/jobs/tick/crons.html", "Scheduled work", context)


assert stock
for model in (Schedule, Success, Failure, OrmQ):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(Schedule)
class ScheduleAdmin(RecordAdmin):
    """The next run of each schedule. The page of its tick shows the results."""

    workspace_path = INSTALLATION
    secret_fields = ("args", "kwargs")
    plain_texts = ("func", "hook")
    list_display = ("name", "next_run", "schedule_type", "minutes", "cron", "func")
    ordering = ("name", "pk")


@admin.register(OrmQ)
class OrmQAdmin(RecordAdmin):
    """Queued tasks by kind (name) and lane (group): ticks, and wake-ups that no cluster has taken. A lost wake-up only
    delays its jobs, because polling finds them later.
    """

    workspace_path = INSTALLATION
    secret_fields = ("payload",)
    list_display = ("pk", "name", "group", "lock", "key", "func")
    readonly_fields = ("name", "group", "func")

    @admin.display(description="kind or tick")
    def name(self, task: OrmQ) -> Any:
        return task.name()

    @admin.display(description="lane")
    def group(self, task: OrmQ) -> Any:
        return task.group()

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrmQ]:
        return super().get_queryset(request).defer(None)  # the columns are read from the signed payload


@admin.register(Success, Failure)
class TaskAdmin(RecordAdmin):
    """Ended tasks. They are ticks, because wake-ups leave no result."""

    workspace_path = INSTALLATION
    secret_fields = ("args", "kwargs", "result")
    plain_texts = ("func", "hook")
    list_display = ("name", "func", "started", "stopped", "attempt_count")
    ordering = ("-stopped",)
    search_fields = ("name__exact",)
    search_help_text = "Task’s full name"
