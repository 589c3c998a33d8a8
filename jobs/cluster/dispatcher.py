"""The dispatcher takes tasks from django-q2's broker, wakes the cluster's places, and keeps the queue in order.

The dispatcher's main thread takes wake-ups, and polls every second for due jobs without a wake-up. A second thread of
the dispatcher sweeps expired leases and reports live workers. A third thread of the dispatcher runs django-q2's
scheduler and hands ticks to the workers. Each function of FEEDS has one more thread. These threads share
DISPATCHER_CONNECTIONS, so a database lock that blocks one thread does not block the others. The dispatcher waits out an
outage of the database or Redis.
"""

import contextlib
import logging
import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from multiprocessing.queues import Queue
from typing import Any

from django.db import Error, connection
from django_q.brokers import Broker, get_broker
from django_q.conf import Conf
from django_q.scheduler import scheduler
from django_q.signing import SignedPackage

from jobs import lost_workers, stalls, ticks
from jobs.cluster.board import Board
from jobs.cluster.children import settle_in
from jobs.conf import DISPATCHER_CONNECTIONS, DUE_CHECK_S, SWEEP_S, WAKE_UPS, WORKER_ALIVE_S
from jobs.connections import Gate
from jobs.enqueue import FEEDS
from jobs.failures import facts_of

logger = logging.getLogger(__name__)

SCHEDULE_S = 15
DEAF_LOOK_S = 0.1
"""Seconds between polls after an error, while the dispatcher hears no wake-ups."""
DEAF_FIRST_S, DEAF_MOST_S = 1.0, 30.0
"""Seconds without listening after an error, doubled after each further error up to the maximum."""
LOOK_S = 5.0
"""Seconds that a poll waits for PostgreSQL. A longer wait would look to the sentinel as if no place polled for jobs."""


class Dispatcher:
    def __init__(
        self, task_queue: "Queue[Any]", board: Board, bells: Sequence[tuple[int, int]], cluster_id: uuid.UUID
    ) -> None:
        self._queue = task_queue
        self._bells = bells
        self._board = board
        self._cluster_id = cluster_id
        self._stopping = threading.Event()
        self._brokers: dict[str, Broker] = {}
        self._next_look = 0.0
        self._deaf_s = DEAF_FIRST_S
        self._deaf_until = 0.0
        self._schedules_synced = False
        self._gate = Gate(DISPATCHER_CONNECTIONS)

    def stop(self, *_signal: object) -> None:
        """Asks the dispatcher to stop. A signal handler calls this method, so it waits for nothing."""
        self._stopping.set()

    def run(self) -> None:
        """Takes wake-ups, polls for due jobs and wakes workers until `stop` is called, despite any database error."""
        for name, work, every_s in (
            ("chores", self._chores, SWEEP_S),
            ("schedule", self._schedule, SCHEDULE_S),
            *((feed.__name__, feed, DUE_CHECK_S) for feed in FEEDS),
        ):
            threading.Thread(target=self._repeat, args=(work, every_s), name=name, daemon=True).start()
        while not self._stopping.is_set():
            self._board.dispatcher_at = time.monotonic()
            self._hear()
            try:
                self._look()
            except Error as error:
                # The dispatcher does not know whether jobs are due, so the sentinel must not end the cluster because
                # workers do not poll.
                self._board.due_since = 0.0
                logger.warning("due jobs not looked for", extra=facts_of(error))
                connection.close()
                time.sleep(random.uniform(0.05, DUE_CHECK_S))

    def _hear(self) -> None:
        if time.monotonic() < self._deaf_until:
            time.sleep(max(0.0, self._next_look - time.monotonic()))
            return
        try:
            with stalls.limit(LOOK_S):
                self._take(WAKE_UPS)
            self._deaf_s = DEAF_FIRST_S
        # The client library of a broker may raise any exception. Polling for due jobs works without wake-ups.
        except Exception as error:
            logger.warning("wake-ups not heard", extra=facts_of(error))
            if isinstance(error, Error):
                connection.close()
            self._deaf_until = time.monotonic() + random.uniform(self._deaf_s / 2, self._deaf_s)
            self._deaf_s = min(self._deaf_s * 2, DEAF_MOST_S)

    def _take(self, queue: str) -> bool:
        if queue not in self._brokers:
            self._brokers[queue] = get_broker(queue)
        broker = self._brokers[queue]
        tasks = broker.dequeue() or ()
        if queue == WAKE_UPS and tasks:
            self._ring()  # all wake-ups mean the same, so their contents do not matter
            return True
        for ack_id, package in tasks:
            try:
                task = SignedPackage.loads(package)
            except Exception as error:  # another key signed the task, or the code that it calls was removed
                logger.error("queued task dropped", extra={"error_class": type(error).__name__})
                broker.fail(ack_id)
            else:
                self._queue.put(task | {"cluster": Conf.CLUSTER_NAME, "ack_id": ack_id})
        return bool(tasks)

    def _look(self) -> None:
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + (DEAF_LOOK_S if now < self._deaf_until else DUE_CHECK_S)
        with stalls.limit(LOOK_S):
            due = lost_workers.jobs_are_due()
        self._board.due_since = (self._board.due_since or now) if due else 0.0
        if due:
            self._ring()

    def _ring(self) -> None:
        for _, bell in self._bells:
            # A full pipe means that the worker has not yet handled earlier bytes.
            with contextlib.suppress(BlockingIOError):
                os.write(bell, b"1")

    def _repeat(self, work: Callable[[], object], every_s: float) -> None:
        self._gate.enter_with_this_thread()
        while not self._stopping.is_set():
            try:
                work()
            except Exception as error:
                context = {"chore": threading.current_thread().name}
                logger.warning("cluster chore failed", extra=context | facts_of(error))
            connection.close()  # the next thread reuses the connection
            self._stopping.wait(every_s * random.uniform(0.8, 1.0))

    def _chores(self) -> None:
        pids = {slot.id: slot.pid for slot in self._board.slots_in_use()}
        alive = {slot.id: slot.places for slot in self._board.beating(WORKER_ALIVE_S)}
        lost_workers.report_alive(self._cluster_id, socket.gethostname(), pids, alive=alive)
        lost_workers.sweep()

    def _schedule(self) -> None:
        if not self._schedules_synced:
            ticks.sync_schedules()
            self._schedules_synced = True
        scheduler()
        while self._take(Conf.CLUSTER_NAME) and not self._stopping.is_set():
            pass


def run_dispatcher(
    parent_pid: int,
    task_queue: "Queue[Any]",
    board: Board,
    bells: Sequence[tuple[int, int]],
    cluster_id: uuid.UUID,
) -> None:
    """Runs the dispatcher process until SIGTERM. `bells` are the pipes that wake the workers."""
    dispatcher = Dispatcher(task_queue, board, bells, cluster_id)
    settle_in("q-dispatcher", parent_pid, dispatcher.stop)
    with contextlib.suppress(BrokenPipeError):
        dispatcher.run()
    # Wake-ups that are left in the queue are worthless, and the process that would read them may have ended.
    task_queue.cancel_join_thread()
