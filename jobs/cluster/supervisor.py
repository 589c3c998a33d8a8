"""The supervisor: `manage.py qcluster` itself. Starts a cluster, starts it afresh when it is given up, stops it.

It holds no lock, queue or connection that a cluster shares, so a cluster's end cannot reach it. After each end it
makes sure that every process is gone and gives the jobs back at once, which would otherwise wait for their leases.
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

from jobs import recovery
from jobs.cluster.board import Board, new_board
from jobs.cluster.children import adopt_orphans
from jobs.cluster.sentinel import run_sentinel
from jobs.conf import SHUTDOWN_GRACE_S, SHUTDOWN_HARD_S
from jobs.recovery import Fate

logger = logging.getLogger(__name__)

POLL_S = 0.1
SILENT_AFTER_S = 30
"""A sentinel that does not turn for this long is stuck: it asks no database, so nothing may hold it up."""

STOP_AFTER_S = SHUTDOWN_GRACE_S + 3 * SHUTDOWN_HARD_S
BACKOFF_FIRST_S = 0.25
BACKOFF_CAP_S = 5
HEALTHY_AFTER_S = 10
RELEASE_TRIES = 3


class Supervisor:
    """Keeps one cluster running until SIGTERM or SIGINT."""

    def __init__(self, *, run_once: bool = False) -> None:
        self._run_once = run_once
        self._stopping = False

    def run(self) -> int:
        """Blocks until stopped; returns the exit code, 0."""
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
        return 0

    def _ask_to_stop(self, *_signal: object) -> None:
        self._stopping = True

    def _one_cluster(self) -> None:
        board, cluster_id = new_board(), uuid4()
        connections.close_all()  # a fork must not share a connection
        sentinel = get_mp_context().Process(
            target=run_sentinel, args=(os.getpid(), board, cluster_id), name="sentinel", daemon=False
        )
        sentinel.start()
        self._watch(sentinel, board)
        self._bury(board)
        stopped = self._stopping and sentinel.exitcode == 0
        log = logger.info if stopped else logger.error
        log("cluster ended", extra={"cluster_id": str(cluster_id), "exitcode": sentinel.exitcode})
        self._release(board)

    def _watch(self, sentinel: Process, board: Board) -> None:
        """Returns once the sentinel is gone."""
        asked_at: float | None = None
        while sentinel.is_alive():
            sentinel.join(POLL_S)
            now = time.monotonic()
            if self._run_once and not self._stopping:
                self._stopping = self._nothing_left()
            if self._stopping and asked_at is None:
                asked_at = now
                sentinel.terminate()
            too_long = asked_at is not None and now - asked_at > STOP_AFTER_S
            if too_long or now - board.sentinel_at > SILENT_AFTER_S:
                logger.error("sentinel killed", extra={"why": "stop took too long" if too_long else "stuck"})
                sentinel.kill()

    def _nothing_left(self) -> bool:
        try:
            return not recovery.work_is_left()
        except Error:
            return False
        finally:
            connections.close_all()

    def _bury(self, board: Board) -> None:
        """Kill and reap what the sentinel has left; afterwards no process of the cluster exists."""
        for pid in board.pids():
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def _release(self, board: Board) -> None:
        """Give the dead workers' jobs back. If the database is away too, their leases will."""
        usual = Fate.STOPPED if self._stopping else Fate.ENDED
        fates = {slot.id: Fate(slot.fate) if slot.fate else usual for slot in board.taken()}
        for _ in range(RELEASE_TRIES):
            try:
                recovery.release(fates)
                break
            except Error as error:
                logger.warning("jobs not given back", extra={"error_class": type(error).__name__})
                time.sleep(1)
            finally:
                connections.close_all()
