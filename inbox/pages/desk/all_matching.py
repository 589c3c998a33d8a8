"""Decides about all conversations of a list, not only those on its page: done, snooze, unread or assign. Also merges
and deletes labels that many leads have.

A job reads the list in slices, newest first, with the permissions of the user who started it. It skips every lead that
has changed since the user's page was read (`inbox.pages.changes`). Each slice is a step that stores its undo token, so
a restarted job continues after the last finished slice.
"""

import time
import uuid
import zoneinfo
from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from inbox.intake.retention import KEEP_CHANGES
from inbox.leads import assigning, labels, triage
from inbox.leads.triage import Seen, TriageResult
from inbox.models import Label, Lead, Membership, User, Workspace, audit
from inbox.pages.access import ADMIN, FORM, MEMBER, WorkspaceRequest, signed_in, workspace_view
from inbox.pages.changes import changed
from inbox.pages.desk.conversation_list import query_of
from inbox.pages.desk.decision_forms import AllForm, DecisionForm
from inbox.pages.desk.filters import ORDER, filtered, looked_at
from inbox.pages.desk.saved_views import open_view, parameters
from inbox.pages.forms import first_error
from inbox.pages.pagination import SCAN, KeysetPage, keyset_page, older
from inbox.pages.team import is_over_all, team_of
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import enqueue
from jobs.errors import Snooze
from jobs.kinds import kind_name
from jobs.models import BackgroundJob, JobStep

JOB = kind_name("leads.all", __name__)
UNDO = kind_name("leads.all_undo", __name__)
MOST = 50_000
"""The approximate maximum number of conversations that one job handles. The user can start another job for the rest."""
SLICE = 200
"""The number of conversations that one transaction handles."""
PLACE_S = 20
"""How long (in seconds) a job runs before it lets other jobs run. Its lane promises to start jobs within a minute."""
GOOD_FOR = KEEP_CHANGES - timedelta(minutes=10)
"""How long after the page was read a slice can still know which leads have changed."""
UNDO_FOR = timedelta(seconds=triage.UNDO_MAX_AGE_S)


class Matching:
    """The conversations of the list that the query string of `request` names, after its cursor `after`.

    A conversation is left out if it changed, or its snooze ended, after a page was read at the time `at` with the
    snapshot `mark`. Raises Http404 for an unknown folder, an invalid filter, a search, or several workspaces.
    """

    def __init__(self, request: WorkspaceRequest, at: datetime, mark: str) -> None:
        if is_over_all(request):
            raise Http404("A decision about a whole list needs one workspace.")
        self.folder, self.filter, rows = filtered(request)
        if not self.filter.is_valid() or self.filter.words:
            raise Http404("This list doesn’t exist.")
        after = request.GET.get("after", "")
        self.now = older(rows, ORDER, after).exclude(snoozed_until__gt=at, snoozed_until__lte=timezone.now())
        self.leads = self.now.exclude(pk__in=changed(request.workspace.pk, mark))
        among = looked_at(request, self.folder, self.filter)
        self.among = None if among is None else older(among, ORDER, after)

    def page(self, after: str, size: int) -> KeysetPage:
        """Returns `size` conversations after the cursor `after`, including those that changed after the page was read.

        A page with few rows may still have a next page.
        """
        return keyset_page(self.now, ORDER, after=after, size=size, among=self.among)

    def count(self) -> tuple[int, bool]:
        """Returns the number of conversations, and whether there may be more. Reads a limited number of rows."""
        leads, edge = self.leads, None
        if self.among is not None:
            edge = self.among.only(ORDER).order_by(f"-{ORDER}", "-pk")[SCAN : SCAN + 1].first()
            leads = leads.filter(last_message_at__gt=edge.last_message_at) if edge else leads
        total = leads.order_by().values("pk")[: MOST + 1].count()
        return min(total, MOST), bool(edge) or total > MOST


class Otherwise(ValueError):
    """The list is not as the page showed it, so nothing is changed. The exception's text is a sentence for the user."""


