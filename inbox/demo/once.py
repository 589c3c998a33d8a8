"""One demo at a time on one database: a second one would point the first one's accounts at its own sandbox."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection

LOCK = 0x64656D6F  # any number that no other advisory lock of this database uses


class AnotherDemo(Exception):
    """A demo runs on this database already."""


@contextmanager
def only_demo() -> Iterator[None]:
    """For the block, this process's demo is the only one on the database. Raises AnotherDemo.

    The lock is the session's: it ends with the process, however that ends.
    """
    parameters = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    wanted = {name: parameters[name] for name in names if parameters.get(name)}
    with psycopg.connect(**wanted, autocommit=True, application_name="demo") as session:
        if not session.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()[0]:
            raise AnotherDemo(
                "A demo runs on this database already. Stop it first (Ctrl-C where it was started), or run the second"
                " one from a checkout of its own."
            )
        yield
