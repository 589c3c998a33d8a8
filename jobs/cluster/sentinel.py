"""The sentinel starts and watches the child processes of a cluster, and ends all of them if one is lost or stuck.

Our sentinel changes django-q2's so that it never queries the database and nothing can block it. A killed or stuck child
process may hold a lock that the others need, so all are killed, and the supervisor starts a new cluster. Only a worker
that ends by itself (recycled, timed out or retired) is replaced alone. If the supervisor is stuck, the sentinel kills
it and the cluster ends; the service manager of `manage.py qcluster` starts it again.
"""

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing import Process, Value
from multiprocessing.connection import wait
from multiprocessing.sharedctypes import Synchronized
from queue import Full
from typing import Any, NoReturn
from uuid import UUID, uuid4

from django_q.cluster import Sentinel, get_mp_context
from django_q.conf import Conf

from jobs.cluster.board import MAX_WORKERS, Board
from jobs.cluster.children import RETIRED, run_monitor, run_worker, settle_in
from jobs.cluster.dispatcher import run_dispatcher
from jobs.conf import LEASE_S, SHUTDOWN_GRACE_S, SHUTDOWN_HARD_S
from jobs.ids import uuid7
from jobs.lost_workers import Fate

logger = logging.getLogger(__name__)

CRASHED = 70
WEDGED_AFTER_S = 30
"""If jobs are due and a place is idle, but no place polls for so many seconds, wake-ups are being lost."""

SILENT_AFTER_S = LEASE_S + 40
"""A worker, dispatcher or supervisor without a sign of life for so many seconds counts as stuck."""

LOCK_S = 2
TIMED_OUT_FLUSH_S = 5


class WorkerChild(Process):
    """The type of a django-q2 worker process with its timer, for type checks only."""

    timer: "Synchronized[float]"


