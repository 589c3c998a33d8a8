"""Carries out one decision on all conversations of a list, beyond its page: done, snooze, unread or assign.

The job reads the list itself, as the person who asked sees it, in slices from the newest to the oldest. It leaves alone
what has moved since they asked. Each slice is a step with what undoes it, so a job that starts again goes on after it.
"""

import zoneinfo
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any
from urllib.parse import urlencode

from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.utils import timezone

from inbox.leads import assigning, triage
from inbox.leads.folders import COUNT_LIMIT
from inbox.leads.triage import Seen, TriageResult
from inbox.models import Membership, Message, User, Workspace, audit
from inbox.pages.access import WorkspaceRequest, signed_in
from inbox.pages.lead_list import ORDER, filtered, looked_at
from inbox.pages.pagination import SCAN, KeysetPage, keyset_page
from inbox.pages.saved_views import parameters
from inbox.pages.search import search_page
from integrations.fields import decrypt, encrypt
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import enqueue
from jobs.kinds import kind_name
from jobs.models import BackgroundJob, JobStep

JOB = kind_name("leads.all", __name__)
UNDO = kind_name("leads.all_undo", __name__)
MOST = 50_000
"""About how many conversations one job treats. The rest can be chosen again."""
SLICE = 200
"""How many conversations a transaction treats."""
UNDO_FOR = timedelta(seconds=triage.UNDO_MAX_AGE_S)


class Matching:
    """The conversations of the list that the query string of `request` names: its folder, filters and search. Those in
    which anything was sent or came in after `until` (aware) are left out.

    Raises Http404 for an unknown folder.
    """

    def __init__(self, request: WorkspaceRequest, until: datetime) -> None:
        self.workspace = request.workspace
        self.folder, self.filter, found = filtered(request)
        came = Message.objects.filter(workspace=request.workspace, received_at__gt=until)
        self.leads = found.filter(last_message_at__lte=until).exclude(pk__in=came.values("lead"))
        self.among = looked_at(request, self.folder, self.filter)

    def page(self, after: str, size: int) -> KeysetPage:
        """The `size` conversations after the cursor `after`, newest first; a page may have few, and yet a next one."""
        if self.filter.words:
            return search_page(self.leads, self.workspace, self.filter.words, after=after, size=size)[0]
        return keyset_page(self.leads, ORDER, after=after, size=size, among=self.among)

    def count(self) -> tuple[int, bool]:
        """How many conversations there are, and whether there may be more: a bounded number is looked at."""
        if self.filter.words:
            found = search_page(self.leads, self.workspace, self.filter.words, size=1)[1]
            return min(found, COUNT_LIMIT), found > COUNT_LIMIT
        leads, edge = self.leads, None
        if self.among is not None:
            edge = self.among.only(ORDER).order_by(f"-{ORDER}", "-pk")[SCAN : SCAN + 1].first()
            leads = leads.filter(last_message_at__gt=edge.last_message_at) if edge else leads
        found = leads.order_by().values("pk")[: MOST + 1].count()
        return min(found, MOST), bool(edge) or found > MOST


def start(
    request: WorkspaceRequest, do: str, until: datetime, snooze_until: datetime | None
) -> BackgroundJob:
    """Enqueues the job that carries out `do` (as DecisionForm has it) on the request's list as it stood at `until`
    (aware), in the name of the request's user. The same decision twice, as by a double click, is one job.
    """
    user, workspace = signed_in(request), request.workspace
    found, more = Matching(request, until).count()
    payload = {
        "do": do,
        "until": until.isoformat(),
        "user": user.pk,
        "query": encrypt(urlencode(parameters(request.GET))),  # a search may hold somebody's name
        "count": None if more else found,
        "snooze_until": snooze_until and snooze_until.isoformat(),
    }
    with transaction.atomic():
        key = f"{JOB}:{user.pk}:{until.isoformat()}:{do}:{payload['snooze_until'] or ''}"
        job, created = enqueue(JOB, workspace_id=workspace.pk, dedupe_key=key, payload=payload)
        if created:
            audit.record(workspace.pk, user, "leads.all", job, do=do, count=found)
    return job


