"""Lists and changes a workspace's facts. Each change is audited. Nobody can overwrite a change without seeing it."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from inbox.models import User, Workspace, WorkspaceFact, audit, locks
from inbox.models.workspace_fact import MOST, folded
from inbox.workspaces.own_and_shared import Full, Refused, unique

Kind = WorkspaceFact.Kind

MOVED = "Someone else has changed or deleted this fact. Copy your text and open the fact again."
TAKEN = "This fact already exists. Edit that one, or reword this one."


def hold(workspace: Workspace) -> None:
    """Locks the workspace's facts until the transaction ends, so that the limit on their number holds."""
    locks.hold("facts", workspace.pk)


def listed(workspace: Workspace, words: str = "") -> QuerySet[WorkspaceFact]:
    """Returns the facts whose question or answer contains `words` in any letter case; for "", all facts."""
    rows = WorkspaceFact.objects.filter(workspace=workspace).select_related("updated_by")
    return rows.filter(Q(question__icontains=words) | Q(answer__icontains=words)) if words else rows


def last_position(workspace: Workspace, kind: str) -> int:
    """Returns the position of the last fact of this kind; 0 without facts."""
    rows = WorkspaceFact.objects.filter(workspace=workspace, kind=kind)
    return rows.aggregate(last=Max("position"))["last"] or 0


def add(
    workspace: Workspace, by: User, *, kind: str, question: str, answer: str, position: int | None = None
) -> WorkspaceFact:
    """Stores a fact of the workspace, as the last one of its kind if `position` is None. Raises Full or NameTaken."""
    with transaction.atomic():
        hold(workspace)
        if WorkspaceFact.objects.filter(workspace=workspace).count() >= MOST:
            raise Full(f"You’ve reached the maximum of {MOST} facts. Delete one first.")
        if position is None:
            position = last_position(workspace, kind) + 1
        fact = WorkspaceFact(
            workspace=workspace, kind=kind, question=question, answer=answer, position=position, updated_by=by
        )
        with unique(TAKEN, "fact_once"):
            fact.save()
        audit.record(workspace.pk, by, "fact.add", fact, kind=kind)
    return fact


def change(fact: WorkspaceFact, by: User, *, question: str, answer: str, position: int | None = None) -> None:
    """Changes a fact, and its position if one is given. Raises NameTaken, or Refused for an outdated `fact`."""
    values: dict[str, str | int] = {"question": question, "answer": answer}
    if position is not None:
        values["position"] = position
    fields = [name for name, column in values.items() if column != getattr(fact, name)]
    same = WorkspaceFact.objects.filter(
        pk=fact.pk, workspace_id=fact.workspace_id, updated_at=fact.updated_at
    )
    now = timezone.now()
    with transaction.atomic():
        hold(fact.workspace)
        with unique(TAKEN, "fact_once"):
            changed = same.update(**values, folded=folded(question), updated_by=by, updated_at=now)
        if not changed:
            raise Refused(MOVED)
        audit.record(fact.workspace_id, by, "fact.change", fact, fields=fields)


def delete(fact: WorkspaceFact, by: User) -> None:
    with transaction.atomic():
        hold(fact.workspace)
        deleted, _ = WorkspaceFact.objects.filter(pk=fact.pk, workspace_id=fact.workspace_id).delete()
        if deleted:
            audit.record(fact.workspace_id, by, "fact.delete", fact, kind=fact.kind)


def write_all(
    workspace: Workspace, by: User, added: Sequence[WorkspaceFact], changed: Sequence[WorkspaceFact]
) -> None:
    """Stores the facts in `added` at the end of their kinds, and saves those in `changed`. The caller's transaction
    must have called `hold`. The limit on the number of facts is not checked.
    """
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