class CrashOnlySentinel(Sentinel):  # type: ignore[misc]  # django-q2 has no types
    """Watches one cluster until the supervisor asks it to stop (exit 0) or a process is lost (exit CRASHED)."""

    def __init__(self, board: Board, cluster_id: UUID, stop: threading.Event) -> None:
        self.board = board
        self._slots: dict[Process, int] = {}
        self._bells = [_bell() for _ in range(min(Conf.WORKERS, MAX_WORKERS))]
        self._ticked_at = time.monotonic()
        self._supervisor_at, self._silent_rounds = 0.0, 0
        # The child processes create their own brokers, because django-q2's ORM broker connects to the database when it
        # is created.
        super().__init__(stop, threading.Event(), cluster_id, broker=object(), start=False)
        self.pool_size: int = min(self.pool_size, MAX_WORKERS)

    # --- children ---

    def spawn_cluster(self) -> None:
        self.pool: list[WorkerChild] = []
        for _ in range(self.pool_size):
            self.spawn_worker()
        self.monitor = self._spawn_helper(0, run_monitor, self.result_queue)
        self.pusher = self._spawn_helper(
            1, run_dispatcher, self.task_queue, self.board, self._bells, self.cluster_id, daemon=False
        )

    def spawn_worker(self) -> None:
        free = set(range(self.pool_size)) - set(self._slots.values())
        number = min(free)
        slot = self.board.slots[number]
        slot.assign(uuid7())
        timer = Value("f", -1)
        worker = get_mp_context().Process(
            target=run_worker,
            args=(
                slot,
                self._bells[number][0],
                self.pid,
                self.task_queue,
                self.result_queue,
                timer,
                self.timeout,
            ),
            name=f"Process-{uuid4().hex}",
            daemon=Conf.DAEMONIZE_WORKERS,
        )
        worker.timer = timer
        worker.start()
        slot.pid = worker.pid
        self._slots[worker] = number
        self.pool.append(worker)

    def _spawn_helper(
        self, number: int, target: Callable[..., None], *args: Any, daemon: bool = True
    ) -> Process:
        helper: Process = get_mp_context().Process(target=target, args=(self.pid, *args), daemon=daemon)
        helper.start()
        self.board.helper_pids[number] = helper.pid
        return helper

    def _children(self) -> list[Process]:
        return [*self.pool, self.monitor, self.pusher]

    # --- guarding ---

    def start(self) -> None:
        self.spawn_cluster()
        self.guard()

    def guard(self) -> None:
        """Watches the child processes until the sentinel is asked to stop or gives up the cluster. Never returns."""
        self.start_event.set()
        logger.info("cluster running", extra={"cluster_id": str(self.cluster_id), "workers": self.pool_size})
        while not self.stop_event.is_set():
            self.board.sentinel_at = time.monotonic()
            if os.getppid() != self.parent_pid:
                self.crash("the supervisor is gone")
            ended = wait([child.sentinel for child in self._children()], timeout=Conf.GUARD_CYCLE / 2)
            if ended and not self.stop_event.is_set():
                self._handle_ended([child for child in self._children() if not child.is_alive()])
            if time.monotonic() - self._ticked_at >= Conf.GUARD_CYCLE:
                self._tick_timers(time.monotonic() - self._ticked_at)
                self._watch()
        self.stop()

    def _handle_ended(self, ended: list[Process]) -> None:
        for child in ended:
            if child in self.pool and child.exitcode == RETIRED:
                self._replace(child, "a job ignored its time limit")
                continue
            if child in self.pool and child.exitcode == 0 and _raw(child) in (-2, 0):
                self._replace(child, "recycled" if _raw(child) == -2 else "timed out")
                continue
            workers = [lost for lost in ended if lost in self.pool and lost.exitcode != 0]
            # If several workers ended at once, their order is unknown, so no worker is blamed for the others.
            fate = Fate.DIED_FIRST if len(ended) == 1 else Fate.SUSPECT
            self.crash("a child was lost", exitcode=child.exitcode, fates=dict.fromkeys(workers, fate))

    def _replace(self, worker: WorkerChild, why: str) -> None:
        self.pool.remove(worker)
        del self._slots[worker]
        self.spawn_worker()
        logger.info("worker replaced", extra={"why": why, "worker_pid": worker.pid})

    def _tick_timers(self, passed_s: float) -> None:
        """Counts down the workers' time limits as django-q2 does, but stops at 0, the value that means a timeout."""
        self._ticked_at = time.monotonic()
        for worker in list(self.pool):
            lock = worker.timer.get_lock()
            if not lock.acquire(timeout=LOCK_S):
                self.crash("a timer's lock is held", fates={worker: Fate.SUSPECT})
            try:
                if worker.timer.value > 0:
                    worker.timer.value = max(0.0, worker.timer.value - passed_s)
                timed_out = worker.timer.value == 0
            finally:
                lock.release()
            if timed_out:
                worker.join(TIMED_OUT_FLUSH_S)  # the worker's last result may still be in the queue's pipe
                if worker.is_alive():
                    self.crash("a worker ignored its time limit", fates={worker: Fate.DIED_FIRST})
                self._handle_ended([worker])

    def _watch(self) -> None:
        """Ends the cluster if a process makes no progress. Its process id proves nothing: a stuck process keeps it."""
        self._watch_supervisor()
        now, board = time.monotonic(), self.board
        if now - board.dispatcher_at > SILENT_AFTER_S:
            self.crash("the dispatcher is stuck")
        slots = {worker: board.slots[self._slots[worker]] for worker in self.pool}
        for worker, slot in slots.items():
            if slot.beat_at and now - slot.beat_at > SILENT_AFTER_S:
                self.crash("a worker is stuck", fates={worker: Fate.SUSPECT})
        idle = any(slot.busy < slot.places for slot in slots.values())
        if idle and board.due_since and now - max(board.due_since, board.last_look_at()) > WEDGED_AFTER_S:
            self.crash("jobs are due and no place looks for them")

    def _watch_supervisor(self) -> None:
        """Kills a stuck supervisor. The sentinel counts rounds of its loop and not seconds, so that a time in which
        both processes were stopped does not count.
        """
        beat = self.board.supervisor_at
        self._silent_rounds = self._silent_rounds + 1 if beat == self._supervisor_at else 0
        self._supervisor_at = beat
        if self._silent_rounds * Conf.GUARD_CYCLE > SILENT_AFTER_S:
            logger.error("supervisor killed", extra={"why": "stuck", "supervisor_pid": self.parent_pid})
            self._silent_rounds = 0
            os.kill(self.parent_pid, signal.SIGKILL)

    def crash(
        self, why: str, *, exitcode: int | None = None, fates: dict[Process, Fate] | None = None
    ) -> NoReturn:
        """Records the `fates` of workers that may be to blame, kills all child processes, and exits with CRASHED."""
        logger.error("cluster given up", extra={"why": why, "child_exitcode": exitcode})
        for worker, fate in (fates or {}).items():
            self.board.slots[self._slots[worker]].fate = fate
        for child in self._children():
            child.kill()
        os._exit(CRASHED)

    # --- stopping ---

    def stop(self) -> None:
        """Gives workers SHUTDOWN_GRACE_S + SHUTDOWN_HARD_S seconds to finish, kills the rest, and exits with 0."""
        logger.info("cluster stopping", extra={"cluster_id": str(self.cluster_id)})
        ends_at = time.monotonic() + SHUTDOWN_GRACE_S + SHUTDOWN_HARD_S
        for child in (self.pusher, *self.pool):
            if child.is_alive():
                child.terminate()
        while (alive := [worker for worker in self.pool if worker.is_alive()]) and time.monotonic() < ends_at:
            self.board.sentinel_at = time.monotonic()
            with contextlib.suppress(Full):
                self.task_queue.put_nowait("STOP")
            wait([worker.sentinel for worker in alive], timeout=0.1)
        for child in (self.pusher, *self.pool):
            child.kill()
        self.result_queue.put("STOP")
        self.monitor.join(SHUTDOWN_HARD_S)
        self.monitor.kill()
        os._exit(0)


def _bell() -> tuple[int, int]:
    """Returns both ends of a pipe that wakes a worker. A pipe has no lock that a killed process could hold."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    return read, write


def _raw(worker: WorkerChild) -> float:
    """Reads a worker's timer without its lock, which a killed worker may hold: -1 idle, -2 recycled, 0 timed out."""
    return worker.timer.get_obj().value


def run_sentinel(supervisor_pid: int, board: Board, cluster_id: UUID) -> None:
    stop = threading.Event()
    settle_in("q-sentinel", supervisor_pid, lambda *_: stop.set())
    sentinel = CrashOnlySentinel(board, cluster_id, stop)
    signal.signal(
        signal.SIGTERM, lambda *_: stop.set()
    )  # the signal handler is set again, because django-q2's sentinel sets the default
    sentinel.start()