def run(ctx: JobContext) -> dict[str, int | str]:
    """The job `leads.all`: carries out a decision on all conversations of a list. Returns how many it changed (`done`),
    how many it left because of a newer message (`left`), and in `why` what made it stop before the end.
    """
    counts: Counter[str] = Counter(done=0, left=0)
    member = _member(ctx)
    if member is None:
        return dict(counts) | {"why": "Who asked for it may not do that here any more."}
    with timezone.override(zoneinfo.ZoneInfo(member.workspace.timezone)):
        request = _request(member, decrypt(ctx.payload["query"]))
        matching, after = Matching(request, datetime.fromisoformat(ctx.payload["until"])), ""
        for number in count(1):
            work = partial(_slice, member, ctx.payload, matching, after)
            try:
                with transaction.atomic():  # what is done and what undoes it are stored together
                    made = ctx.step(f"slice {number}", work, effect="idempotent")
            except assigning.NotAMember as reason:
                return dict(counts) | {"why": str(reason)}
            counts.update({name: made[name] for name in counts})
            ctx.progress(counts.total(), ctx.payload["count"])
            if not (after := made["after"]) or counts.total() >= MOST:
                return dict(counts) | (
                    {"why": f"It ends after {MOST:,}: choose the rest again."} if after else {}
                )
    raise AssertionError("the slices have no end")


def undo_job(job: BackgroundJob) -> BackgroundJob | None:
    """The job that takes back what `job` did; None if nobody has asked for it."""
    return BackgroundJob.objects.filter(tenant=job.tenant, dedupe_key=f"{UNDO}:{job.pk}").first()


def can_undo(job: BackgroundJob) -> bool:
    """Whether what `job` did can be taken back: it ended within the last ten minutes."""
    return job.finished_at is not None and timezone.now() - job.finished_at < UNDO_FOR


def start_undo(job: BackgroundJob, user: User) -> bool:
    """Enqueues the job that takes back, for `user`, what `job` did, once. Returns False if that is not possible."""
    if not can_undo(job):
        return False
    payload = {"job": str(job.pk), "user": user.pk}
    enqueue(UNDO, workspace_id=job.workspace_id, dedupe_key=f"{UNDO}:{job.pk}", payload=payload)
    return True


def run_undo(ctx: JobContext) -> dict[str, int | str]:
    """The job `leads.all_undo`: takes back what a job `leads.all` did, its last slice first. Conversations that
    somebody has changed since, or with a newer message, stay as they are. Returns how many it put back (`done`).
    """
    done, member = 0, _member(ctx)
    if member is None:
        return {"done": 0, "why": "Who asked for it may not do that here any more."}
    mine = BackgroundJob.objects.filter(workspace=ctx.workspace_id, kind=JOB, pk=ctx.payload["job"])
    for made in JobStep.objects.filter(job__in=mine).order_by("-pk"):
        work = partial(_put_back, member, (made.result or {}).get("undo", ""))
        with transaction.atomic():
            done += ctx.step(made.name, work, effect="idempotent")
        ctx.progress(done)
    return {"done": done}


def _member(ctx: JobContext) -> Membership | None:
    """The membership of the person who asked for the job, if they may still decide; else None."""
    rows = Membership.objects.filter(
        workspace=ctx.workspace_id, user=ctx.payload["user"], user__is_active=True
    )
    member = rows.select_related("user", "workspace").first()
    return member if member and member.at_least(Membership.Role.MEMBER) else None


def _request(member: Membership, query: str) -> WorkspaceRequest:
    """A request for the list with the query string `query`, as `member` would make it."""
    request = WorkspaceRequest()
    request.user, request.workspace, request.membership = member.user, member.workspace, member
    request.GET = QueryDict(query)
    return request


def _slice(
    member: Membership, payload: dict[str, Any], matching: Matching, after: str, _deadline: Deadline
) -> dict[str, Any]:
    page = matching.page(after, SLICE)
    outcome = _decide(member, payload, [Seen.of(lead) for lead in page.rows])
    return {
        "after": page.after or "",
        "done": len(outcome.leads),
        "left": len(outcome.missed) + outcome.gone,
        "undo": outcome.undo if outcome.leads else "",
    }


def _decide(member: Membership, payload: dict[str, Any], seen: Iterable[Seen]) -> TriageResult:
    """Does what `payload` says, in the name of `member`. Raises NotAMember."""
    workspace: Workspace = member.workspace
    action, _, word = payload["do"].partition(":")
    if action == "assign":
        to = assigning.receiver(workspace, None if word == "nobody" else int(word))
        return assigning.give(workspace, member.user, seen, to)
    if action == "snooze":
        return triage.change(workspace, seen, triage.snoozed(datetime.fromisoformat(payload["snooze_until"])))
    return triage.change(workspace, seen, triage.DONE if action == "done" else triage.UNREAD)


def _put_back(member: Membership, token: str, _deadline: Deadline) -> int:
    try:
        return assigning.undo(member.workspace, member.user, token, max_age_s=None) if token else 0
    except IntegrityError:  # whose they were have left the workspace
        return 0
