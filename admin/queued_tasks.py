"""Admin pages of django-q2's tables: queued tasks, the results of ticks, and the schedules of ticks.

The pages replace django-q2's own admin pages, which can delete and repeat tasks and edit schedules. The pages here are
read-only. A task's pickle is loaded only if our own key has signed it. The arguments and results of tasks are
not signed, so they are not shown.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django_q.models import Failure, OrmQ, Schedule, Success

from admin.base import RecordAdmin
from admin.scope import INSTALLATION

for model in (Schedule, Success, Failure, OrmQ):
    if admin.site.is_registered(model):  # with Redis as the broker, django-q2 registers no OrmQ page
        admin.site.unregister(model)


@admin.register(Schedule)
class ScheduleAdmin(RecordAdmin):
    """Schedules of ticks, each with its next run. The admin page of a tick shows the results of the tick's runs."""

    workspace_path = INSTALLATION
    secret_fields = ("args", "kwargs")
    plain_texts = ("func", "hook")
    list_display = ("name", "next_run", "schedule_type", "minutes", "cron", "func")
    ordering = ("name", "pk")


@admin.register(OrmQ)
class OrmQAdmin(RecordAdmin):
    """Queued tasks by kind (name) and lane (group): ticks, and wake-ups that no cluster has taken yet. A lost wake-up
    only delays jobs, because polling finds them later.
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
        return super().get_queryset(request).defer(None)  # django-q2 computes columns from the signed payload


@admin.register(Success, Failure)
class TaskAdmin(RecordAdmin):
    """Ended tasks and their outcomes. All of them are ticks (periodic tasks): the task that starts a background job
    stores no result.
    """

    workspace_path = INSTALLATION
    secret_fields = ("args", "kwargs", "result")
    plain_texts = ("func", "hook")
    list_display = ("name", "func", "started", "stopped", "attempt_count")
    list_filter = ()
    ordering = ("-stopped",)
    search_fields = ("name__exact",)
    search_help_text = "Task’s full name"
