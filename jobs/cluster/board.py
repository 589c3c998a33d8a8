"""The board: a few numbers that the cluster's processes share without any lock, so that no corpse can hold one.

Each field has one writer. Times are monotonic seconds of this host; 0 means "not now".
"""

import ctypes
import time
from collections.abc import Iterator
from multiprocessing.sharedctypes import RawValue
from uuid import UUID

MAX_WORKERS = 64


class Slot(ctypes.Structure):
    """One worker. `beat_at` is 0 while it drains nothing; `fate` is the sentinel's word on how it ended."""

    _fields_ = [
        ("pid", ctypes.c_int),
        ("worker_id", ctypes.c_ubyte * 16),
        ("beat_at", ctypes.c_double),
        ("drain_at", ctypes.c_double),
        ("fate", ctypes.c_int),
    ]

    @property
    def id(self) -> UUID:
        return UUID(bytes=bytes(self.worker_id))

    def assign(self, worker_id: UUID) -> None:
        """A new worker takes the slot; its pid follows when it is known."""
        ctypes.memmove(self.worker_id, worker_id.bytes, 16)
        self.pid, self.beat_at, self.drain_at, self.fate = 0, 0.0, 0.0, 0


class Board(ctypes.Structure):
    """Heartbeats of sentinel and dispatcher, since when jobs have been due, and the workers' slots."""

    _fields_ = [
        ("sentinel_at", ctypes.c_double),
        ("dispatcher_at", ctypes.c_double),
        ("due_since", ctypes.c_double),
        ("helper_pids", ctypes.c_int * 2),
        ("slots", Slot * MAX_WORKERS),
    ]

    def taken(self) -> Iterator[Slot]:
        """The slots that have, or had, a worker."""
        return (slot for slot in self.slots if slot.pid)

    def pids(self) -> list[int]:
        """Every child of the sentinel."""
        return [pid for pid in (*self.helper_pids, *(slot.pid for slot in self.slots)) if pid]

    def last_drain_at(self) -> float:
        return max((slot.drain_at for slot in self.taken()), default=0.0)


def new_board() -> Board:
    """A board that forked children share with this process."""
    board = RawValue(Board)
    now = time.monotonic()
    board.sentinel_at = board.dispatcher_at = now
    return board