def start(request: WorkspaceRequest, form: AllForm, snooze_until: datetime | None) -> BackgroundJob:
    """Enqueues the job for the valid `form` as the request's user. Posting the same decision twice creates one job.

    Raises Otherwise if no conversation matches, if more match than the page said, or if the job was undone. Raises
    Http404 as Matching does.
    """
    user, workspace, cleaned = signed_in(request), request.workspace, form.cleaned_data
    do, at = cleaned["do"], cleaned["at"].isoformat()
    key = f"{JOB}:{user.pk}:{at}:{do}:{snooze_until and snooze_until.isoformat() or ''}"
    if job_before := BackgroundJob.objects.filter(tenant=workspace.pk, dedupe_key=key).first():
        if undo_job(job_before):
            raise Otherwise("The action was undone. To redo it, choose it again.")
        return job_before
    total, more = Matching(request, cleaned["at"], cleaned["mark"]).count()
    if not total or (cleaned["count"] is not None and total > cleaned["count"]):
        raise Otherwise("The list has changed. Check how many match now.")
    payload = {
        "do": do,
        "at": at,
        "mark": cleaned["mark"],
        "user": user.pk,
        "query": urlencode(parameters(request.GET) | {"after": request.GET.get("after", "")}),
        "count": None if more else total,
        "snooze_until": snooze_until and snooze_until.isoformat(),
    }
    with transaction.atomic():
        job, created = enqueue(JOB, workspace_id=workspace.pk, dedupe_key=key, payload=payload)
        if created:
            audit.record(workspace.pk, user, "leads.all", job, do=do, count=total)
    return job


def run(ctx: JobContext) -> dict[str, int | str]:
    """Runs the job `leads.all`, which decides about all conversations of a list. Returns how many of them it changed
    (`done`) and skipped (`left`).

    It skips conversations that changed in the meantime. If the job stops early, `why` is the reason, and the rest of
    the list begins after the cursor `after`.
    """
    counts: Counter[str] = Counter(done=0, left=0)
    began = time.monotonic()
    member = _member(ctx)
    if member is None:
        return dict(counts) | {"why": "The member who started this no longer has permission."}
    with timezone.override(zoneinfo.ZoneInfo(member.workspace.timezone)):
        at, after = datetime.fromisoformat(ctx.payload["at"]), ""
        try:
            matching = Matching(_request(member, ctx.payload["query"]), at, ctx.payload["mark"])
        except Http404:
            return dict(counts) | {"why": "This list no longer exists because a filter was deleted."}
        for number in count(1):
            anew = not ctx.recorded(f"slice {number}")
            if anew and timezone.now() - at > GOOD_FOR:
                return dict(counts) | {"why": "This took too long.", "after": after}
            work = partial(_slice, member, ctx.payload, matching, after)
            try:
                with transaction.atomic():  # the changes and their undo token are stored together
                    report = ctx.step(f"slice {number}", work, effect="idempotent")
            except assigning.NotAMember as reason:
                return dict(counts) | {"why": str(reason)}
            counts.update({name: report[name] for name in counts})
            ctx.progress(counts.total(), ctx.payload["count"])
            if not (after := report["after"]) or counts.total() >= MOST:
                return dict(counts) | (
                    {"why": f"Holdfast handles about {MOST:,} at a time.", "after": after} if after else {}
                )
            if anew:
                _let_others(began)
    raise AssertionError("the slices have no end")


def run_label_end(ctx: JobContext) -> dict[str, int | str]:
    """Runs the job `labels.end`, which merges or deletes a label. Returns how many leads it changed (`done`), and if it
    stops early, the reason (`why`).
    """
    done, member, began = 0, _member(ctx, ADMIN), time.monotonic()
    if member is None:
        return {"done": 0, "why": "The member who started this no longer has permission."}
    by, into_id = member.user, ctx.payload["into"]
    label = Label(pk=ctx.payload["label"], workspace=member.workspace)
    into = Label(pk=into_id, workspace=member.workspace) if into_id else None
    for number in count(1):
        anew = not ctx.recorded(f"slice {number}")
        try:
            with transaction.atomic():
                size = ctx.step(
                    f"slice {number}", lambda _: labels.end_part(label, by, into), effect="idempotent"
                )
        except labels.LabelGone as reason:
            return {"done": done, "why": str(reason)}
        done += size
        ctx.progress(done, ctx.payload["count"])
        if size < labels.AT_ONCE:
            return {"done": done}
        if anew:
            _let_others(began)
    raise AssertionError("the slices have no end")


