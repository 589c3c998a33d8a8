"""Reports errors to a Sentry server if SENTRY_DSN is set; no other module needs sentry-sdk.

Events contain only what an allow list names: constant text of our log messages, error classes, places in the code, and
ids. sentry-sdk's integrations are off, because they collect requests, queries and local variables.
"""

import logging
import re
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from django.core.exceptions import ImproperlyConfigured

from jobs.failures import chain

OURS = {"admin", "api", "config", "demo", "inbox", "insights", "integrations", "jobs"}
NAME = "a name that the product declares"
ID = r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}"
TAGS = {
    "attempt": r"\d{1,4}",
    "column": NAME,
    "constraint": NAME,
    "error_class": NAME,
    "fault": NAME,
    "integration_id": ID,
    "job_id": ID,
    "kind": NAME,
    "outcome": NAME,
    "provider": NAME,
    "pruner": NAME,
    "request_id": ID,
    "send_id": ID,
    "source": NAME,
    "status": r"\d{3}",
    "table": NAME,
    "tick": NAME,
    "where": r"[\w/]{1,80}\.py:\w{1,60}:\d{1,5}",
    "workspace_id": ID,
}
"""The log fields that are sent, each with its allowed content: an id, a number, a place in the code, or one of `names`.
All other text is left out, because even a secret key is one short word."""
KEPT = {
    *(
        "environment",
        "event_id",
        "exception",
        "level",
        "logger",
        "logentry",
        "platform",
        "release",
        "sdk",
        "tags",
    ),
    "timestamp",
}
"""The only parts of an event that are sent, whatever sentry-sdk adds."""
MOST_ERRORS = 10
"""The most errors that are sent of one chain of causes. The root cause is always among them."""
ROOT = Path(__file__).resolve().parent.parent
MISSING = (
    "SENTRY_DSN is set, but the package that it needs is not installed: "
    "pip install --require-hashes -r requirements-sentry.txt."
)


class Handler(logging.Handler):
    """A logging handler that sends ERROR records to the Sentry server of `dsn`, except those of refused requests.
    Raises ImproperlyConfigured if sentry-sdk is missing or `dsn` is invalid.
    """

    def __init__(self, dsn: str, release: str) -> None:
        try:
            import sentry_sdk
        except ImportError:
            raise ImproperlyConfigured(MISSING) from None
        try:
            self._client = sentry_sdk.Client(
                dsn=dsn,
                release=release,
                server_name="",
                before_send=allowed,
                default_integrations=False,
                auto_enabling_integrations=False,
                include_local_variables=False,
                include_source_context=False,
                max_request_body_size="never",
                max_breadcrumbs=0,
                auto_session_tracking=False,
                send_client_reports=False,
                shutdown_timeout=2,
            )
        except sentry_sdk.utils.BadDsn:
            raise ImproperlyConfigured(
                "SENTRY_DSN must be a DSN like https://key@sentry.example.com/1."
            ) from None
        super().__init__(logging.ERROR)  # last, because logging keeps a reference to the handler

    def emit(self, record: logging.LogRecord) -> None:
        refused = record.name.startswith("django.security.") or getattr(record, "status_code", 500) < 500
        if refused or record.name.partition(".")[0] in ("sentry_sdk", "urllib3"):
            return
        try:
            self._client.capture_event(cast("Any", event_of(record)))
        except Exception as error:  # logging itself would print the record's arguments and the error's text
            with suppress(OSError, ValueError):  # standard error is closed
                print(f"An error was not reported to Sentry: {type(error).__name__}", file=sys.stderr)

    def flush(self) -> None:
        self._client.flush(timeout=2)


def event_of(record: logging.LogRecord) -> dict[str, Any]:
    """Builds the Sentry event for a log record: the record's constant text, its error, and its ids."""
    vocabulary = names()
    event: dict[str, Any] = {
        "level": "error",
        "logger": record.name,
        "logentry": {"message": text_of(record)},
        "tags": {
            name: str(field)
            for name, field in vars(record).items()
            if name in TAGS and field is not None and _passes(str(field), TAGS[name], vocabulary)
        },
    }
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        links = chain(error, hidden=False)
        del links[MOST_ERRORS - 1 : -1]  # the root cause, which is last, stays
        event["exception"] = {"values": [_exception(link) for link in reversed(links)]}
    return event


def _passes(text: str, form: str, vocabulary: set[str]) -> bool:
    return text in vocabulary if form is NAME else re.fullmatch(form, text, re.ASCII) is not None


def names() -> set[str]:
    """The names that may be sent to Sentry, such as those of tables, job kinds and error classes. Empty until Django
    has started.
    """
    from django.apps import apps

    if not apps.ready:
        return set()
    from integrations import registry
    from jobs.db import Fault
    from jobs.kinds import KINDS
    from jobs.retention import PRUNERS
    from jobs.ticks import TICKS

    words = {*KINDS, *TICKS, *PRUNERS, *Fault, *registry.specs(), *registry.webhook_sources()}
    for model in apps.get_models():
        words |= {model._meta.db_table, *(constraint.name for constraint in model._meta.constraints)}
        for field in model._meta.concrete_fields:
            words |= {field.column, *(str(choice) for choice, _ in field.flatchoices)}
    return words | _error_classes()


def _error_classes() -> set[str]:
    waiting: list[type[BaseException]] = [BaseException]
    classes = set(waiting)
    while waiting:
        fresh = set(waiting.pop().__subclasses__()) - classes
        classes |= fresh
        waiting += fresh
    return {each.__name__ for each in classes}


def text_of(record: logging.LogRecord) -> str:
    """The format string of a log message, without its arguments. A library's message may contain anything, so the name
    of its logger is used instead.
    """
    ours = record.name.partition(".")[0] in OURS
    return str(record.msg) if ours else f"An error in {record.name}"


def allowed(event: Any, _hint: Any = None) -> Any:
    """sentry-sdk's hook `before_send`, which drops all fields that may not be sent."""
    return {name: field for name, field in event.items() if name in KEPT}


def _exception(error: BaseException) -> dict[str, Any]:
    """Describe an error by its class and places, without its text, which may quote a person or a row."""
    return {
        "type": type(error).__name__,
        "module": type(error).__module__,
        "value": "",
        "stacktrace": {"frames": _frames(error.__traceback__)},
    }


def _frames(trace: TracebackType | None) -> list[dict[str, Any]]:
    frames = []
    for frame, line in traceback.walk_tb(trace):
        file = Path(frame.f_code.co_filename)
        ours = file.is_relative_to(ROOT) and not file.is_relative_to(ROOT / ".venv")
        frames.append(
            {
                "filename": str(file.relative_to(ROOT)) if ours else file.name,
                "module": frame.f_globals.get("__name__", ""),
                "function": frame.f_code.co_name,
                "lineno": line,
                "in_app": ours,
            }
        )
    return frames
