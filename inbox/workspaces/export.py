"""Writes all data of one workspace into a zip file: one file of JSON lines per table, without secrets.

Rows are read in pages, so memory does not depend on the size of a workspace. The pages are not a snapshot: rows that
arrive during the export may or may not be included.
"""

import base64
import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from django.apps import apps
from django.contrib.postgres.search import SearchVectorField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from inbox.models import Workspace
from integrations.fields import EncryptedJSONField

PAGE = 100
"""The number of rows that are read at a time. The largest rows are deliveries, of at most 1 MiB each."""

EXPORTED = {
    "inbox.Workspace": "pk",
    "inbox.User": "memberships__workspace",
    "inbox.BrowserSession": "user__memberships__workspace",
    "inbox.Deviation": "integration__workspace",
    "inbox.FollowUpStep": "sequence__workspace",
    "inbox.MailboxAlarm": "integration__workspace",
    "inbox.Mention": "note__workspace",
    "insights.PackThread": "pack__workspace",
    "integrations.HealthTransition": "health__workspace",
    "integrations.DayReceipt": "integration__workspace",
    "integrations.ReplyPoll": "integration__workspace",
    "integrations.WebhookAttempt": "endpoint__workspace",
    "jobs.JobAction": "job__workspace",
    "jobs.JobAttempt": "job__workspace",
    "jobs.JobStep": "job__workspace",
}
"""The lookup that leads from a table to its workspace. Tables with a column `workspace` need no entry."""

LEFT_OUT = {
    "It holds only secrets or their hashes.": (
        "integrations.IdempotencyKey integrations.WebhookKey inbox.ErasedMark inbox.SecondFactor inbox.RecoveryCode"
    ),
    "It belongs to the installation or a library, not to a workspace.": (
        "admin.LogEntry auth.Group auth.Permission axes.AccessAttempt axes.AccessAttemptExpiration"
        " axes.AccessFailureLog axes.AccessLog contenttypes.ContentType django_q.Failure django_q.OrmQ"
        " django_q.Schedule django_q.Success django_q.Task inbox.ModelOutage integrations.RateWindow"
        " jobs.Tick jobs.Worker sessions.Session inbox.DatabaseOrigin"
    ),
    "It is counted from other tables.": "insights.LeadDay insights.LeadDayProgress",
    "Rows are kept for an hour, or for as long as a banner stays hidden.": "inbox.LeadChange inbox.HiddenBanner",
}
"""The tables that are not exported. Each key is the reason."""

ONLY = {
    "inbox.User": {"id", "email", "first_name", "last_name", "is_active", "date_joined", "last_login"},
    "integrations.ApiToken": {"id", "workspace", "name", "scopes", "created_at", "expires_at", "revoked_at"},
    "inbox.BrowserSession": {"id", "user", "browser", "created_at", "last_used_at"},
}
"""The exported columns of tables whose other columns do not belong to the workspace."""


def models_of() -> dict[type[models.Model], str]:
    paths = {}
    for model in apps.get_models():
        label = model._meta.label
        if label in EXPORTED:
            paths[model] = EXPORTED[label]
        elif label not in _left_out() and any(field.name == "workspace" for field in model._meta.fields):
            paths[model] = "workspace"
    return paths


def write(workspace: Workspace, path: str, release: str, complete: str) -> dict[str, int]:
    """Writes all data of `workspace` into a new zip file at `path`. While the file is incomplete, its name ends in
    .part. Returns the number of written rows by table. `complete` is a text for the manifest that says until when the
    accounts were compared with their providers. Raises OSError if one of the files exists or cannot be written.
    """
    counts = {}
    with _whole_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for model, way in models_of().items():
            table = model._meta.db_table
            with archive.open(f"{table}.jsonl", "w", force_zip64=True) as lines:
                counts[table] = 0
                for row in rows(model, way, workspace):
                    lines.write(json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False).encode() + b"\n")
                    counts[table] += 1
        manifest = {
            "workspace": {"id": workspace.pk, "name": workspace.name},
            "release": release,
            "written_at": timezone.now(),
            "complete": complete,
            "rows": counts,
            "left_out": LEFT_OUT,
        }
        archive.writestr("manifest.json", json.dumps(manifest, cls=DjangoJSONEncoder, indent=1))
    return counts


@contextmanager
def _whole_file(path: str) -> Iterator[IO[bytes]]:
    part = f"{path}.part"
    with open(part, "xb") as file:
        try:
            yield file
            file.close()
            try:
                os.link(part, path)  # fails if the file exists; a rename would replace it
            except FileExistsError:
                raise
            except OSError:  # a file system without hard links
                os.rename(part, path)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(part)


def rows(model: type[models.Model], way: str, workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yields each row of `model` that belongs to `workspace`, as {column: value}, in the order of the primary keys."""
    own_rows = model._base_manager.filter(**{way: workspace.pk}).order_by("pk")
    names = [field.attname for field in columns(model)]
    page = list(own_rows.values("pk", *names)[:PAGE])
    while page:
        for row in page:
            yield {name: _plain(row[name]) for name in names}
        page = list(own_rows.filter(pk__gt=page[-1]["pk"]).values("pk", *names)[:PAGE])


def columns(model: type[models.Model]) -> list["models.Field[Any, Any]"]:
    """Returns the columns of `model` that are exported: no secrets, and none that are derived from other columns."""
    only = ONLY.get(model._meta.label)
    return [
        field
        for field in model._meta.concrete_fields
        if not isinstance(field, EncryptedJSONField | SearchVectorField | models.GeneratedField)
        and (only is None or field.name in only)
    ]


def _left_out() -> set[str]:
    return {label for labels in LEFT_OUT.values() for label in labels.split()}


def _plain(column: Any) -> Any:
    if not isinstance(column, memoryview | bytes):
        return column
    raw = bytes(column)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode()}
