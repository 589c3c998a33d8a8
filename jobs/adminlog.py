"""Writes what people do in the admin into the audit log, with what a value was before and is now."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest

NEVER = {
    *("password", "password1", "password2", "usable_password", "credentials", "secret", "key_hash"),
    *("persona_name", "signature", "service_description"),
}
"""Fields whose values no log holds: secrets, and what people wrote about themselves."""

MOST = 200
"""The most characters that are kept of one value."""


def write(request: HttpRequest, row: Model, action: str, workspace_id: UUID | None, **data: object) -> None:
    """Adds an entry about `row` to the audit log, in the name of the person who makes the request. `workspace_id` is
    None for what belongs to no workspace. `data` holds ids and settings, never text of people.
    """
    apps.get_model("inbox.AuditEntry").objects.create(
        workspace_id=workspace_id,
        actor_id=request.user.pk,
        action=action,
        object_type=row._meta.model_name or "",
        object_id=str(row.pk),
        data=data,
    )


def changes_of(form: "ModelForm[Any]", hidden: Iterable[str] | None = ()) -> dict[str, list[object]]:
    """The changed fields of a form, each with its old and new value. The pair is empty for fields of NEVER and of
    `hidden`; `hidden` None means all fields.
    """
    changes: dict[str, list[object]] = {}
    for name in form.changed_data:
        if hidden is None or name in NEVER or name in hidden:
            changes[name] = []
        else:
            changes[name] = [
                plain(form.get_initial_for_field(form.fields[name], name)) if name in form.fields else None,
                plain(form.cleaned_data.get(name)),
            ]
    return changes


def values_in(message: object) -> dict[str, object]:
    """What the audit log keeps of a change message of the admin: {"changes": the values by field} if the message holds
    such, {"said": the sentence} for a text, else {}.
    """
    if isinstance(message, str):
        return {"said": message[:MOST]} if message else {}
    if isinstance(message, list) and message:
        for what in message[0].values():
            if "values" in what:
                return {"changes": what["values"]}
    return {}


def plain(content: Any) -> object:
    """`content` in a form that JSON can hold: numbers, switches and None as they are, rows by name, several values as a
    sorted list, all else as text. Texts are cut to MOST characters.
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
