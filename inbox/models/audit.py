"""Writes the audit log: one entry for each decision of a person, in the transaction of the decision."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Model

from inbox.models import AuditEntry, User
from jobs import actions


def record(
    workspace_id: UUID | None, actor: User | None, action: str, subject: Model, **data: object
) -> None:
    """Adds an entry about `subject` to the audit log. `actor` is None where the product itself acted.

    `workspace_id` is None if it concerns all workspaces, or a webhook request that belongs to none. `data` may hold
    ids, states and settings, never text of people.
    """
    record_all(workspace_id, actor, action, [subject], **data)


def record_all(
    workspace_id: UUID | None, actor: User | None, action: str, subjects: Sequence[Model], **data: object
) -> None:
    """Adds an entry to the audit log for each of `subjects`. `actor` is None where the product itself acted. `data` may
    hold ids, states and settings, never text of people.
    """
    AuditEntry.objects.bulk_create(
        AuditEntry(
            workspace_id=workspace_id,
            actor=actor,
            action=action,
            object_type=subject._meta.model_name or "",
            object_id=str(subject.pk),
            data=data,
        )
        for subject in subjects
    )


def record_jobs(
    action: str, actor: User, results: Sequence[actions.ActionResult], detail: str, **kwargs: object
) -> None:
    """Adds an entry to the audit log for each job that a person retried, moved, cancelled or discarded (`action`).

    `detail` is the new time or lane of a moved job. The reason for a discard is text of a person, so it is stored with
    the job and not here.
    """
    names = {actions.Action.RUN_AT: "moment", actions.Action.LANE: "lane"}
    details = {names[actions.Action(action)]: detail} if action in names else {}
    AuditEntry.objects.bulk_create(
        [
            AuditEntry(
                workspace_id=row.workspace_id,
                actor=actor,
                action=f"job.{action}",
                object_type="backgroundjob",
                object_id=str(row.job_id),
                data=details,
            )
            for row in results
        ],
        batch_size=1_000,
    )
