"""A workspace's facts as its admins keep them: every change is audited, and none undoes another that was not seen."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from inbox import audit, locks
from inbox.models import User, Workspace, WorkspaceFact
from inbox.models.workspace_fact import MOST, folded

Kind = WorkspaceFact.Kind

MOVED = "Somebody has changed or deleted it meanwhile. Copy your text and open the fact again."


class Refused(Exception):
    """The change was not made; the text says why, and what to do."""


def hold(workspace: Workspace) -> None:
    """Let the changes of a workspace's facts take turns, until the transaction ends: the limit holds exactly."""
    locks.hold("facts", workspace.pk)


def listed(workspace: Workspace, words: str = "") -> QuerySet[WorkspaceFact]:
    """The workspace's facts that hold `words` ("": all), by kind and order."""
    rows = WorkspaceFact.objects.filter(workspace=workspace).select_related("updated_by")
    return rows.filter(Q(question__icontains=words) | Q(answer__icontains=words)) if words else rows


def last_position(workspace: Workspace, kind: str) -> int:
    """The order of the last fact of that kind, 0 where there is none."""
    rows = WorkspaceFact.objects.filter(workspace=workspace, kind=kind)
    return rows.aggregate(last=Max("position"))["last"] or 0


def add(
    workspace: Workspace, by: User, *, kind: str, question: str, answer: str, position: int | None = None
) -> WorkspaceFact:
    """A new fact, last of its kind unless `position` says otherwise. Raises Refused."""
    with transaction.atomic():
        hold(workspace)
        if WorkspaceFact.objects.filter(workspace=workspace).count() >= MOST:
            raise Refused(f"There are {MOST} facts, which is the most. Delete one first.")
        if position is None:
            position = last_position(workspace, kind) + 1
        fact = WorkspaceFact(
            workspace=workspace, kind=kind, question=question, answer=answer, position=position, updated_by=by
        )
        try:
            with transaction.atomic():
                fact.save()
        except IntegrityError as error:
            raise _there_already(error) from error
        audit.record(workspace.pk, by, "fact.add", fact, kind=kind)
    return fact


def change(fact: WorkspaceFact, by: User, *, question: str, answer: str, position: int | None = None) -> None:
    """Write new values into `fact` where it is still as it was read. Raises Refused."""
    values = {"question": question, "answer": answer}
    if position is not None:
        values["position"] = position
    fields = [name for name, value in values.items() if value != getattr(fact, name)]
    same = WorkspaceFact.objects.filter(
        pk=fact.pk, workspace_id=fact.workspace_id, updated_at=fact.updated_at
    )
    now = timezone.now()
    with transaction.atomic():
        hold(fact.workspace)
        try:
            with transaction.atomic():
                changed = same.update(**values, folded=folded(question), updated_by=by, updated_at=now)
        except IntegrityError as error:
            raise _there_already(error) from error
        if not changed:
            raise Refused(MOVED)
        audit.record(fact.workspace_id, by, "fact.change", fact, fields=fields)


def delete(fact: WorkspaceFact, by: User) -> bool:
    """Take the fact away; False where it is gone already."""
    with transaction.atomic():
        hold(fact.workspace)
        gone, _ = WorkspaceFact.objects.filter(pk=fact.pk, workspace_id=fact.workspace_id).delete()
        if gone:
            audit.record(fact.workspace_id, by, "fact.delete", fact, kind=fact.kind)
    return bool(gone)


def write_all(
    workspace: Workspace, by: User, added: Sequence[WorkspaceFact], changed: Sequence[WorkspaceFact]
) -> None:
    """Store many at once, in the caller's transaction, which holds the workspace's facts. `added` go last."""
    last = {kind: last_position(workspace, kind) for kind in {fact.kind for fact in added}}
    for fact in added:
        last[fact.kind] += 1
        fact.position = last[fact.kind]
    now = timezone.now()
    for fact in (*added, *changed):
        fact.folded, fact.updated_by, fact.updated_at = folded(fact.question), by, now
    WorkspaceFact.objects.bulk_create(added)
    WorkspaceFact.objects.bulk_update(changed, ["question", "folded", "answer", "updated_by", "updated_at"])
    audit.record_all(workspace.pk, by, "fact.add", added, source="csv")
    audit.record_all(workspace.pk, by, "fact.change", changed, source="csv")


def _there_already(error: IntegrityError) -> Exception:
    if "fact_once" in str(error):
        return Refused(
            "This is there already, perhaps in other letters. Change that one, or word this one otherwise."
        )
    return error
