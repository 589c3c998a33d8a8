"""What each child of the sentinel does first: die with its parent, inherit no connection, take signals its own way."""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable

from django.db import Error, connections
from django_q.brokers import Broker, get_broker
from django_q.monitor import monitor
from django_q.worker import worker

from jobs import process
from jobs.cluster.board import Slot
from jobs.db import drop_connection, persist
from jobs.process import WorkerProcess

ABANDONED = 71
"""Exit code of a worker that ended itself because its lease ran out under a job: nobody's fault."""

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36


def settle_in(name: str, parent_pid: int, on_sigterm: Callable | signal.Handlers) -> None:
    """Make this freshly forked process end when `parent_pid` ends, and start without inherited connections.

    `name` (up to 15 bytes) is what ps and top show.
    """
    _prctl(PR_SET_NAME, name.encode())
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it died before the line above
        os._exit(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the group; the supervisor alone acts on it
    signal.signal(signal.SIGTERM, on_sigterm)
    for connection in connections.all(initialized_only=True):
        connection.connection = None  # closing it would end the parent's session: the socket is shared


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent dies, so that this process can tell when they are gone."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int | bytes) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def run_worker(slot: Slot, parent_pid: int, task_queue, result_queue, timer, timeout) -> None:
    """A django-q2 worker that knows its place on the board."""

    def beat() -> None:
        slot.beat_at = time.monotonic()

    def begin() -> None:
        slot.drain_at = slot.beat_at = time.monotonic()

    def rest() -> None:
        slot.beat_at = 0.0

    me = WorkerProcess(slot.id, begin=begin, beat=beat, rest=rest, abandon=lambda: os._exit(ABANDONED))
    settle_in("q-worker", parent_pid, lambda *_: me.ask_to_stop())
    slot.pid = os.getpid()
    process.become(me)
    worker(task_queue, result_queue, timer, timeout)


def run_monitor(parent_pid: int, result_queue) -> None:
    """django-q2's monitor, patient with the database: it takes results until the sentinel says STOP."""
    settle_in("q-monitor", parent_pid, signal.SIG_IGN)
    broker = persist(get_broker, give_up=lambda: False)
    monitor(result_queue, _forgiving(broker))


def _forgiving(broker: Broker) -> Broker:
    """An acknowledgement that fails costs a needless wake-up later; stock, it costs the monitor."""
    acknowledge = broker.acknowledge

    def forgiving(task_id) -> None:
        with contextlib.suppress(Error):
            acknowledge(task_id)
            return
        drop_connection()

    broker.acknowledge = forgiving
    return broker
