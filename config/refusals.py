"""Requests that Django or gunicorn refuses before any view sees them: a wrong Host header, a line that is no HTTP.

Whoever scans the internet makes thousands of them. Each kind gets a line a minute, with how many there were, without a
traceback and without anything that the client wrote.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

EVERY_S = 60.0
SECURITY, GUNICORN = "django.security.", "gunicorn.error"


class Fold(logging.Filter):
    """The filter that does it. Of other refusals (403, 400) it takes the traceback: they are the client's doing."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._due: dict[str, float] = {}
        self._counts: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "django.request" and getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        kind = _kind(record)
        if not kind:
            return True
        with self._lock:
            self._counts[kind] += 1
            if self._clock() < self._due.get(kind, 0.0):
                return False
            self._due[kind] = self._clock() + EVERY_S
            count = self._counts.pop(kind)
        record.msg, record.args = f"requests refused ({kind}): {count}", None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = record.exc_text = None
        record.__dict__.pop("request", None)
        return True


def _kind(record: logging.LogRecord) -> str:
    """What was wrong with the request, by the name of Django's exception; "" for any other record."""
    if record.name.startswith(SECURITY) and record.levelno >= logging.ERROR:
        return record.name.removeprefix(SECURITY)
    refused = record.name == GUNICORN and str(record.msg).startswith("Invalid request from ")
    return "InvalidRequest" if refused else ""
