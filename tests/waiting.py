"""How long tests wait. No test decides by the clock: what must happen is waited for until it has, and only what never
happens runs into a limit here. On a machine that is busy with something else, everything takes many times as long.
"""

import time
from collections.abc import Callable
from typing import Any

PATIENCE_S = 120
"""How long a test waits for what must happen before it says that it did not."""

SLACK_S = 5
"""What a call may take beyond its Deadline; what ignores its Deadline hangs for 20 s and more. How close the product
keeps to it is measured by `make bench` (benchmarks/deadlines.py)."""


def until(condition: Callable[[], Any], what: str) -> Any:
    """What `condition()` gives once it is true. Fails, saying `what` did not happen."""
    ends = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < ends, f"not in {PATIENCE_S} s: {what}"
        time.sleep(0.02)
    return found
