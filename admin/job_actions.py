"""The admin's actions on jobs, which call `jobs.actions` as the workspace pages do.

Each action on jobs has its own permission, asks for confirmation, and reports the outcome for each job.
"""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from admin.base import RecordAdmin, right
from admin.columns import list_url, row_url
from admin.scope import scope_of
from inbox.pages.access import signed_in
from inbox.pages.operations.jobs import tell
from jobs import actions, joblist
from jobs.kinds import in_words
from jobs.models import BackgroundJob

Do = Callable[..., list[actions.ActionResult]]
Jobs = QuerySet[BackgroundJob]


def job_action(name: str, words: str, permission: str, do: Do, field: str = "") -> Callable[..., Any]:
    """Returns an admin action on jobs, which calls `do` with the ids of the jobs. If the confirmation page has a form
    field named `field`, `do` also gets its text.
    """

    @admin.action(description=words, permissions=[permission])
    def act(page: "JobActionsAdmin", request: HttpRequest, jobs: Jobs) -> HttpResponse | None:
        entered = [request.POST.get(field, "")] if field else []
        return page.act(request, jobs, do, *entered)

    act.__name__ = name
    return act


class JobActionsAdmin(RecordAdmin):
    """Base class of the jobs' page, with the actions and the page that retries all failed jobs of a cause."""

    actions = (
        job_action("retry_now", "Retry or run now", "retry", actions.retry_now),
        job_action("run_at", "Run at a set time", "move", actions.run_at, "moment"),
        job_action("cancel", "Cancel, or ask to stop", "cancel", actions.cancel),
        job_action("discard", "Discard with a reason", "discard", actions.discard, "reason"),
    )
    views: ClassVar = {"cause/<str:fingerprint>/": "cause"}

    has_retry_permission = right("jobs.retry_backgroundjob")
    has_move_permission = right("jobs.move_backgroundjob")
    has_cancel_permission = right("jobs.cancel_backgroundjob")
    has_discard_permission = right("jobs.discard_backgroundjob")

    def in_words(self, row: BackgroundJob) -> str:
        return in_words(row.kind)

    def act(self, request: HttpRequest, jobs: Jobs, do: Do, *entered: str) -> HttpResponse | None:
        """Asks the user to confirm, and then calls `do`. If `do` refuses the input, the page is shown again."""
        from_its_page = "from_its_page" in request.POST
        if "confirmed" in request.POST:
            ids = list(jobs.values_list("pk", flat=True)[: actions.MAX_JOBS])
            try:
                results = do(ids, *entered, workspace_id=None, actor=signed_in(request))
            except ValueError as error:
                messages.error(request, actions.complaint(error))
            else:
                tell(request, actions.sentences(results))
                if from_its_page and len(results) == 1:
                    return redirect("admin:jobs_backgroundjob_change", results[0].job_id)
                return None
        job = jobs.first() if from_its_page else None
        back = row_url(job) if job else list_url(BackgroundJob)
        words, more = self.action_words(request), {"from_its_page": from_its_page, "back": back}
        return self.question(request, jobs, words, actions.MAX_JOBS, **more)

    def cause(self, request: HttpRequest, fingerprint: str) -> HttpResponse:
        """Asks, at `cause/<fingerprint>/?workspace=…`, whether to retry all failed jobs of one cause. A POST makes
        these jobs due and redirects to the list of jobs. Raises PermissionDenied.
        """
        if not self.has_retry_permission(request):
            raise PermissionDenied
        wanted = asked_workspace(request) if request.GET.get("workspace") else None
        ids = [wanted] if wanted else scope_of(request).ids
        if request.method == "POST":
            results = actions.retry_group(fingerprint, workspace_ids=ids, actor=signed_in(request))
            tell(request, actions.group_sentences(results))
            return redirect(list_url(BackgroundJob))
        jobs = joblist.of(ids).filter(status=BackgroundJob.Status.FAILED, fingerprint=fingerprint)
        jobs, words = jobs.select_related("workspace").order_by("-pk"), "Retry all jobs with this cause"
        return self.question(request, jobs, words, actions.MAX_JOBS, back=list_url(BackgroundJob))


def asked_workspace(request: HttpRequest) -> UUID | None:
    """Returns the id of the workspace in `?workspace=`. Without the parameter, returns None for a user who sees all
    workspaces, or else the user's first workspace. Raises Http404 for a workspace that the user may not see.
    """
    key, scope = request.GET.get("workspace", ""), scope_of(request)
    if not key and (scope.ids is None or scope.ids):
        return scope.ids[0] if scope.ids else None
    return scope.workspace(key).pk
