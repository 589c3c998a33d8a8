"""Shortens repetitive logs: equal warnings and refused requests are logged once a minute, with their count.

Each process warns many times a minute while the database is down. Internet scanners cause thousands of refused
requests, such as those with a wrong Host header. Their lines contain no text from the client. Responses with 503 are
folded too, because their cause has a line of its own.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus

EVERY_S = 60.0
MOST_KINDS = 1_000
"""The most kinds of records that are remembered. Beyond that, those whose minute is over are forgotten; while there are
none, new kinds are logged every time."""
FORGET_EVERY_S = 1.0
OF_EVERY_RECORD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
SECURITY, GUNICORN = "django.security.", "gunicorn.error"


class Fold(logging.Filter):
    """Passes one record per minute for equal warnings, and for each kind of refused request.

    `times` holds the number of folded warnings. Records of responses below 500 lose their traceback.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._due: dict[str, float] = {}
        self._forget_at = 0.0
        self._counts: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "django.request" and getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        if kind := _kind(record):
            if count := self._count(kind):
                record.msg, record.args = f"requests refused ({kind}): {count}", None
                record.levelno, record.levelname = logging.WARNING, "WARNING"
                record.exc_info = record.exc_text = None
                record.__dict__.pop("request", None)
            return count > 0
        if record.levelno != logging.WARNING:
            return True
        try:
            words = _said(record)
        except Exception:  # unprintable: the handler reports it, and the caller continues
            return True
        count = self._count(words)
        if count > 1:
            record.times = count
        return count > 0

    def _count(self, kind: str) -> int:
        with self._lock:
            now = self._clock()
            if len(self._due) >= MOST_KINDS and now >= self._forget_at:
                self._forget(now)
                self._forget_at = now + FORGET_EVERY_S
            if len(self._due) >= MOST_KINDS and kind not in self._due:
                return 1
            self._counts[kind] += 1
            if now < self._due.get(kind, 0.0):
                return 0
            self._due[kind] = now + EVERY_S
            return self._counts.pop(kind)

    def _forget(self, now: float) -> None:
        self._due = {kind: due for kind, due in self._due.items() if now < due}
        self._counts = Counter({kind: count for kind, count in self._counts.items() if kind in self._due})


def _kind(record: logging.LogRecord) -> str:
    """The kind of a refused request: Django's exception or the status. "" for any other record."""
    if record.name.startswith(SECURITY) and record.levelno >= logging.ERROR:
        return record.name.removeprefix(SECURITY)
    if (
        record.name == "django.request"
        and getattr(record, "status_code", 500) == HTTPStatus.SERVICE_UNAVAILABLE
    ):
        return "ServiceUnavailable"
    refused = record.name == GUNICORN and str(record.msg).startswith("Invalid request from ")
    return "InvalidRequest" if refused else ""


def _said(record: logging.LogRecord) -> str:
    """The whole content of a record, except for its time."""
    extra = {name: field for name, field in record.__dict__.items() if name not in OF_EVERY_RECORD}
    error = record.exc_info[1] if record.exc_info else None
    return repr((record.name, record.getMessage(), sorted(extra.items()), type(error), str(error or "")))
