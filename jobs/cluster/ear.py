"""The ear: a session that hears PostgreSQL's NOTIFY, on which `jobs.wakeup` wakes a cluster.

Only a session of our own hears: behind a pooler in transaction mode LISTEN is taken and nothing is ever told. There
WAKE_DATABASE_URL names the server itself. Without it the ear knows that it is deaf, and the dispatcher looks more
often.
"""

import time
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from jobs.wakeup import CHANNEL

NOT_LIBPQS = ("pool", "server_side_binding", "isolation_level", "assume_role")
"""Options that Django takes for itself."""


class Ear:
    """Waits for the NOTIFY with which PostgreSQL says that jobs are due. `wait` raises psycopg.Error if the server
    cannot be reached; then call `close`, and try again later.

    `deaf`: it has found that it is behind a pooler, where it can hear nothing. It keeps no session then.
    """

    def __init__(self) -> None:
        self._session: psycopg.Connection | None = None
        self.deaf = False

    def wait(self, seconds: float) -> bool:
        """Waits for up to `seconds` until PostgreSQL says that jobs are due. Returns whether it did. Returns True at
        once when a session has just begun, as a wake-up may have come before. A deaf ear sleeps and returns False.
        """
        if self.deaf:
            time.sleep(seconds)
            return False
        if self._session is None:
            self._open()
            return True
        return any(self._session.notifies(timeout=seconds, stop_after=1))

    def _open(self) -> None:
        config = settings.WAKE_DATABASE or connection.settings_dict
        session = psycopg.connect(**_parameters(config), autocommit=True)
        try:
            row = session.execute("SELECT pg_backend_pid()").fetchone()
            # A pooler gives its client another process id than the server's.
            self.deaf = row != (session.info.backend_pid,)
            if not self.deaf:
                session.execute(f"LISTEN {CHANNEL}")
                self._session = session
        finally:
            if self._session is None:
                session.close()

    def close(self) -> None:
        """Ends the database session on which wake-ups are heard, if there is one."""
        if self._session is not None:
            self._session.close()
            self._session = None


def _parameters(config: dict[str, Any]) -> dict[str, Any]:
    """libpq's connection parameters of Django's database settings."""
    known = {
        "dbname": config["NAME"],
        "user": config["USER"],
        "password": config["PASSWORD"],
        "host": config["HOST"],
        "port": config["PORT"],
    }
    options = {name: value for name, value in config["OPTIONS"].items() if name not in NOT_LIBPQS}
    return {name: value for name, value in known.items() if value} | options
