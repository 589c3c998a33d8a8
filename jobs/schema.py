"""Whether code and schema fit: the migrations that the database has, beside those of this code (docs/upgrading.md)."""

from functools import cache

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def missing() -> list[str]:
    """The migrations of this code that the database lacks, as `app.name`. It takes about a second."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def unknown() -> list[str]:
    """The migrations that the database has and this code does not know, as `app.name`: those of a newer release."""
    on_disk = _known()
    apps = {app for app, _ in on_disk}
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied if app in apps and (app, name) not in on_disk)


@cache
def _known() -> frozenset[tuple[str, str]]:
    """The app and name of each migration of this code, and of each that one of them replaces."""
    migrations = MigrationLoader(None).disk_migrations
    return frozenset(migrations) | {old for migration in migrations.values() for old in migration.replaces}
