"""The admin pages of django-q2's own tables: queued tasks, the results of ticks, and the schedules of ticks.

django-q2 registers pages of its own, which can delete and repeat tasks and edit schedules. Those belong to the code. So
pages that only show replace them. Of a pickle only what our own key has signed is loaded; arguments and results are not
signed, and so not shown.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django_q import admin as stock  # registers its pages now, so that they can be replaced
from django_q.models import Failure, OrmQ, Schedule, Success

from admin.base import RecordAdmin
from admin.scope import INSTALLATION

assert stock
for model in (Schedule, Success, Failure, OrmQ):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(Schedule)
class ScheduleAdmin(RecordAdmin):
    """When each schedule rings next. What it rings for is a tick, whose own page says how it went."""

    workspace_path = INSTALLATION
    secret_fields = ("args", "kwargs")
    plain_texts = ("func", "hook")
    list_display = ("name", "next_run", "schedule_type", "minutes", "cron", "func")
    ordering = ("name", "pk")


@admin.register(OrmQ)
class OrmQAdmin(RecordAdmin):
    """Queued tasks: ticks, and wake-ups that no cluster has taken yet, by kind (name) and lane (group). A wake-up is no
    work of its own: jobs are found without it, only later.
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
        return super().get_queryset(request).defer(None)  # the columns above are read from the signed payload


@admin.register(Success, Failure)
class TaskAdmin(RecordAdmin):
    """Tasks that ended: ticks, as wake-ups leave no result."""

    workspace_path = INSTALLATION
    secret_fields = ("args", "kwargs", "result")
    plain_texts = ("func", "hook")
    list_display = ("name", "func", "started", "stopped", "attempt_count")
    ordering = ("-stopped",)
    search_fields = ("name__exact",)
    search_help_text = "The task's whole name"