def undo_job(job: BackgroundJob) -> BackgroundJob | None:
    """Returns the job that undoes `job`; None if nobody has started one."""
    return BackgroundJob.objects.filter(tenant=job.tenant, dedupe_key=f"{UNDO}:{job.pk}").first()


def can_undo(job: BackgroundJob) -> bool:
    """Whether `job` can be undone, which is possible for ten minutes after it ends."""
    return job.finished_at is not None and timezone.now() - job.finished_at < UNDO_FOR


def start_undo(job: BackgroundJob, user: User) -> bool:
    """Enqueues the job that undoes `job`, on behalf of `user`. Returns False if it is too late to undo it."""
    if not can_undo(job):
        return False
    payload = {"job": str(job.pk), "user": user.pk}
    enqueue(UNDO, workspace_id=job.workspace_id, dedupe_key=f"{UNDO}:{job.pk}", payload=payload)
    return True


def run_undo(ctx: JobContext) -> dict[str, int | str]:
    """Runs the job `leads.all_undo`, which undoes a job `leads.all`, last slice first. Returns the number of restored
    conversations (`done`).

    Conversations that have changed since that job stay as they are.
    """
    done, member, began = 0, _member(ctx), time.monotonic()
    if member is None:
        return {"done": 0, "why": "The member who started this no longer has permission."}
    jobs = BackgroundJob.objects.filter(workspace=ctx.workspace_id, kind=JOB, pk=ctx.payload["job"])
    for step in JobStep.objects.filter(job__in=jobs).order_by("-pk"):
        work = partial(_put_back, member, (step.result or {}).get("undo", ""))
        anew = not ctx.recorded(step.name)
        with transaction.atomic():
            done += ctx.step(step.name, work, effect="idempotent")
        ctx.progress(done)
        if anew:
            _let_others(began)
    return {"done": done}


def _let_others(began: float) -> None:
    """Raises Snooze if the job, which began at `began` (monotonic clock), has run for more than PLACE_S seconds."""
    if time.monotonic() - began > PLACE_S:
        raise Snooze(timezone.now(), "Waiting for other work to finish.")


def _member(ctx: JobContext, role: Membership.Role = MEMBER) -> Membership | None:
    rows = Membership.objects.filter(
        workspace=ctx.workspace_id, user=ctx.payload["user"], user__is_active=True
    )
    member = rows.select_related("user", "workspace").first()
    return member if member and member.at_least(role) else None


def _request(member: Membership, query: str) -> WorkspaceRequest:
    request = WorkspaceRequest()
    request.user, request.workspace, request.membership = member.user, member.workspace, member
    request.GET = QueryDict(query)
    return request


def _slice(
    member: Membership, payload: dict[str, Any], matching: Matching, after: str, _deadline: Deadline
) -> dict[str, Any]:
    page = matching.page(after, SLICE)
    ids = [lead.pk for lead in page.rows]
    rows = Lead.objects.filter(workspace=member.workspace, pk__in=ids)
    list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    still = list(matching.leads.filter(pk__in=ids))  # this query sees every change made before the lock
    outcome = _decide(member, payload, still)
    return {
        "after": page.after or "",
        "done": len(outcome.leads),
        "left": len(ids) - len(still) + len(outcome.missed) + outcome.gone,
        "undo": outcome.undo if outcome.leads else "",
    }


