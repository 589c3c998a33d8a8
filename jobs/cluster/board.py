"""Numbers in shared memory through which the cluster's processes watch each other.

The numbers need no lock, because a process killed while holding a lock would block the others. Each number in shared
memory has only one writer. Times are monotonic seconds of this host; 0 means "not now".
"""

import ctypes
import time
from collections.abc import Iterator
from multiprocessing.sharedctypes import RawValue
from uuid import UUID

from django.conf import settings

MAX_WORKERS = 64


class Slot(ctypes.Structure):
    """The numbers of one worker in shared memory. `beat_at` and `looked_at` are the times of the worker's last sign of
    life and of its last poll for jobs. `places` is the number of its threads for jobs, of which `busy` run one now. The
    sentinel writes `fate`: how the worker ended.
    """

    _fields_ = [
        ("pid", ctypes.c_int),
        ("worker_id", ctypes.c_ubyte * 16),
        ("beat_at", ctypes.c_double),
        ("looked_at", ctypes.c_double),
        ("busy", ctypes.c_int),
        ("places", ctypes.c_int),
        ("fate", ctypes.c_int),
    ]

    @property
    def id(self) -> UUID:
        return UUID(bytes=bytes(self.worker_id))

    def assign(self, worker_id: UUID) -> None:
        ctypes.memmove(self.worker_id, worker_id.bytes, 16)
        self.pid, self.beat_at, self.looked_at = 0, 0.0, 0.0
        self.busy, self.places, self.fate = 0, settings.WORKER_THREADS, 0


class Board(ctypes.Structure):
    _fields_ = [
        ("supervisor_at", ctypes.c_double),
        ("sentinel_at", ctypes.c_double),
        ("dispatcher_at", ctypes.c_double),
        ("due_since", ctypes.c_double),
        ("helper_pids", ctypes.c_int * 2),
        ("slots", Slot * MAX_WORKERS),
    ]

    def slots_in_use(self) -> Iterator[Slot]:
        return (slot for slot in self.slots if slot.pid)

    def pids(self) -> list[int]:
        return [pid for pid in (*self.helper_pids, *(slot.pid for slot in self.slots)) if pid]

    def last_look_at(self) -> float:
        return max((slot.looked_at for slot in self.slots_in_use()), default=0.0)

    def beating(self, within_s: float) -> Iterator[Slot]:
        """Returns the slots of workers that wrote a heartbeat less than `within_s` seconds ago. A process id would not
        suffice, because a frozen process still has one.
        """
        now = time.monotonic()
        return (slot for slot in self.slots_in_use() if now - slot.beat_at < within_s)


def new_board() -> Board:
    """Returns numbers in memory that is shared with all processes forked later."""
    board = RawValue(Board)
    now = time.monotonic()
    board.supervisor_at = board.sentinel_at = board.dispatcher_at = now
    return board
