"""The running release, and whether the database has its schema, for the header of the admin's pages."""

from dataclasses import dataclass

from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from jobs import schema_version


@dataclass(frozen=True, slots=True)
class Release:
    """`schema` is the number of inbox's newest migration in this code. `missing` counts migrations not yet applied."""

    version: str
    schema: str
    missing: int


_known: list[Release] = []
"""The release, once all migrations are applied. It cannot change while the process runs."""


def release() -> Release:
    """Returns the running release. It queries the database only until all migrations are applied."""
    if _known:
        return _known[0]
    missing = schema_version.missing()
    (_, last), *_ = MigrationLoader(None).graph.leaf_nodes("inbox")
    current = Release(settings.VERSION, last.partition("_")[0], len(missing))
    if not missing:
        _known.append(current)
    return current