def _decide(member: Membership, payload: dict[str, Any], leads: list[Lead]) -> TriageResult:
    """Carries out the decision in `payload` about `leads`, on behalf of `member`. Raises NotAMember."""
    workspace: Workspace = member.workspace
    action, _, word = payload["do"].partition(":")
    if action == "assign":
        to = assigning.receiver(workspace, None if word == "nobody" else int(word))
        movable = [lead for lead in leads if lead.assigned_to_id != (to and to.user_id)]
        return assigning.give(workspace, member.user, map(Seen.of, movable), to)
    rows = [Seen.of(lead) for lead in leads]
    if action == "snooze":
        return triage.change(workspace, rows, triage.snoozed(datetime.fromisoformat(payload["snooze_until"])))
    return triage.change(workspace, rows, triage.DONE if action == "done" else triage.UNREAD)


def _put_back(member: Membership, token: str, _deadline: Deadline) -> int:
    try:
        return len(assigning.undo(member.workspace, member.user, token, max_age_s=None)) if token else 0
    except IntegrityError:  # an earlier assignee has left the workspace
        return 0


@workspace_view(MEMBER, FORM)
def decide(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/inbox/all/?view=…`, with the list's filters: decides about all conversations that match.

    A GET shows how many match. A POST enqueues the job, which skips conversations that change after the page was read.
    Raises Http404 for an unknown folder or filter, and for a search.
    """
    query = query_of(request)
    if request.method == "POST":
        return _start(request, query)
    now = timezone.now()
    mark = vars(request.membership)["snapshot"]
    matching = Matching(request, now, mark)
    count, more = matching.count()
    context = {
        "label": view.name if (view := open_view(request)) else matching.folder.label,
        "filters": [(label, choice) for _, label, choice in matching.filter.active()],
        "query": query,
        "at": now.isoformat(),
        "mark": mark,
        "count": count,
        "more": more,
    }
    return render(request, "inbox/all.html", context)


def _start(request: WorkspaceRequest, query: str) -> HttpResponse:
    form = AllForm(request.POST, opens_at=request.workspace.opens_at)
    try:
        if not form.is_valid():
            raise Otherwise(first_error(form))
        if form.action == "assign":
            assigning.receiver(request.workspace, form.membership_id())
        job = start(request, form, form.cleaned_data.get("snooze_until"))
    except (assigning.NotAMember, Otherwise) as reason:
        messages.error(request, str(reason))
        return HttpResponseRedirect(request.get_full_path())
    page = reverse("inbox:all-progress", args=[request.workspace.pk, job.pk])
    return HttpResponseRedirect(f"{page}?{query}")


@workspace_view(MEMBER, FORM)
def progress(request: WorkspaceRequest, job_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/inbox/all/<job>/`: shows a job that the user started. A POST undoes it. Any other job is a 404."""
    jobs = BackgroundJob.objects.filter(workspace=request.workspace, kind__in=(JOB, labels.END), pk=job_id)
    job = jobs.first()
    if job is None or job.payload["user"] != signed_in(request).pk:
        raise Http404("This job doesn’t exist.")
    query, is_list = query_of(request), job.kind == JOB
    if request.method == "POST" and is_list:
        if not start_undo(job, signed_in(request)):
            messages.error(request, "It’s too late to undo that.")
        page = reverse("inbox:all-progress", args=[request.workspace.pk, job.pk])
        return HttpResponseRedirect(f"{page}?{query}")
    undoing = undo_job(job)
    context = {
        "job": job,
        "undoing": undoing,
        "what": _said(request, job.payload),
        "can_undo": is_list and undoing is None and can_undo(job),
        "runs": (undoing or job).finished_at is None,
        "query": query,
    }
    return render(request, "inbox/_all_progress.html" if request.htmx else "inbox/all_progress.html", context)


def _said(request: WorkspaceRequest, payload: dict[str, Any]) -> str:
    if "label" in payload:
        return "Merge labels" if payload["into"] else "Delete a label"
    action, _, word = payload["do"].partition(":")
    if action == "snooze":
        until = timezone.localtime(datetime.fromisoformat(payload["snooze_until"]))
        return f"Snoozed until {date_format(until, 'j F, H:i')}"
    if word == DecisionForm.NOBODY:
        return "Unassigned"
    if action == "assign":
        names = {str(mate.membership_id): mate.name for mate in team_of(request).members}
        return f"Assigned to {names.get(word, 'a former member')}"
    return {"done": "Done", "unread": "Marked unread"}[action]
