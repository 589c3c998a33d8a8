"""Background jobs in the Django admin, for the staff of all workspaces: records with their attempts, and two actions.

What a row says is never edited by hand: retrying and cancelling go through `jobs.actions`, which keep the history.
"""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.modeladmin import RecordAdmin, WorkspaceFilter, known_values, link
from jobs import actions
from jobs.models import BackgroundJob, JobAttempt, JobStep
from jobs.registry import KINDS


class HistoryInline(admin.TabularInline):
    """Rows that only the worker writes."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: BackgroundJob | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: BackgroundJob | None = None) -> bool:
        return False


class AttemptInline(HistoryInline):
    model = JobAttempt
    fields = ("number", "outcome", "started_at", "duration_ms", "worker", "error_class", "error")
    readonly_fields = fields


class StepInline(HistoryInline):
    model = JobStep
    fields = ("name", "effect", "status", "reason", "started_at", "finished_at")
    readonly_fields = fields


@admin.register(BackgroundJob)
class BackgroundJobAdmin(RecordAdmin):
    list_display = (
        "created_at",
        "workspace_link",
        "kind",
        "status",
        "attempts",
        "run_at",
        "finished_at",
        "last_error_class",
    )
    list_filter = ("status", known_values("kind", sorted(KINDS)), WorkspaceFilter)
    list_select_related = ("workspace",)
    search_fields = ("dedupe_key__exact", "last_error_class__exact")
    search_help_text = "A job's id, its dedupe key, or an error class"
    ordering = ("-pk",)
    inlines = (AttemptInline, StepInline)
    actions = ("retry_now", "cancel")
    heavy = ("result",)

    @admin.display(description="workspace")
    def workspace_link(self, job: BackgroundJob) -> SafeString:
        return link(job.workspace)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Who may run jobs again or stop them."""
        return request.user.has_perm("jobs.change_backgroundjob")

    @admin.action(description="Run now (failed, cancelled or waiting)", permissions=["operate"])
    def retry_now(self, request: HttpRequest, jobs: QuerySet[BackgroundJob]) -> None:
        self._act(request, jobs, actions.retry_now)

    @admin.action(description="Cancel, or ask to stop", permissions=["operate"])
    def cancel(self, request: HttpRequest, jobs: QuerySet[BackgroundJob]) -> None:
        self._act(request, jobs, actions.cancel)

    def _act(self, request: HttpRequest, jobs: QuerySet[BackgroundJob], action) -> None:
        """One answer per job, counted by what became of it."""
        ids = list(jobs.values_list("pk", flat=True)[: actions.MAX_JOBS])
        results = action(ids, workspace_id=None, actor=str(request.user.email))
        done = [result for result in results if result.done]
        self.message_user(request, f"{len(done)} of {len(ids)} jobs: done.", messages.SUCCESS)
        for result in results:
            if result.done:
                self.log_change(request, BackgroundJob(pk=result.job_id), result.reason)
            else:
                self.message_user(
                    request, f"{result.kind} {result.job_id}: {result.reason}", messages.WARNING
                )
