"""Compares the code's migrations with the database's, and runs the SQL files that define database functions."""

from functools import cache
from hashlib import sha256
from pathlib import Path

import sqlparse
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.migrations import RunSQL
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

OLDEST = "0.2.0"
"""The release whose last migrations the first migrations of this release replace."""


def refusal() -> str:
    """Says why this code cannot migrate the database, with a remedy; "" if it can. Django would skip a migration that
    replaces others of which only some are applied.
    """
    if not _half_replaced():
        return ""
    return (
        f"The database is older than release {OLDEST}, or that release's migrate did not finish. "
        f"Run `manage.py migrate` of release {OLDEST} first, and then that of this release (docs/upgrading.md)."
    )


def missing() -> list[str]:
    """Returns the migrations of this code that the database lacks, as `app.name`. This takes about a second."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _half_replaced() + [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def unknown() -> list[str]:
    """Returns the migrations that a newer release has applied and this code does not have, as `app.name`."""
    on_disk = _on_disk().keys() | {old for replaced in _on_disk().values() for old in replaced}
    labels = {app for app, _ in on_disk}
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied if app in labels and (app, name) not in on_disk)


def run_file(path: str, checksum: str) -> RunSQL:
    """Returns a migration operation that runs the statements in the SQL file `path`. Raises ImproperlyConfigured if the
    file does not match `checksum`. A changed file needs a new migration, because an older one must not change what it
    does.
    """
    text = (settings.BASE_DIR / path).read_text()
    if (current := checksum_of(text)) != checksum:
        raise ImproperlyConfigured(
            f'{path} has changed. Move its run_file() into a new migration, as run_file("{path}", "{current}").'
        )
    return RunSQL(tuple(sqlparse.split(text)), RunSQL.noop)


def checksum_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


def _half_replaced() -> list[str]:
    ours = {app.label for app in apps.get_app_configs() if Path(app.path).parent == settings.BASE_DIR}
    applied = MigrationRecorder(connection).applied_migrations()
    counts = {key: sum(old in applied for old in replaced) for key, replaced in _on_disk().items()}
    return [
        ".".join(key) for key, count in counts.items() if key[0] in ours and 0 < count < len(_on_disk()[key])
    ]


@cache
def _on_disk() -> dict[tuple[str, str], list[tuple[str, str]]]:
    migrations = MigrationLoader(None).disk_migrations
    return {key: list(migration.replaces) for key, migration in migrations.items()}
