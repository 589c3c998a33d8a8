"""`manage.py migrate`, which never blocks traffic for long.

Most schema changes need a lock that waits for all transactions on the table, and later transactions queue behind it. So
each statement waits at most LOCK_S seconds for a lock. Then the migration is rolled back and tried again.
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
"""The most seconds that a migration waits for a lock, and that traffic waits behind it."""
TRIES = 20
CONCURRENT = re.compile(r"\s*(?:CREATE (?:UNIQUE )?|DROP )INDEX CONCURRENTLY\b", re.I)
PAUSE_S = 3.0


def wait_briefly(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    """Executes a statement with a lock timeout of LOCK_S seconds. CREATE and DROP INDEX CONCURRENTLY have no timeout:
    they block nothing, and must wait for all open transactions.
    """
    statement = str(sql)
    if not statement.startswith(("SAVEPOINT", "ROLLBACK TO", "RELEASE")):  # after an error, SET would fail
        limit_ms = 0 if CONCURRENT.match(statement) else round(LOCK_S * 1000)
        with context["connection"].wrap_database_errors:
            context["connection"].connection.execute(f"SET lock_timeout = {limit_ms}")
    return execute(sql, params, many, context)


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        """Runs Django's `migrate`, up to TRIES times if it gets no lock. Applied migrations stay applied. Raises
        CommandError if the last try gets no lock, or if this release cannot migrate the database.
        """
        if refusal := schema_version.refusal():
            raise CommandError(refusal)
        try:
            self._try(*args, **options)
        finally:
            with (
                suppress(Error),
                connection.cursor() as cursor,
            ):  # another command may reuse the session, as in the demo
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
                        f"Couldn’t get a lock in {TRIES} tries. Find the session that is holding the table "
                        "(pg_stat_activity), then run this again. Applied migrations stay applied."
                    ) from None
                self.stderr.write(f"Couldn’t get a lock within {LOCK_S} s. Trying again in {PAUSE_S:g} s.")
                time.sleep(random.uniform(0.5, 1.0) * PAUSE_S)
