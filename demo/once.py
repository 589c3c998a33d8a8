"""Lets only one demo run on a database at a time.

A second one would point the first one's accounts at its own sandbox.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection

LOCK = 0x64656D6F  # any number that no other advisory lock of this database uses


class AnotherDemo(Exception):
    """A demo is already running on this database."""


@contextmanager
def only_demo() -> Iterator[None]:
    """Within the `with` block, hold the lock that lets only one demo run on a database. Raises
    AnotherDemo if another process holds it.

    It is a PostgreSQL advisory lock of a session, so it ends with the process in any case, even when that is killed.
    """
    parameters = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    wanted = {name: parameters[name] for name in names if parameters.get(name)}
    with psycopg.connect(**wanted, autocommit=True, application_name="demo") as session:
        if session.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone() != (True,):
            raise AnotherDemo(
                "A demo runs on this database already. Stop it first (Ctrl-C where it was started), or run the second"
                " one from a checkout of its own."
            )
        yield
