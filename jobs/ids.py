"""Creates primary keys before the insert, so that one statement can write rows that refer to each other."""

import os
import time
import uuid


def uuid7() -> uuid.UUID:
    """Returns a new UUID version 7 (RFC 9562, section 6.2, method 3). It begins with the time, so ids sort by age."""
    ms, part_ns = divmod(time.time_ns(), 1_000_000)
    number = ms << 80 | 0x7000 << 64 | (part_ns * 4096 // 1_000_000) << 64
    return uuid.UUID(int=number | 0x8000 << 48 | int.from_bytes(os.urandom(8), "big") >> 2)
