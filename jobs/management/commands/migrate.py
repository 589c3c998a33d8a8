"""`manage.py migrate`, which never makes traffic wait behind it for long.

Most changes of a table need a lock that waits for every transaction that uses the table, and whoever comes after waits
behind it. So a migration asks for each lock for only so long. If it does not get one it is rolled back, and tried again
when others have passed.
"""

import random
import time
from contextlib import suppress
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import Error, OperationalError, connection
from django.db.migrations import Migration

from jobs import schema
from jobs.db import Fault, db_fault

LOCK_S = 2
"""How many seconds a migration waits for a lock, and traffic behind it."""
TRIES = 20
PAUSE_S = 3.0


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        """Runs Django's `migrate`, and again up to TRIES times where it did not get a lock. Migrations that are applied
        stay applied. Raises CommandError if the last try gets no lock either, and at once if the database is of a
        release that this one cannot migrate.
        """
        if refusal := schema.refusal():
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

    def migration_progress_callback(
        self, action: str, migration: Migration | None = None, fake: bool = False
    ) -> None:
        """Sets how long the migration that begins waits for a lock: LOCK_S seconds, or without end for one outside of a
        transaction. Django calls it before and after each migration.
        """
        if action in ("apply_start", "unapply_start") and migration is not None:
            # A concurrent build of an index stops nobody, and waits for every transaction that is open.
            seconds = LOCK_S if migration.atomic else 0
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{seconds * 1000:.0f}ms"])
        super().migration_progress_callback(action, migration, fake)
