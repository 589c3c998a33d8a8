"""The logging configuration: JSON lines in production, readable lines in development, and no secrets in either format.

Equal warnings and refused requests are logged once a minute, with their count. Each process warns many times a minute
while the database is down. Internet scanners cause thousands of refused requests, such as those with a wrong Host
header. The log lines of refused requests contain no text from the client. Responses with 503 also count as equal,
because their cause has a log line of its own.
"""

import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog

from jobs.failures import database_facts, where, without_rows
from jobs.redaction import redact_addresses, redact_path, redact_traceback

SECRET_NAMES = re.compile(r"(?i)secret|token|password|authorization|api_?key|signature|cookie")
ADDRESSES = {"event", "path", "request"}
"""Fields that describe a request. They are redacted as a whole, because an address in them may contain a space."""


def redact_event(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor that redacts secrets in every field of a log line, and removes query strings from URLs."""
    for name, field in event.items():
        if not name.startswith("_") and name != "exc_info":
            event[name] = _redacted(name, field)
    return event


def print_exception(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor that adds an error's traceback without secrets and without values of database rows. For a
    database error, the processor adds the constraint, table, column, and the place in our code.
    """
    exc_info = event.get("exc_info")
    error = exc_info[1] if isinstance(exc_info, tuple) else None
    event = dict(structlog.processors.format_exc_info(logger, method, event))
    if "exception" in event:
        printed = without_rows(event["exception"], error) if error else event["exception"]
        event["exception"] = redact_traceback(printed)
    if error is not None and (facts := database_facts(error)):
        event |= {"where": where(error), **facts}
    return event


def _redacted(name: str, field: object) -> object:
    if SECRET_NAMES.search(name):
        return "[redacted]"
    # Django passes the request object to its loggers, and the text of a request contains its URL.
    if name in ADDRESSES:
        return redact_path(str(field))
    if isinstance(field, str):
        return redact_addresses(field)
    if isinstance(field, dict):
        return {key: _redacted(str(key), part) for key, part in field.items()}
    if isinstance(field, list | tuple):
        return [_redacted("", part) for part in field]
    return field


PROCESSORS = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    redact_event,
]
LOGGERS: dict[str, dict[str, Any]] = {
    # Django's own log handlers are left out, because they would write messages without redaction.
    "django": {"level": "INFO"},
    "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    "django.request": {"filters": ["without_outages"]},
    "axes": {"level": "WARNING"},
    # integrations.http.call_reports logs each outside call once, with its outcome
    "httpx2": {"level": "WARNING"},
    "django-q": {"level": "WARNING"},  # django-q2 logs several lines per wake-up; jobs log their own end
}


def logging_config(debug: bool, *, sentry_dsn: str = "", release: str = "") -> dict[str, Any]:
    """Returns Django's setting LOGGING, in which all loggers write to standard error. With `sentry_dsn`, Sentry gets
    errors.
    """
    sentry = {"()": "config.sentry.Handler", "dsn": sentry_dsn, "release": release}
    renderer = (
        structlog.dev.ConsoleRenderer(colors=False)
        if debug
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": PROCESSORS,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    print_exception,
                    renderer,
                ],
            }
        },
        "filters": {
            "fold": {"()": "config.logs.Fold"},
            "without_outages": {"()": "config.pages.WithoutOutages"},
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "structured", "filters": ["fold"]},
            **({"sentry": sentry} if sentry_dsn else {}),
        },
        "root": {"handlers": ["stderr", *(["sentry"] if sentry_dsn else [])], "level": "INFO"},
        "loggers": LOGGERS,
    }


EVERY_S = 60.0
MOST_KINDS = 1_000
"""The most kinds of records that a Fold remembers. Beyond that, it forgets the kinds whose minute is over. If there are
none, it passes every record of a new kind."""
FORGET_EVERY_S = 1.0
OF_EVERY_RECORD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
SECURITY, GUNICORN = "django.security.", "gunicorn.error"


class Fold(logging.Filter):
    """A logging filter that passes one of several equal warnings a minute, and one refused request of each kind.

    `times` in a warning is the number of equal warnings for which it stands: itself, and those dropped before it.
    Records of responses with a status below 500 lose their traceback.
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
        # the log record cannot be formatted: the handler reports that, and the caller continues
        except Exception:
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
    """The kind of a refused request: the name of Django's exception, or the HTTP status. A record that is not about a
    refused request has the kind "".
    """
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
    extra = {name: field for name, field in record.__dict__.items() if name not in OF_EVERY_RECORD}
    error = record.exc_info[1] if record.exc_info else None
    return repr((record.name, record.getMessage(), sorted(extra.items()), type(error), str(error or "")))
