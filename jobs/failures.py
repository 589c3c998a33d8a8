"""Reduces an error to the parts that may be stored, which suffice to find the cause and contain no user text.

Messages of our own error classes are kept. Any other message may quote a payload or a row, so the place in the code
that raised the error replaces the message. Tracebacks keep only places, without values or source lines.
"""

import hashlib
import traceback
from dataclasses import dataclass
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import Error

from jobs.errors import Cancelled, PermanentError, ShutdownRequested, Snooze, TransientError

OWN = (TransientError, PermanentError, Cancelled, ShutdownRequested, Snooze)
MAX_FRAMES = 40
PASSED_BY_ALL = {"execute_limited"}
"""Every statement of a page passes through this function (config.pages), so it is never the place of an error."""


@dataclass(frozen=True)
class Failure:
    """The stored form of a job's error. Errors with the same kind, class and place share a `fingerprint`."""

    error_class: str = ""
    message: str = ""
    traceback: str = ""
    fingerprint: str = ""


NO_FAILURE = Failure()


def describe(error: BaseException, kind: str) -> Failure:
    """Describes `error` by its class, message, places in the code and fingerprint, without user text."""
    name = _class_name(error)
    place, line = _place(error)
    message = str(error) if isinstance(error, OWN) else f"{type(error).__name__} at {place}:{line}"
    if facts := database_facts(error):
        words = (f"{'SQLSTATE' if name == 'sqlstate' else name} {fact}" for name, fact in facts.items())
        message = f"{message} ({', '.join(words)})"
    # The line number is left out of the fingerprint, because it changes with every edit above the line.
    digest = hashlib.sha256(f"{kind}|{name}|{place}".encode()).hexdigest()[:16]
    return Failure(name[:200], message[:500], _places(error), digest)


def where(error: BaseException) -> str:
    """Returns the place that raised `error`, as "path:function:line": the innermost frame of our code, if any."""
    place, line = _place(error)
    return f"{place}:{line}"


def database_facts(error: BaseException) -> dict[str, str]:
    """Returns the `sqlstate`, `constraint`, `table` and `column` of a PostgreSQL error; {} for any other error.
    PostgreSQL's message is left out, because it may quote a row.
    """
    refused = next((cause for cause in chain(error) if isinstance(cause, psycopg.Error)), None)
    if refused is None:
        return {}
    diagnostics = refused.diag
    facts = {
        "sqlstate": refused.sqlstate,
        "constraint": diagnostics.constraint_name,
        "table": diagnostics.table_name,
        "column": diagnostics.column_name,
    }
    return {name: fact for name, fact in facts.items() if fact}


def facts_of(error: BaseException) -> dict[str, str]:
    """Returns the `extra` of a log record about `error`: its class, its place in our code, and `database_facts`."""
    return {"error_class": type(error).__name__, "where": where(error), **database_facts(error)}


def without_rows(text: str, error: BaseException) -> str:
    """Removes the messages of database errors, which may quote a row, from `text`, the printed traceback of `error`."""
    for cause in chain(error):
        if isinstance(cause, (Error, psycopg.Error)) and str(cause):
            text = text.replace(str(cause), "[a message of the database]")
    return text


def chain(error: BaseException, *, hidden: bool = True) -> list[BaseException]:
    """Returns `error` and the errors that caused it, the root cause last, each once. Errors that `raise … from None`
    hides are left out unless `hidden`.
    """
    links: dict[int, BaseException] = {}
    current: BaseException | None = error
    while current is not None and id(current) not in links:
        links[id(current)] = current
        follows_context = hidden or not current.__suppress_context__
        current = current.__cause__ or (current.__context__ if follows_context else None)
    return list(links.values())


def _class_name(error: BaseException) -> str:
    cls = type(error)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def _relative(filename: str) -> str:
    path = Path(filename)
    if "site-packages" in path.parts:
        return "/".join(path.parts[path.parts.index("site-packages") + 1 :])
    return str(path.relative_to(settings.BASE_DIR)) if path.is_relative_to(settings.BASE_DIR) else path.name


def _place(error: BaseException) -> tuple[str, int]:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "no frame", 0
    root = str(settings.BASE_DIR)
    ours = [f for f in frames if f.filename.startswith(root) and "site-packages" not in f.filename]
    ours = [frame for frame in ours if frame.name not in PASSED_BY_ALL]
    frame = (ours or list(frames))[-1]
    return f"{_relative(frame.filename)}:{frame.name}", frame.lineno or 0


def _places(error: BaseException) -> str:
    parts: list[list[str]] = []
    for cause in chain(error, hidden=False):
        frames = traceback.extract_tb(cause.__traceback__)[-MAX_FRAMES:]
        lines = [f"  {_relative(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames]
        parts.append([_class_name(cause), *lines])
    *outer, root = parts  # the root cause is never left out
    return "\n".join([*[line for part in outer for line in part][: 2 * MAX_FRAMES - len(root)], *root])
