"""Writes the audit log: one entry per decision of a person or a program, in the transaction of the decision."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.forms import BaseForm

from inbox.models import AuditEntry, User
from inbox.models.actor import Actor, columns
from jobs import actions

NEVER = {
    *("password", "password1", "password2", "usable_password", "credentials", "secret", "key_hash"),
    *("persona_name", "signature", "service_description"),
}
"""Form fields whose contents are never logged: secrets, and texts about people."""

MOST = 200
"""The maximum number of characters that the log keeps of a value."""


def record(
    workspace_id: UUID | None, actor: Actor | None, action: str, subject: Model, **data: object
) -> None:
    """Adds an entry about `subject` to the audit log. `actor` is None for the product itself, `workspace_id` None for
    all workspaces. `data` may hold ids, states and settings, never people's texts.
    """
    record_all(workspace_id, actor, action, [subject], **data)


def record_all(
    workspace_id: UUID | None, actor: Actor | None, action: str, subjects: Sequence[Model], **data: object
) -> None:
    """Adds an entry for each of `subjects`, as `record` does."""
    AuditEntry.objects.bulk_create(
        AuditEntry(
            workspace_id=workspace_id,
            **columns(actor, "actor"),
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
    """Adds an entry for each job that a person acted on. For a delayed job, `detail` is its new time. The reason for
    discarding a job is a person's text, so it is stored only with the job.
    """
    details = {"moment": detail} if action == actions.Action.RUN_AT else {}
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


def changes_of(form: BaseForm, hidden: Iterable[str] | None = ()) -> dict[str, list[object]]:
    """Returns the changed fields of `form`, each with a list of its old and new value. The list is empty for fields in
    NEVER and in `hidden`. If `hidden` is None, the lists of all fields are empty.
    """
    changes: dict[str, list[object]] = {}
    for name in form.changed_data:
        if hidden is None or name in NEVER or name in hidden:
            changes[name] = []
        else:
            changes[name] = [
                _plain(form.get_initial_for_field(form.fields[name], name)) if name in form.fields else None,
                _plain(form.cleaned_data.get(name)),
            ]
    return changes


def _plain(content: Any) -> object:
    """Converts `content` for JSON: numbers, booleans and None stay unchanged, rows become their name, several values a
    sorted list, and anything else a text. Texts are cut to MOST characters.
    """
    if content is None or isinstance(content, bool | int | float):
        return content
    if isinstance(content, Model):
        return str(content)[:MOST]
    if isinstance(content, str):
        return content[:MOST]
    if isinstance(content, Iterable):
        return sorted(str(member)[:MOST] for member in content)
    return str(content)[:MOST]
