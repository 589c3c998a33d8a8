"""Updates promises of answers by label, and the leads' times that follow from a workspace's promises and hours.

A trigger writes the times (inbox/sql/promise_answers.sql).
"""

from datetime import timedelta

from django.utils import timezone

from inbox.models import Label, Lead, Workspace
from jobs.context import JobContext
from jobs.enqueue import JobSpec, enqueue_many
from jobs.kinds import kind_name

REMAKE = kind_name("lead.promises", __name__)
SLICE = 200


def remake_soon(workspace: Workspace) -> None:
    """Enqueues the update of the waiting leads to the workspace's current promises and hours: now, and again after a
    minute, because replies that arrive in between may still follow the former promises.
    """
    now = timezone.now()
    moments = (now, now + timedelta(minutes=1))
    enqueue_many(
        REMAKE, [JobSpec(f"{REMAKE}:{workspace.pk}:{at.timestamp()}", workspace.pk, {}, at) for at in moments]
    )


def remake(ctx: JobContext) -> dict[str, int]:
    """Runs the job `lead.promises`: has the trigger write the times of all waiting leads. Returns their number."""
    waiting = Lead.objects.filter(workspace_id=ctx.workspace_id, needs_reply=True).order_by("pk")
    pks = list(waiting.values_list("pk", flat=True))
    for start in range(0, len(pks), SLICE):
        waiting.filter(pk__in=pks[start : start + SLICE]).order_by().update(needs_reply=True)
    return {"leads": len(pks)}


def pass_on(label: Label, into: Label) -> None:
    """Gives `into`, with which `label` is merged, the shorter promise of the two labels. Must run in a transaction."""
    if workspace := _promising(label):
        minutes = workspace.promises[str(label.pk)]
        if minutes < workspace.promises.get(str(into.pk), minutes + 1):
            workspace.promises[str(into.pk)] = minutes
            workspace.save(update_fields=["promises"])
            remake_soon(workspace)


def end(label: Label) -> None:
    """Removes the promise of a label that is deleted. Must run in a transaction."""
    if workspace := _promising(label):
        del workspace.promises[str(label.pk)]
        workspace.save(update_fields=["promises"])


def _promising(label: Label) -> Workspace | None:
    """Locks and returns the label's workspace if it promises answers by the label."""
    rows = Workspace.objects.select_for_update(no_key=True)
    return rows.filter(pk=label.workspace_id, promises__has_key=str(label.pk)).first()
