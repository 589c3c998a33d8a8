"""Who did what: one line per decision of a person, written in the transaction of what was done."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Model

from inbox.models import AuditEntry, User
from jobs import actions


def record(workspace_id: UUID, actor: User | None, action: str, subject: Model, **data: object) -> None:
    """Add an entry about `subject`. `actor` None: the product itself. `data`: ids, states and settings, never
    people's text."""
    record_all(workspace_id, actor, action, [subject], **data)


def record_all(
    workspace_id: UUID, actor: User | None, action: str, subjects: Sequence[Model], **data: object
) -> None:
    """As `record`, an entry for each of `subjects`."""
    AuditEntry.objects.bulk_create(
        AuditEntry(
            workspace_id=workspace_id,
            actor=actor,
            action=action,
            object_type=subject._meta.model_name,
            object_id=str(subject.pk),
            data=data,
        )
        for subject in subjects
    )


def record_jobs(
    action: str, actor: User, results: Sequence[actions.Result], detail: str, **kwargs: object
) -> None:
    """An entry for each job that a person retried, moved, cancelled or discarded, on whichever page. The reason of a
    discard is people's text: it stays with the job."""
    data = {"moment": detail} if action == actions.Action.RUN_AT else {}
    AuditEntry.objects.bulk_create(
        [
            AuditEntry(
                workspace_id=result.workspace_id,
                actor=actor,
                action=f"job.{action}",
                object_type="backgroundjob",
                object_id=str(result.job_id),
                data=data,
            )
            for result in results
        ],
        batch_size=1_000,
    )
