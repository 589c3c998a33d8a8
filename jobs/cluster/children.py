"""Starts the sentinel's child processes, and contains the main functions of workers and monitor.

A child process dies with its parent, drops the database connections it inherited, and installs its own signal handlers.
"""

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.queues import Queue
from multiprocessing.sharedctypes import Synchronized
from queue import Empty
from typing import Any

from django.conf import settings
from django.db import connections
from django_q.brokers import get_broker
from django_q.monitor import monitor
from django_q.worker import worker

from jobs import process
from jobs.cluster.board import Slot
from jobs.conf import SHUTDOWN_GRACE_S, SHUTDOWN_HARD_S
from jobs.db import persist
from jobs.heartbeat import LeaseKeeper
from jobs.places import Places
from jobs.process import WorkerProcess
from jobs.worker import work

RETIRED = 72
"""Exit code of a worker that stopped because a job did not leave its thread."""

STOP_SEEN_S = 1.0

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36


def settle_in(name: str, parent_pid: int, on_sigterm: Callable[[int, Any], object] | signal.Handlers) -> None:
    """Prepares this forked process: it dies with `parent_pid`, ignores Ctrl-C, handles SIGTERM with `on_sigterm`, and
    drops inherited database connections without closing them. The process list shows up to 15 bytes of `name`.
    """
    _prctl(PR_SET_NAME, name.encode())
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # the parent process ended before the line above ran
        os._exit(0)
    # Ctrl-C reaches all processes of the terminal's group, but only the supervisor handles it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, on_sigterm)
    for connection in connections.all(initialized_only=True):
        # Closing the connection would end the parent's database session, because both processes share the socket.
        connection.connection = None


def adopt_orphans() -> None:
    """Makes this process the parent of descendants whose own parent has ended. Only Linux supports this."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, argument: int | bytes) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, argument, 0, 0, 0)


def run_worker(
    slot: Slot,
    bell: int,
    parent_pid: int,
    task_queue: "Queue[Any]",
    result_queue: "Queue[Any]",
    timer: "Synchronized[float]",
    timeout: int | None,
) -> None:
    """Runs a worker process: its main thread runs ticks, and its places (threads) run jobs until the process is asked
    to stop. Each byte in the pipe `bell` wakes one place. Exits with RETIRED if a job is stuck.
    """

    me = WorkerProcess(slot.id, slot=slot, most_places=settings.WORKER_THREADS)
    settle_in("q-worker", parent_pid, lambda *_: me.ask_to_stop())
    slot.pid, slot.beat_at = os.getpid(), time.monotonic()
    process.become(me)
    with LeaseKeeper(me) as keeper:
        places = Places(settings.WORKER_THREADS, lambda: work(me, keeper), lambda: me.stopping)
        me.wake_place = places.wake
        threading.Thread(target=_answer, args=(bell, places), name="bell", daemon=True).start()
        places.wake()
        worker(_Tasks(task_queue, me), result_queue, timer, timeout)
        me.ask_to_stop()  # django-q2 will replace this worker, or the cluster is stopping
        if not places.finish(SHUTDOWN_GRACE_S + SHUTDOWN_HARD_S):
            keeper.hand_back()
    if me.retired:
        sys.exit(RETIRED)


def _answer(bell: int, places: Places) -> None:
    while os.read(bell, 4096):
        places.wake()


class _Tasks:
    """django-q2's task queue for one worker process. The queue returns no more tasks once the worker is retired."""

    def __init__(self, queue: "Queue[Any]", me: WorkerProcess) -> None:
        self._queue = queue
        self._me = me

    def get(self) -> Any:
        while not self._me.stopping:
            with contextlib.suppress(Empty):
                return self._queue.get(timeout=STOP_SEEN_S)
        return "STOP"


def run_monitor(parent_pid: int, result_queue: "Queue[Any]") -> None:
    """Runs django-q2's monitor, which stores results. The monitor waits while the database is down."""
    settle_in("q-monitor", parent_pid, signal.SIG_IGN)
    monitor(result_queue, persist(get_broker, give_up=lambda: False))
