"""System checks that each admin class declares how its rows lead to a workspace, and which columns hold user text."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldDoesNotExist
from django.db.models import BinaryField, CharField, EmailField, Field, JSONField, TextField

from admin.base import BaseAdmin
from admin.scope import INSTALLATION, steps_of
from inbox.models import Workspace

LONG = 200
"""A column with at least this many characters counts as user text."""

HINT = "In the class, declare the path to a workspace and the columns with people's text (admin/base.py)."


def check_admin(**_kwargs: object) -> list[CheckMessage]:
    """Returns an error for each fault of each registered admin class."""
    return [
        Error(
            f"{type(model_admin).__name__} of {model._meta.label}: {fault}",
            hint=HINT,
            id=f"holdfast_admin.E{number:03}",
        )
        for model, model_admin in admin.site._registry.items()
        for number, fault in faults_of(model_admin)
    ]


def faults_of(model_admin: "admin.ModelAdmin[Any]") -> Iterator[tuple[int, str]]:
    """Yields the id and the message of each fault in the admin class. An admin class must declare the path from its
    rows to a workspace and the columns with user text, and must not show these columns to everyone.
    """
    if not isinstance(model_admin, BaseAdmin):
        yield 20, "it is not a BaseAdmin, so it shows the rows of all workspaces to everyone."
        return
    if fault := _wrong_path(model_admin):
        yield 21, fault
    hidden = {*model_admin.text_fields, *model_admin.secret_fields}
    plain = set(model_admin.plain_texts)
    texts = {field.name for field in model_admin.opts.fields if _is_long(field)}
    for name in texts - hidden - plain:
        yield 22, f"“{name}” is missing from text_fields, secret_fields and plain_texts."
    columns = (*model_admin.list_display, *model_admin.search_fields, *model_admin.list_filter)
    for name in hidden & {str(column).partition("__")[0] for column in columns}:
        yield 23, f"“{name}” is not for everyone, but the list shows or searches it."
    for name in _open_filters(model_admin):
        yield 24, f"the filter “{name}” offers values of all workspaces. Use WorkspaceFilter or known_values."


def _wrong_path(model_admin: BaseAdmin) -> str:
    path = model_admin.workspace_path
    if not path:
        return "it has no workspace_path."
    if path == INSTALLATION:
        return ""
    if path == "pk":
        return "" if model_admin.model is Workspace else "only Workspace has the workspace_path “pk”."
    try:
        last: Any = steps_of(model_admin.model, path)[-1]
    except FieldDoesNotExist:
        return f"its workspace_path “{path}” does not exist."
    return (
        "" if last.related_model is Workspace else f"its workspace_path “{path}” is no path to a workspace."
    )


def _is_long(field: "Field[Any, Any]") -> bool:
    """Whether the column can hold text from a person or a language model: a long or untyped column."""
    if isinstance(field, CharField):
        return not (field.choices or isinstance(field, EmailField)) and (field.max_length or LONG) >= LONG
    return isinstance(field, TextField | BinaryField | JSONField)


def _open_filters(model_admin: BaseAdmin) -> Iterator[str]:
    for name in model_admin.list_filter:
        if not isinstance(name, str):
            continue
        field: Field[Any, Any] = model_admin.opts.get_field(name)  # type: ignore[assignment]
        finite = field.choices or field.get_internal_type() in ("BooleanField", "DateTimeField", "DateField")
        if field.is_relation or not finite:
            yield name
