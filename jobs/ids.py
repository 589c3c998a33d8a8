"""Makes primary keys that are known before the insert and sort by time, so that one statement can write linked rows."""

import os
import time
import uuid


def uuid7() -> uuid.UUID:
    """A new UUID version 7 (RFC 9562), which sorts by time: 48 bits of Unix milliseconds, then 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF000 << 64) | (0x7000 << 64)
    return uuid.UUID(int=value & ~(0xC000 << 48) | (0x8000 << 48))
