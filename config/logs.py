"""The logging configuration: JSON lines in production, readable lines in development, and no secrets in either."""

import re
from typing import Any

import structlog

from jobs.failures import database_facts, where, without_rows
from jobs.redaction import redact_addresses, redact_path, redact_traceback

SECRET_NAMES = re.compile(r"(?i)secret|token|password|authorization|api_?key|signature|cookie")
ADDRESSES = {"event", "path", "request"}
"""Fields that describe a request. They are redacted as a whole, because an address in them may contain a space."""


def redact_event(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor that redacts secrets in every field, and removes queries from addresses."""
    for name, field in event.items():
        if not name.startswith("_") and name != "exc_info":
            event[name] = _redacted(name, field)
    return event


def print_exception(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor that adds the error's traceback without secrets and without row values. For a database
    error, it adds the constraint, table, column, and the place in our code.
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
    # Django passes the request object to its loggers, and its text contains the address.
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
    # Django's own handlers are left out, because they would write the text unredacted.
    "django": {"level": "INFO"},
    "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    "django.request": {"filters": ["without_outages"]},
    "axes": {"level": "WARNING"},
    "httpx2": {"level": "WARNING"},  # integrations.http.call_reports logs each call once, with its outcome
    "django-q": {"level": "WARNING"},  # several lines per wake-up; jobs log their own end
}


def logging_config(debug: bool, *, sentry_dsn: str = "", release: str = "") -> dict[str, Any]:
    """Django's LOGGING: all loggers write to standard error. With `sentry_dsn`, errors also go to Sentry."""
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
            "fold": {"()": "config.log_folding.Fold"},
            "without_outages": {"()": "config.pages.WithoutOutages"},
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "structured", "filters": ["fold"]},
            **({"sentry": sentry} if sentry_dsn else {}),
        },
        "root": {"handlers": ["stderr", *(["sentry"] if sentry_dsn else [])], "level": "INFO"},
        "loggers": LOGGERS,
    }
