"""The dispatcher: django-q2's pusher plus all that the cluster asks of the database on its own account.

Main thread: take wake-ups from the broker, and once a second look for due jobs that no wake-up speaks of. Beside it,
one thread sweeps expired leases and reports the workers alive, one runs django-q2's scheduler; a lock that holds one
of them up holds up nobody else. A database or Redis that is away is waited for, never a reason to die.
"""

import contextlib
import logging
import random
import socket
import threading
import time
import uuid

from django.db import Error, connection
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.scheduler import scheduler
from django_q.signing import SignedPackage

from jobs import recovery, schedules
from jobs.cluster.board import Board
from jobs.cluster.children import settle_in
from jobs.conf import DUE_CHECK_S, SWEEP_S
from jobs.db import refresh_connection
from jobs.wakeup import DRAIN

logger = logging.getLogger(__name__)

SCHEDULE_S = 15


class Dispatcher:
    """Feeds one cluster's task queue. It is the queue's only writer until the sentinel stops it."""

    def __init__(self, task_queue, board: Board, cluster_id: uuid.UUID) -> None:
        self._queue = task_queue
        self._board = board
        self._cluster_id = cluster_id
        self._stopping = threading.Event()
        self._broker = None
        self._next_due_check = 0.0
        self._pause_s = 0.1
        self._schedules_synced = False

    def stop(self, *_signal: object) -> None:
        """Safe in a signal handler: the main thread never waits on the event."""
        self._stopping.set()

    def run(self) -> None:
        """Feed until stopped."""
        for name, work, every_s in (
            ("chores", self._chores, SWEEP_S),
            ("schedule", self._schedule, SCHEDULE_S),
        ):
            threading.Thread(target=self._repeat, args=(work, every_s), name=name, daemon=True).start()
        while not self._stopping.is_set():
            self._board.dispatcher_at = time.monotonic()
            try:
                self._take_wakeups()
                self._pause_s = 0.1
            except Exception as error:  # whatever a broker's client raises; the due check goes on without it
                self._broker = None
                self._recover("broker not reached", error)
            try:
                self._look_for_due_jobs()
            except Error as error:
                self._board.due_since = 0.0  # unknown is no reason for the watchdog to bark
                self._recover("due jobs not looked for", error)

    def _take_wakeups(self) -> None:
        if self._queue.full():  # a wake-up taken now would wait in memory while its lease runs
            time.sleep(Conf.POLL)
            return
        if self._broker is None:
            self._broker = get_broker()
        for ack_id, package in self._broker.dequeue() or ():
            try:
                task = SignedPackage.loads(package)
            except (
                Exception
            ) as error:  # signed with another key, or names code that is gone: it can never run
                logger.error("queued task dropped", extra={"error_class": type(error).__name__})
                self._broker.fail(ack_id)
                continue
            self._queue.put(task | {"cluster": Conf.CLUSTER_NAME, "ack_id": ack_id})

    def _look_for_due_jobs(self) -> None:
        now = time.monotonic()
        if now < self._next_due_check:
            return
        self._next_due_check = now + DUE_CHECK_S
        refresh_connection()
        if not recovery.jobs_are_due():
            self._board.due_since = 0.0
            return
        self._board.due_since = self._board.due_since or now
        if not self._queue.full():
            self._queue.put(_wake_up())

    def _recover(self, what: str, error: Exception) -> None:
        logger.warning(what, extra={"error_class": type(error).__name__})
        connection.close()
        time.sleep(random.uniform(0.05, self._pause_s))
        self._pause_s = min(self._pause_s * 2, 2.0)

    def _repeat(self, work, every_s: float) -> None:
        """Run `work` now and every `every_s` seconds, whatever it raises."""
        while not self._stopping.is_set():
            try:
                refresh_connection()
                work()
            except Exception as error:
                logger.warning(
                    "cluster chore failed",
                    extra={"chore": threading.current_thread().name, "error_class": type(error).__name__},
                )
                connection.close()
            self._stopping.wait(every_s * random.uniform(0.8, 1.0))

    def _chores(self) -> None:
        workers = {slot.id: slot.pid for slot in self._board.taken()}
        recovery.report_alive(self._cluster_id, socket.gethostname(), workers)
        recovery.sweep()

    def _schedule(self) -> None:
        if not self._schedules_synced:
            schedules.sync()
            self._schedules_synced = True
        if Conf.SCHEDULER:
            scheduler()


def _wake_up() -> dict:
    """What the broker would have delivered, without a row to acknowledge."""
    return {
        "id": uuid.uuid4().hex,
        "name": "due jobs",
        "func": DRAIN,
        "args": (),
        "kwargs": {},
        "started": timezone.now(),
        "cluster": Conf.CLUSTER_NAME,
        "ack_id": None,
    }


def run_dispatcher(parent_pid: int, task_queue, board: Board, cluster_id: uuid.UUID) -> None:
    """The dispatcher process."""
    dispatcher = Dispatcher(task_queue, board, cluster_id)
    settle_in("q-dispatcher", parent_pid, dispatcher.stop)
    with contextlib.suppress(BrokenPipeError):
        dispatcher.run()
    task_queue.cancel_join_thread()  # a prefetched wake-up is worth nothing; the queue's reader may be gone
