"""What people do to jobs in the admin: to one, to those ticked, to all that match, or to all of one cause.

`jobs.actions` does it, as for the workspace's own pages. Each action has a permission of its own, asks first, and says
what became of each job.
"""

import contextlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from admin.base import RecordAdmin
from admin.causes import list_url
from admin.scope import scope_of
from inbox.pages.access import signed_in
from jobs import actions, joblist
from jobs.kinds import in_words
from jobs.lanes import LANES
from jobs.models import BackgroundJob, JobAction

SHOWN = 20
"""So many of the jobs are listed on a page that asks first."""

Do = Callable[[list[UUID]], list[actions.ActionResult]]
Jobs = QuerySet[BackgroundJob]


class DoingAdmin(RecordAdmin):
    """The actions on jobs, and the page that retries all failed jobs of one cause. The admin page of jobs is based on
    it.
    """

    actions = ("retry_now", "run_at", "move", "cancel", "discard")

    def get_urls(self) -> list[Any]:
        cause = path(
            "cause/<str:fingerprint>/",
            self.admin_site.admin_view(self.cause),
            name="jobs_backgroundjob_cause",
        )
        return [cause, *super().get_urls()]

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return scope_of(request).may("jobs.retry_backgroundjob")

    def has_move_permission(self, request: HttpRequest) -> bool:
        return scope_of(request).may("jobs.move_backgroundjob")

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return scope_of(request).may("jobs.cancel_backgroundjob")

    def has_discard_permission(self, request: HttpRequest) -> bool:
        return scope_of(request).may("jobs.discard_backgroundjob")

    @admin.action(description="Retry or run now", permissions=["retry"])
    def retry_now(self, request: HttpRequest, jobs: Jobs) -> HttpResponse | None:
        def do(ids: list[UUID]) -> list[actions.ActionResult]:
            return actions.retry_now(ids, workspace_id=None, actor=signed_in(request))

        return self._ask_first(request, jobs, "retry_now", do)

    @admin.action(description="Run at a time", permissions=["move"])
    def run_at(self, request: HttpRequest, jobs: Jobs) -> HttpResponse | None:
        def do(ids: list[UUID]) -> list[actions.ActionResult]:
            moment = actions.parse_moment(request.POST.get("moment", ""))
            return actions.run_at(ids, moment, workspace_id=None, actor=signed_in(request))

        return self._ask_first(request, jobs, "run_at", do)

    @admin.action(description="Move to another lane", permissions=["move"])
    def move(self, request: HttpRequest, jobs: Jobs) -> HttpResponse | None:
        def do(ids: list[UUID]) -> list[actions.ActionResult]:
            lane = request.POST.get("lane", "")
            return actions.move_to_lane(ids, lane, workspace_id=None, actor=signed_in(request))

        return self._ask_first(request, jobs, "move", do)

    @admin.action(description="Cancel, or ask to stop", permissions=["cancel"])
    def cancel(self, request: HttpRequest, jobs: Jobs) -> HttpResponse | None:
        def do(ids: list[UUID]) -> list[actions.ActionResult]:
            return actions.cancel(ids, workspace_id=None, actor=signed_in(request))

        return self._ask_first(request, jobs, "cancel", do)

    @admin.action(description="Discard with a reason", permissions=["discard"])
    def discard(self, request: HttpRequest, jobs: Jobs) -> HttpResponse | None:
        def do(ids: list[UUID]) -> list[actions.ActionResult]:
            reason = request.POST.get("reason", "")
            return actions.discard(ids, reason, workspace_id=None, actor=signed_in(request))

        return self._ask_first(request, jobs, "discard", do)

    def _ask_first(self, request: HttpRequest, jobs: Jobs, action: str, do: Do) -> HttpResponse | None:
        """Show a page that asks for confirmation, and call `do` once that page is posted."""
        if "confirmed" in request.POST:
            try:
                results = do(list(jobs.values_list("pk", flat=True)[: actions.MAX_JOBS]))
            except ValueError as error:
                messages.error(request, actions.complaint(error))
            else:
                _tell(request, actions.sentences(results))
                if "from_its_page" in request.POST and len(results) == 1:
                    return redirect("admin:jobs_backgroundjob_change", results[0].job_id)
                return None
        context = {
            "title": f"{getattr(self, action).short_description}?",
            "action": action,
            "count": jobs.order_by()[: actions.MAX_JOBS + 1].count(),
            "shown": jobs.select_related("workspace")[:SHOWN],
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", ""),
            "from_its_page": "from_its_page" in request.POST,
        }
        return self._asking(request, context)

    def cause(self, request: HttpRequest, fingerprint: str) -> HttpResponse:
        """`cause/<fingerprint>/?workspace=…`: asks whether all failed jobs of one cause are to run again. A POST makes
        them due and goes to the list of them. Raises PermissionDenied.
        """
        if not self.has_retry_permission(request):
            raise PermissionDenied
        wanted = asked_workspace(request) if request.GET.get("workspace") else None
        ids = [wanted] if wanted else scope_of(request).ids
        if request.method == "POST":
            results = actions.retry_group(
                fingerprint, workspace_id=None, workspace_ids=ids, actor=signed_in(request)
            )
            _tell(request, actions.group_sentences(results))
            return redirect(list_url("jobs_backgroundjob", **_done(results)))
        jobs = joblist.of(ids).filter(status=BackgroundJob.Status.FAILED, fingerprint=fingerprint)
        context = {
            "title": "Retry all jobs of this cause?",
            "count": jobs.order_by()[: actions.MAX_JOBS + 1].count(),
            "shown": jobs.select_related("workspace").order_by("-pk")[:SHOWN],
        }
        return self._asking(request, context)

    def _asking(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        shown = list(context["shown"])
        context |= self.admin_site.each_context(request) | {
            "opts": self.opts,
            "shown": [(job, in_words(job.kind)) for job in shown],
            "more": max(0, min(context["count"], actions.MAX_JOBS) - len(shown)),
            "at_once": actions.MAX_JOBS if context["count"] > actions.MAX_JOBS else None,
            "lanes": LANES,
            "back": self._back(context, shown),
        }
        return TemplateResponse(request, "admin/jobs/backgroundjob/confirm.html", context)

    def _back(self, context: dict[str, Any], shown: list[BackgroundJob]) -> str:
        if context.get("from_its_page") and shown:
            return reverse("admin:jobs_backgroundjob_change", args=[shown[0].pk])
        return reverse("admin:jobs_backgroundjob_changelist")


def asked_workspace(request: HttpRequest) -> UUID | None:
    """The id of the workspace that `?workspace=` names. Without the parameter it is None, which means all, for a person
    who may see all; for others their first workspace.

    Raises Http404 if it is no workspace that the person may see, or if they may see none.
    """
    key, scope = request.GET.get("workspace", ""), scope_of(request)
    if not key and scope.ids is None:
        return None
    if not key and scope.ids:
        return scope.ids[0]
    with contextlib.suppress(ValueError):
        wanted = UUID(key)
        if wanted in scope.ids if scope.ids is not None else scope.may_choose(wanted):
            return wanted
    raise Http404("No such workspace.")


def _done(results: list[actions.ActionResult]) -> dict[str, str]:
    """The filter of the list that shows the jobs of `results`, to see them run; {} if nothing was done."""
    log = JobAction.objects.filter(job_id__in=[row.job_id for row in results])
    newest = log.order_by("job_id", "-pk").distinct("job_id").values_list("pk", flat=True)
    ids = list(newest)
    return {"done": f"{min(ids)}-{max(ids)}"} if ids else {}


def _tell(request: HttpRequest, lines: list[tuple[bool, str]]) -> None:
    for good, line in lines:
        messages.add_message(request, messages.SUCCESS if good else messages.WARNING, line)
