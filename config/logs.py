"""Logs: one JSON object a line in production, readable lines in development; keys never get in.

A webhook's address holds the key that opens it, and whoever mistypes such an address sends the key to a place that we
do not know. So no address is trusted: what looks like a key is taken out of it wherever it stands, and so is its query.
"""

import re

import structlog

KEY = re.compile(
    r"(?<![\w-])"
    r"(?![0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![\w-]))"  # an id is no secret
    r"(?:(?=[A-Za-z_-]*[0-9])[\w-]{24,}|(?=[a-z_-]*[A-Z])[\w-]{40,})",
    re.ASCII,
)
"""What looks like a key: a run of letters, digits, - and _ that is too long for a word and no name in a program."""
WEBHOOK = re.compile(r"(webhooks?/)([^?'\"\n]*)", re.IGNORECASE)
LONG_SEGMENT = re.compile(r"[^/]{16,}")
"""Behind `webhooks/` any segment that no source has: there it is a key, whatever was pasted into it."""
ONE_TIME_LINK = re.compile(r"(/reconnect/+|/password/+new/+|/invitation/+)[^\s?]+", re.IGNORECASE)
QUERY = re.compile(r"(?<=\S)\?(?=\S)\S+")
ADDRESS = re.compile(r"\S*[/?]\S*")
SECRET_NAMES = re.compile(r"(?i)secret|token|password|authorization|api_?key|signature|cookie")
ADDRESSES = {"event", "path", "request"}
"""The fields of a log line that tell of a request: there a blank may stand inside an address."""


def redact_path(path: str) -> str:
    """`path`, or a text about a request, without its query and without what looks like a key.

    A webhook's address and a one-time link are their own passwords; so is what somebody meant to be one.
    """
    return KEY.sub("[key]", _redact_address(path))


def redact_addresses(text: str) -> str:
    """`text` with the same taken out of its words that have a slash or a question mark; ids in others stay."""
    return ADDRESS.sub(lambda word: redact_path(word[0]), text)


def redact_traceback(text: str) -> str:
    """`text` of a traceback redacted, but for the lines that name a file of the program."""
    lines = text.split("\n")
    return "\n".join(line if line.lstrip().startswith('File "') else redact_path(line) for line in lines)


def _redact_address(text: str) -> str:
    text = WEBHOOK.sub(lambda found: found[1] + LONG_SEGMENT.sub("[key]", found[2]), text)
    return QUERY.sub("?[query]", ONE_TIME_LINK.sub(r"\1[token]", text))


def redact_event(_logger, _method, event: dict) -> dict:
    """The structlog processor that removes what must not be logged, whoever logged it."""
    for name, value in event.items():
        if not name.startswith("_") and name != "exc_info":
            event[name] = _redacted(name, value)
    return event


def redact_exception(_logger, _method, event: dict) -> dict:
    """The structlog processor for what `format_exc_info` has made: an error may quote an address."""
    if "exception" in event:
        event["exception"] = redact_traceback(event["exception"])
    return event


def _redacted(name: str, value: object) -> object:
    if SECRET_NAMES.search(name):
        return "[redacted]"
    if name in ADDRESSES:  # Django hands its loggers the request itself, which shows its address
        return redact_path(str(value))
    if isinstance(value, str):
        return redact_addresses(value)
    if isinstance(value, dict):
        return {key: _redacted(str(key), part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted("", part) for part in value]
    return value


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
                    redact_exception,
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
            # Without the handlers that Django gives it, which write what they are told.
            "django": {"level": "INFO"},
            "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
            "django.request": {"filters": ["without_outages"]},
            "axes": {"level": "WARNING"},
            "httpx2": {
                "level": "WARNING"
            },  # each call is logged once, with its outcome, by integrations.outcomes
            "django-q": {"level": "WARNING"},  # several lines per wake-up; jobs log their own end
        },
    }
