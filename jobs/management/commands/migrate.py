"""`manage.py migrate`, which never makes traffic wait behind it for long.

Most changes of a table need a lock that waits for every transaction that uses the table, and later ones wait behind it.
So each statement asks for its locks for LOCK_S seconds. If it gets none, the migration is rolled back and tried again.
"""

import random
import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import Error, OperationalError, connection

from jobs import schema_version
from jobs.db import Fault, db_fault

LOCK_S = 2
"""How many seconds a migration waits for a lock, and traffic behind it."""
TRIES = 20
CONCURRENT = re.compile(r"\s*(?:CREATE (?:UNIQUE )?|DROP )INDEX CONCURRENTLY\b", re.I)
PAUSE_S = 3.0


def wait_briefly(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    """Executes a statement that waits LOCK_S seconds for a lock. A concurrent build or drop of an index waits without
    end: it stops nobody, and waits for every transaction that is open.
    """
    statement = str(sql)
    if not statement.startswith(("SAVEPOINT", "ROLLBACK TO", "RELEASE")):  # which may follow an error
        limit_ms = 0 if CONCURRENT.match(statement) else round(LOCK_S * 1000)
        with context["connection"].wrap_database_errors:
            context["connection"].connection.execute(f"SET lock_timeout = {limit_ms}")
    return execute(sql, params, many, context)


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        """Runs Django's `migrate`, and again up to TRIES times where it did not get a lock. Migrations that are applied
        stay applied. Raises CommandError if the last try gets no lock either, and at once if the database is of a
        release that this one cannot migrate.
        """
        if refusal := schema_version.refusal():
            raise CommandError(refusal)
        try:
            self._try(*args, **options)
        finally:
            with (
                suppress(Error),
                connection.cursor() as cursor,
            ):  # the session may serve others, as for the demo
                cursor.execute("RESET lock_timeout")

    def _try(self, *args: Any, **options: Any) -> None:
        for tries_left in reversed(range(TRIES)):
            try:
                with connection.execute_wrapper(wait_briefly):
                    super().handle(*args, **options)
                return
            except OperationalError as error:
                if db_fault(error) is not Fault.RETRY:
                    raise
                if not tries_left:
                    raise CommandError(
                        f"A lock was not to be had in {TRIES} tries. See which session holds the table for so long "
                        "(pg_stat_activity), and run this again: what is applied stays applied."
                    ) from None
                self.stderr.write(f"A lock was not to be had within {LOCK_S} s; again in {PAUSE_S:g} s.")
                time.sleep(random.uniform(0.5, 1.0) * PAUSE_S)
