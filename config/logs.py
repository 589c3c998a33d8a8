"""Logs: one JSON object a line in production, readable lines in development; keys and addresses never get in."""

import re

import structlog

WEBHOOK_KEY = re.compile(r"(/api/webhooks/(?:ghl/sms|[a-z]+)/)[^/?'\"]{16,}")
ONE_TIME_LINK = re.compile(r"(/reconnect/|/password/new/|/invitation/)[^\s?]+")
SECRET_NAMES = re.compile(r"(?i)secret|token|password|authorization|api_?key|signature|cookie")


def redact_path(path: str) -> str:
    """`path` with a webhook key or a one-time link's token replaced: such an address is its own password."""
    return ONE_TIME_LINK.sub(r"\1[token]", WEBHOOK_KEY.sub(r"\1[key]", path))


def redact_event(_logger, _method, event: dict) -> dict:
    """The structlog processor that removes what must not be logged, whoever logged it."""
    for name, value in event.items():
        if SECRET_NAMES.search(name):
            event[name] = "[redacted]"
        elif (
            isinstance(value, str) or name == "request"
        ):  # Django hands its loggers the request, which shows its path
            event[name] = redact_path(str(value))
    return event


def logging_config(debug: bool) -> dict:
    """Django's LOGGING: everything to standard error through structlog's formatter."""
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact_event,
    ]
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
                "foreign_pre_chain": shared,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    renderer,
                ],
            }
        },
        "filters": {
            "fold": {"()": "config.refusals.Fold"},
            "without_outages": {"()": "config.pages.WithoutOutages"},
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "structured", "filters": ["fold"]}
        },
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
            "django.request": {"filters": ["without_outages"]},
            "axes": {"level": "WARNING"},
            "httpx2": {
                "level": "WARNING"
            },  # each call is logged once, with its outcome, by integrations.outcomes
            "django-q": {"level": "WARNING"},  # several lines per wake-up; jobs log their own end
        },
    }
