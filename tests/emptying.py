"""How the database is emptied after a test that commits: what has rows loses them, and the rest is left alone.

Django's `flush` truncates every table and writes content types and permissions anew: longer than most tests take.
"""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected

KEPT = {
    "django_content_type",
    "auth_permission",
    "auth_group",
    "auth_group_permissions",
    "django_migrations",
    "inbox_databaseorigin",
}
"""What migrations wrote: the same before and after any test."""


TRIES = 5


def empty(_command: BaseCommand, **_options: Any) -> None:
    """In place of the `flush` command's `handle`. Waits for whoever is still writing, as TRUNCATE does. A request of a
    page that has just been closed may hold one table and want another, which a deadlock ends: then again.
    """
    for left in reversed(range(TRIES)):
        try:
            return _empty()
        except OperationalError as error:
            if not left or not isinstance(error.__cause__, DeadlockDetected):
                raise


def _empty() -> None:
    tables = sorted(set(connection.introspection.table_names()) - KEPT)
    quoted = {table: connection.ops.quote_name(table) for table in tables}
    with transaction.atomic(), connection.cursor() as cursor:
        # Tables that only grow refuse to be emptied, and roles need not be followed row by row.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f"LOCK TABLE {', '.join(quoted.values())} IN EXCLUSIVE MODE")
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT {number} WHERE EXISTS (SELECT FROM {name})"
                for number, name in enumerate(quoted.values())
            )
        )
        for (number,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {quoted[tables[number]]}")
