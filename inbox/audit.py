"""Who did what: one line per decision of a person, written in the transaction of what was done."""

from uuid import UUID

from django.db.models import Model

from inbox.models import AuditEntry, User


def record(workspace_id: UUID, actor: User | None, action: str, subject: Model, **data: object) -> None:
    """Add an entry about `subject`. `actor` None: the product itself. `data`: ids, states and settings, never
    people's text."""
    AuditEntry.objects.create(
        workspace_id=workspace_id,
        actor=actor,
        action=action,
        object_type=subject._meta.model_name,
        object_id=str(subject.pk),
        data=data,
    )
