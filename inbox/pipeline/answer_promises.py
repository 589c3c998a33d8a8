"""Tells people that an answer is due before the workspace's promise breaks: first the assignee, then whoever is next.

A trigger keeps the times on the lead (inbox/sql/promise_answers.sql). Nobody is told twice of one reply.
"""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from inbox.leads import assigning, own_notices
from inbox.models import Label, Lead, Membership, Workspace
from inbox.pipeline import tag_notices
from inbox.replying import hours
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import JobSpec, enqueue_many
from jobs.kinds import kind_name

REMAKE = kind_name("lead.promises", __name__)
PEOPLE = 2
"""The most people who are told of one reply."""
SHORTEST = timedelta(minutes=2)
"""With less time left, nobody else is told."""
SLICE = 200
EPOCH = datetime.min.replace(tzinfo=UTC)


def tick(deadline: Deadline) -> dict[str, int]:
    """The tick `promises`: tells one person about each lead whose promise breaks soon."""
    now = timezone.now()
    due = Lead.objects.filter(warn_at__lte=now, sample=False).select_related("workspace").order_by("warn_at")
    return {"told": sum(_warn(lead, now) for lead in due[:SLICE])}


def _warn(lead: Lead, now: datetime) -> int:
    if lead.answer_by is None:
        return 0
    rest = lead.answer_by - now
    member = _next(lead) if rest > timedelta() else None
    warned = [*lead.warned_ids, *([member.user_id] if member else [])]
    is_last = len(warned) >= PEOPLE or rest < SHORTEST
    unchanged = Lead.objects.filter(
        pk=lead.pk, warn_at=lead.warn_at, warned_ids=lead.warned_ids, assigned_to=lead.assigned_to_id
    )
    with transaction.atomic():
        again = None if is_last else hours.next_open(lead.workspace, now + rest / 2)
        if not unchanged.update(warn_at=again, warned_ids=warned) or member is None:
            return 0
        own_notices.expect(lead.workspace_id, Q(pk=member.pk), [lead.pk], urgent=True)
        tag_notices.warn(lead, member)
    return 1


def _next(lead: Lead) -> Membership | None:
    """The assignee if they are present and were not told yet; else the member whose turn it is."""
    present = assigning.present(lead.workspace_id).exclude(user__in=lead.warned_ids)
    return min(
        present.exclude(role=Membership.Role.VIEWER),
        key=lambda row: (
            row.user_id != lead.assigned_to_id,
            not row.takes_leads,
            row.last_assigned_at or EPOCH,
            row.pk,
        ),
        default=None,
    )


def remake_soon(workspace: Workspace) -> None:
    """Enqueues that the waiting leads follow the workspace's promises and hours of now. Replies that arrive meanwhile
    may not see them yet, so it happens again after a minute.
    """
    now = timezone.now()
    moments = (now, now + timedelta(minutes=1))
    enqueue_many(
        REMAKE, [JobSpec(f"{REMAKE}:{workspace.pk}:{at.timestamp()}", workspace.pk, {}, at) for at in moments]
    )


def pass_on(label: Label, into: Label) -> None:
    """Gives the promise of `label` to `into`, with which it is merged, if `into` has none."""
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update(no_key=True).get(pk=label.workspace_id)
        promises, old, new = workspace.promises, str(label.pk), str(into.pk)
        if old in promises and new not in promises:
            Workspace.objects.filter(pk=workspace.pk).update(promises=promises | {new: promises[old]})
            remake_soon(workspace)


def remake(ctx: JobContext) -> dict[str, int]:
    """The job `lead.promises`: has the trigger write the times of all leads that wait."""
    waiting = Lead.objects.filter(workspace_id=ctx.workspace_id, needs_reply=True).order_by("pk")
    pks = list(waiting.values_list("pk", flat=True))
    for start in range(0, len(pks), SLICE):
        waiting.filter(pk__in=pks[start : start + SLICE]).order_by().update(needs_reply=True)
    return {"leads": len(pks)}
