"""The sentinel: django-q2's, made crash-only. It guards, and asks the database nothing, so nothing can hold it up.

A child lost to a signal, or stuck, may hold a lock that the others need. Then all children are killed and the
supervisor starts a new cluster. Only a worker that ends by itself (recycled, timed out) is replaced alone.
"""

import contextlib
import logging
import os
import signal
import time
from multiprocessing import Process, Value
from multiprocessing.connection import wait
from queue import Full
from typing import NoReturn
from uuid import UUID, uuid4

from django_q.cluster import Sentinel, get_mp_context
from django_q.conf import Conf

from jobs.cluster.board import MAX_WORKERS, Board
from jobs.cluster.children import ABANDONED, run_monitor, run_worker, settle_in
from jobs.cluster.dispatcher import run_dispatcher
from jobs.conf import LEASE_S, SHUTDOWN_GRACE_S, SHUTDOWN_HARD_S
from jobs.ids import uuid7
from jobs.recovery import Fate

logger = logging.getLogger(__name__)

CRASHED = 70
WEDGED_AFTER_S = 30
"""Jobs are due, a worker is idle, and yet no drain began for this long: wake-ups do not get through."""

SILENT_AFTER_S = LEASE_S + 40
"""A draining worker that does not beat, or a dispatcher that does not turn, for this long is stuck."""

LOCK_S = 2
TIMED_OUT_FLUSH_S = 5


class Flag:
    """Stands in for multiprocessing.Event: no lock that a killed process could take along."""

    def __init__(self) -> None:
        self._set = False

    def set(self, *_signal: object) -> None:
        self._set = True

    def is_set(self) -> bool:
        return self._set


class CrashOnlySentinel(Sentinel):
    """Guards one cluster until it is asked to stop (exit 0) or a child is lost (exit CRASHED)."""

    def __init__(self, board: Board, cluster_id: UUID, stop: Flag) -> None:
        self.board = board
        self._slots: dict[Process, int] = {}
        self._ticked_at = time.monotonic()
        # The children build brokers of their own: django-q2's ORM broker connects to the database when it is built.
        super().__init__(stop, Flag(), cluster_id, broker=object(), start=False)
        self.pool_size = min(self.pool_size, MAX_WORKERS)

    # --- children ---

    def spawn_cluster(self) -> None:
        self.pool = []
        for _ in range(self.pool_size):
            self.spawn_worker()
        self.monitor = self._spawn_helper(0, run_monitor, self.result_queue)
        self.pusher = self._spawn_helper(
            1, run_dispatcher, self.task_queue, self.board, self.cluster_id, daemon=False
        )

    def spawn_worker(self) -> None:
        free = set(range(self.pool_size)) - set(self._slots.values())
        number = min(free)
        slot = self.board.slots[number]
        slot.assign(uuid7())
        timer = Value("f", -1)
        worker = get_mp_context().Process(
            target=run_worker,
            args=(slot, self.pid, self.task_queue, self.result_queue, timer, self.timeout),
            name=f"Process-{uuid4().hex}",
            daemon=Conf.DAEMONIZE_WORKERS,
        )
        worker.timer = timer
        worker.start()
        slot.pid = worker.pid
        self._slots[worker] = number
        self.pool.append(worker)

    def _spawn_helper(self, number: int, target, *args, daemon: bool = True) -> Process:
        helper = get_mp_context().Process(target=target, args=(self.pid, *args), daemon=daemon)
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
        """Watch the children, waking at once when one ends."""
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
            if child in self.pool and child.exitcode == 0 and _raw(child) in (-2, 0):
                self._replace(child, "recycled" if _raw(child) == -2 else "timed out")
                continue
            workers = [lost for lost in ended if lost in self.pool and lost.exitcode not in (0, ABANDONED)]
            # Several at once: which of them was first cannot be told, so none is charged with the others' death.
            fate = Fate.DIED_FIRST if len(ended) == 1 else Fate.SUSPECT
            self.crash("a child was lost", exitcode=child.exitcode, fates=dict.fromkeys(workers, fate))

    def _replace(self, worker: Process, why: str) -> None:
        self.pool.remove(worker)
        del self._slots[worker]
        self.spawn_worker()
        logger.info("worker replaced", extra={"why": why, "worker_pid": worker.pid})

    def _tick_timers(self, passed_s: float) -> None:
        """Count the hard time limits down, as django-q2 does, but never below the 0 that it acts upon."""
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
                worker.join(TIMED_OUT_FLUSH_S)  # its result is on the way through the queue
                if worker.is_alive():
                    self.crash("a worker ignored its time limit", fates={worker: Fate.DIED_FIRST})
                self._handle_ended([worker])

    def _watch(self) -> None:
        """Judge by progress: a stuck process keeps its pid, and a wedged cluster all of its processes."""
        now, board = time.monotonic(), self.board
        if now - board.dispatcher_at > SILENT_AFTER_S:
            self.crash("the dispatcher is stuck")
        for worker in self.pool:
            beat_at = board.slots[self._slots[worker]].beat_at
            if beat_at and now - beat_at > SILENT_AFTER_S:
                self.crash("a worker is stuck", fates={worker: Fate.SUSPECT})
        idle = any(_raw(worker) == -1 for worker in self.pool)
        if idle and board.due_since and now - max(board.due_since, board.last_drain_at()) > WEDGED_AFTER_S:
            self.crash("jobs are due and no drain begins")

    def crash(
        self, why: str, *, exitcode: int | None = None, fates: dict[Process, Fate] | None = None
    ) -> NoReturn:
        """Leave word of who may be to blame, kill every child, and end with CRASHED."""
        logger.error("cluster given up", extra={"why": why, "child_exitcode": exitcode})
        for worker, fate in (fates or {}).items():
            self.board.slots[self._slots[worker]].fate = fate
        for child in self._children():
            child.kill()
        os._exit(CRASHED)

    # --- stopping ---

    def stop(self) -> None:
        """Let the workers finish within their grace period, kill what is left, and store the results."""
        logger.info("cluster stopping", extra={"cluster_id": str(self.cluster_id)})
        ends_at = time.monotonic() + SHUTDOWN_GRACE_S + SHUTDOWN_HARD_S
        for child in (self.pusher, *self.pool):
            if child.is_alive():
                os.kill(child.pid, signal.SIGTERM)
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


def _raw(worker: Process) -> float:
    """The timer's value without its lock, which a killed worker may hold. -1 idle, -2 recycled, 0 timed out."""
    return worker.timer.get_obj().value


def run_sentinel(supervisor_pid: int, board: Board, cluster_id: UUID) -> None:
    """The sentinel process."""
    stop = Flag()
    settle_in("q-sentinel", supervisor_pid, stop.set)
    sentinel = CrashOnlySentinel(board, cluster_id, stop)
    signal.signal(signal.SIGTERM, stop.set)  # again: django-q2's sets the default
    sentinel.start()
