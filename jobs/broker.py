"""A django-q2 broker for PostgreSQL: its ORM broker and table, plus NOTIFY (docs/architecture.md, Jobs and django-q2).

A wake-up is a task with which `jobs.enqueue` asks a cluster to poll for due jobs. Wake-ups have a queue of their own in
django-q2's table. The transaction that makes a job due also writes a wake-up and sends NOTIFY. The dispatcher deletes a
wake-up when it takes it. All other tasks are ticks, which django-q2 locks when they start and deletes when they end.
"""

import contextlib
import select
import time
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import Error, connection
from django.db.models.functions import Now
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signing import SignedPackage
from django_q.status import Status

from jobs import lost_workers, stats
from jobs.conf import WAKE_UPS
from jobs.db import drop_connection, fetch
from jobs.postgresql.base import DatabaseWrapper

CHANNEL = "holdfast_jobs"
NOTIFIED = (None, "")
"""Stands for a wake-up by the previous release, which sends NOTIFY without writing a task."""

ENQUEUE = f"""
INSERT INTO django_q_ormq (key, payload, lock) VALUES (%s, %s, statement_timestamp())
RETURNING id, pg_notify('{CHANNEL}', '')::text
"""
# All wake-ups mean the same, so only one of those taken is returned. The commit is asynchronous: if PostgreSQL crashes,
# a deleted wake-up may come back, which costs one extra poll.
TAKE = """
WITH taken AS (
    DELETE FROM django_q_ormq WHERE id = ANY (ARRAY(
        SELECT id FROM django_q_ormq WHERE key = %s LIMIT 100000 FOR UPDATE SKIP LOCKED))
    RETURNING payload)
SELECT NULL, min(payload), count(*) = 100000, set_config('synchronous_commit', 'off', true)
FROM taken HAVING count(*) > 0
"""


class PostgresBroker(ORM):  # type: ignore[misc]  # django-q2 has no types
    """The django-q2 broker that the setting Q_CLUSTER names. Only the dispatcher process listens for NOTIFY. `deaf` is
    True if a connection pooler keeps the broker from receiving NOTIFY.
    """

    deaf = _more = False
    _session: psycopg.Connection | None = None

    def enqueue(self, task: str) -> int:
        """Adds a signed task to the queue in the caller's transaction. Returns the id of the queued task."""
        if self.list_key != WAKE_UPS:
            return int(super().enqueue(task))
        [(task_id, _)] = fetch(ENQUEUE, [self.list_key, task])
        return int(task_id)

    def dequeue(self) -> list[tuple[int | None, str]] | None:
        """Returns pairs of (id to acknowledge, signed task), or None after Conf.POLL seconds without a task. All
        wake-ups are returned as one task, which needs no acknowledgement. Raises django.db.Error, and psycopg.Error if
        it cannot listen for NOTIFY.
        """
        if self.list_key != WAKE_UPS:
            return super().dequeue()  # type: ignore[no-any-return]
        notified = self._wait()
        if not (notified or self.deaf):
            return None
        rows = fetch(TAKE, [self.list_key])
        had_more, self._more = self._more, any(more for _, _, more, _ in rows)
        return [row[:2] for row in rows] or ([NOTIFIED] if notified and not had_more else None)

    def _wait(self) -> bool:
        """Waits for a notification from PostgreSQL. Returns whether there may be wake-ups, for example from before this
        database session began.
        """
        if self._more:
            return True
        if self.deaf:
            time.sleep(Conf.POLL)
            return False
        if self._session is None:
            self._listen()
            return True
        try:
            # psycopg's own wait would wake ten times a second to notice Ctrl-C.
            is_readable = select.select([self._session], [], [], Conf.POLL)[0]
            return bool(is_readable) and any(self._session.notifies(timeout=0, stop_after=1))
        except psycopg.Error:
            self.close()
            raise

    def _listen(self) -> None:
        database = DatabaseWrapper(connection.settings_dict | (settings.WAKE_DATABASE or {}))
        with contextlib.ExitStack() as stack:
            parameters = database.get_connection_params() | {"autocommit": True}
            session = stack.enter_context(database.get_new_connection(parameters))
            row = session.execute("SELECT pg_backend_pid()").fetchone()
            # A pooler shows its client another process id than that of the PostgreSQL server process.
            self.deaf = row != (session.info.backend_pid,)
            if not self.deaf:
                session.execute(f"LISTEN {CHANNEL}")
                self._session = session
                stack.pop_all()

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def acknowledge(self, task_id: int) -> None:
        """Deletes the task of a tick that has ended. If that fails, the tick runs again after Conf.RETRY seconds."""
        try:
            super().acknowledge(task_id)
        except Error:
            drop_connection()

    # --- shown by `manage.py qinfo` and `qmonitor` ---

    def info(self) -> str:
        return f"PostgreSQL, {lost_workers.count_due()} jobs due"

    def queue_size(self) -> int:
        return int(OrmQ.objects.filter(key__in=(self.list_key, WAKE_UPS), lock__lte=Now()).count())

    def get_stats(self, pattern: str) -> list[str]:
        """Returns the live clusters, from the table of workers, as signed django_q.status.Status objects."""
        clusters: dict[UUID, Any] = {}
        for worker in stats.workers():
            status = clusters.setdefault(worker.cluster, Status(worker.pid, worker.cluster))
            status.host, status.status = worker.host, Conf.WORKING
            status.tob = min(status.tob or worker.started_at, worker.started_at)
            status.workers.append(worker.pid)
        return [SignedPackage.dumps(status, True) for status in clusters.values()]
