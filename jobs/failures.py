"""What is kept of an error: enough to find the cause, nothing of people's text.

Messages of our own errors are written by us and kept. Any other message may quote a payload or a row, so it is
replaced by the place it was raised at. Tracebacks keep places only: no values, no source lines.
"""

import hashlib
import traceback
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from jobs.errors import Cancelled, PermanentError, ShutdownRequested, Snooze, TransientError

OWN = (TransientError, PermanentError, Cancelled, ShutdownRequested, Snooze)
MAX_FRAMES = 40


@dataclass(frozen=True)
class Failure:
    """An error as it is stored. `fingerprint` is the same for the same kind, class and place."""

    error_class: str = ""
    message: str = ""
    traceback: str = ""
    fingerprint: str = ""


NO_FAILURE = Failure()


def describe(error: BaseException, kind: str) -> Failure:
    """Reduce `error`, raised by a job of `kind`, to what may be kept."""
    name = _class_name(error)
    place, line = _place(error)
    message = str(error) if isinstance(error, OWN) else f"{type(error).__name__} at {place}:{line}"
    if state := getattr(error.__cause__, "sqlstate", None):
        message = f"{message} (SQLSTATE {state})"
    # Without the line, which moves with every edit above it.
    digest = hashlib.sha256(f"{kind}|{name}|{place}".encode()).hexdigest()[:16]
    return Failure(name[:200], message[:500], _places(error), digest)


def _class_name(error: BaseException) -> str:
    cls = type(error)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def _relative(filename: str) -> str:
    path = Path(filename)
    if "site-packages" in path.parts:
        return "/".join(path.parts[path.parts.index("site-packages") + 1 :])
    return str(path.relative_to(settings.BASE_DIR)) if path.is_relative_to(settings.BASE_DIR) else path.name


def _place(error: BaseException) -> tuple[str, int]:
    """The innermost frame of our own code, else the innermost of all, as (path:function, line)."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "no frame", 0
    root = str(settings.BASE_DIR)
    ours = [f for f in frames if f.filename.startswith(root) and "site-packages" not in f.filename]
    frame = (ours or list(frames))[-1]
    return f"{_relative(frame.filename)}:{frame.name}", frame.lineno or 0


def _places(error: BaseException) -> str:
    lines: list[str] = []
    current: BaseException | None = error
    while current is not None and len(lines) < MAX_FRAMES:
        lines.append(_class_name(current))
        frames = traceback.extract_tb(current.__traceback__)[-MAX_FRAMES:]
        lines += [f"  {_relative(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n".join(lines[: 2 * MAX_FRAMES])
