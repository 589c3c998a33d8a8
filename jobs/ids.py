"""Makes primary keys that are known before the insert and sort by time, so that one statement can write linked rows."""

import os
import time
import uuid


def uuid7() -> uuid.UUID:
    """A new UUID version 7, which sorts by time: 48 bits of Unix milliseconds, 12 bits of the part of a millisecond,
    then 62 random bits (RFC 9562, section 6.2, method 3).
    """
    ms, part_ns = divmod(time.time_ns(), 1_000_000)
    number = ms << 80 | 0x7000 << 64 | (part_ns * 4096 // 1_000_000) << 64
    return uuid.UUID(int=number | 0x8000 << 48 | int.from_bytes(os.urandom(8), "big") >> 2)
