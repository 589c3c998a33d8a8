"""Statements that a session runs again and again: PostgreSQL keeps them parsed and planned, as psycopg counts them.

Only where the session is ours alone. A pooler in transaction mode gives each transaction another server session, in
which what was prepared may not exist: PgBouncer knows the names only from 1.21 on and only where it is told to.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

PREPARE_AFTER = 3
"""Runs of a statement in one session before it is prepared, which costs a round trip of its own."""


def execute(statement: str, values: Sequence[Any]) -> list[tuple]:
    """Run SQL whose text never changes, on the default connection, and give its rows, [] where it gives none.

    `values` go beside the text. Raises django.db.Error as a cursor of Django's does.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.queries_logged or connection.execute_wrappers:
        cursor = connection.cursor()  # who watches sees the values only of what Django bound itself
    else:
        connection.close_if_health_check_failed()
        connection.ensure_connection()
        connection.validate_no_broken_transaction()
        cursor = _cursor(connection.connection)
    with connection.wrap_database_errors:
        cursor.execute(statement, values)
        # Not by its description, which psycopg makes anew: an object a column.
        return [] if cursor.rownumber is None else cursor.fetchall()


def _cursor(session: psycopg.Connection) -> psycopg.Cursor:
    """One cursor a session, that binds on the server: it remembers how each type of value is written."""
    if not hasattr(session, "kept_cursor"):
        session.kept_cursor = psycopg.Cursor(session)
    return session.kept_cursor


def prepare_where_ours(connection, **_) -> None:
    """For the signal `connection_created`: a pooler gives its client another process id than the server's."""
    session = connection.connection
    with connection.wrap_database_errors:
        (server,) = session.execute("SELECT pg_backend_pid()").fetchone()
    session.prepare_threshold = PREPARE_AFTER if server == session.info.backend_pid else None
