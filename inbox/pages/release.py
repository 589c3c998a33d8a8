"""Says which release answers, and whether the database has its schema, for the head of the admin's pages."""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


@dataclass(frozen=True, slots=True)
class Release:
    """The release that runs. `schema` is the number of the inbox's last migration that this code knows.

    `missing` counts the migrations that the database does not have yet.
    """

    version: str
    schema: str
    missing: int


_known: list[Release] = []
"""The release, once all migrations were found applied. That cannot change while this code runs."""


def release() -> Release:
    """The release that runs. It asks the database only until all migrations are applied."""
    if _known:
        return _known[0]
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    (_, last), *_ = executor.loader.graph.leaf_nodes("inbox")
    current = Release(settings.VERSION, last.partition("_")[0], len(plan))
    if not plan:
        _known.append(current)
    return current
