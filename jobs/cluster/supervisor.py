"""The supervisor, which is the process of `manage.py qcluster`, starts, restarts and stops a cluster.

The supervisor shares no lock, queue or connection with the cluster, so a crash of the cluster cannot harm the
supervisor. After a cluster ends, the supervisor kills the remaining processes and gives their jobs back to the queue,
so that the jobs need not wait for their leases to expire.
"""

import contextlib
import logging
import os
import signal
import time
from multiprocessing import Process
from uuid import uuid4

from django.db import Error, connections
from django_q.cluster import get_mp_context

from jobs import lost_workers
from jobs.cluster.board import Board, new_board
from jobs.cluster.children import adopt_orphans
from jobs.cluster.sentinel import run_sentinel
from jobs.conf import SHUTDOWN_GRACE_S, SHUTDOWN_HARD_S
from jobs.db import persist
from jobs.failures import facts_of
from jobs.lost_workers import Fate

logger = logging.getLogger(__name__)

POLL_S = 0.25
SILENT_AFTER_S = 30
"""A sentinel without a sign of life for so many seconds counts as stuck, because it never waits for the database."""

STOP_AFTER_S = SHUTDOWN_GRACE_S + 3 * SHUTDOWN_HARD_S
BACKOFF_FIRST_S = 0.25
BACKOFF_CAP_S = 5
HEALTHY_AFTER_S = 10
RELEASE_S = 3
"""Seconds for which the supervisor tries again and again to give back the jobs of dead workers."""


class Supervisor:
    def __init__(self) -> None:
        self._stopping = False

    def run(self) -> None:
        """Runs clusters one after the other, with growing pauses, until SIGTERM or SIGINT."""
        adopt_orphans()
        signal.signal(signal.SIGTERM, self._ask_to_stop)
        signal.signal(signal.SIGINT, self._ask_to_stop)
        backoff_s = BACKOFF_FIRST_S
        while not self._stopping:
            began = time.monotonic()
            self._one_cluster()
            if time.monotonic() - began > HEALTHY_AFTER_S:
                backoff_s = BACKOFF_FIRST_S
            until = time.monotonic() + backoff_s
            while not self._stopping and time.monotonic() < until:
                time.sleep(POLL_S)
            backoff_s = min(backoff_s * 2, BACKOFF_CAP_S)

    def _ask_to_stop(self, *_signal: object) -> None:
        self._stopping = True

    def _one_cluster(self) -> None:
        board, cluster_id = new_board(), uuid4()
        connections.close_all()  # child processes must not inherit a database connection
        sentinel = get_mp_context().Process(
            target=run_sentinel, args=(os.getpid(), board, cluster_id), name="sentinel", daemon=False
        )
        sentinel.start()
        self._watch(sentinel, board)
        for pid in board.pids():
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        stopped = self._stopping and sentinel.exitcode == 0
        log = logger.info if stopped else logger.error
        log("cluster ended", extra={"cluster_id": str(cluster_id), "exitcode": sentinel.exitcode})
        self._release(board)

    def _watch(self, sentinel: Process, board: Board) -> None:
        asked_at: float | None = None
        while sentinel.is_alive():
            sentinel.join(POLL_S)
            now = board.supervisor_at = time.monotonic()
            if self._stopping and asked_at is None:
                asked_at = now
                sentinel.terminate()
            too_long = asked_at is not None and now - asked_at > STOP_AFTER_S
            if too_long or now - board.sentinel_at > SILENT_AFTER_S:
                logger.error("sentinel killed", extra={"why": "stop took too long" if too_long else "stuck"})
                sentinel.kill()

    def _release(self, board: Board) -> None:
        """Gives back the jobs of dead workers. If the database is down too, the jobs wait until their leases expire."""
        usual = Fate.STOPPED if self._stopping else Fate.ENDED
        fates = {slot.id: Fate(slot.fate) if slot.fate else usual for slot in board.slots_in_use()}
        gives_up_at = time.monotonic() + RELEASE_S
        try:
            persist(lambda: lost_workers.release(fates), give_up=lambda: time.monotonic() > gives_up_at)
        except Error as error:
            logger.warning("jobs not given back", extra=facts_of(error))
        finally:
            connections.close_all()
