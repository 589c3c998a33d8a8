"""Primary keys: of the version they claim, and in the order of time."""

import time
import uuid

from jobs.ids import uuid7


def test_a_key_is_of_version_7_and_tells_its_millisecond():
    before_ms = time.time_ns() // 1_000_000
    key = uuid7()

    assert (key.version, key.variant) == (7, uuid.RFC_4122)
    assert before_ms <= key.int >> 80 <= time.time_ns() // 1_000_000


def test_keys_made_microseconds_apart_sort_as_they_were_made():
    keys = []
    for _ in range(50):
        keys.append(uuid7())
        wait_until_ns = time.time_ns() + 2_000
        while time.time_ns() < wait_until_ns:
            pass

    assert keys == sorted(keys)
