"""Parses arguments of commands: a workspace, a time, labelled replies. An invalid argument raises CommandError."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeVar

from django.core.management.base import CommandError

from inbox.models import Workspace
from inbox.replying.prompts import model_calls
from inbox.understanding.evaluate import BadLine, open_labelled
from inbox.workspaces import creation
from integrations.payload import parse_time
from jobs.errors import Snooze

BAD_INPUT = 2
"""The exit code for an unusable file or setting."""
Case = TypeVar("Case")


def workspace_named(name: str) -> Workspace:
    """Returns the workspace with this name or id. Raises CommandError if there is none."""
    try:
        return creation.get_workspace(name)
    except creation.WorkspaceNotFound as error:
        raise CommandError(str(error)) from None


def moment(text: str | None, wrong: str) -> datetime:
    """Parses `text`, a time in ISO 8601 form, and returns an aware datetime. Raises CommandError with the message
    `wrong` if the text is not a time.
    """
    time = parse_time(text) if text else None
    if time is None:
        raise CommandError(wrong)
    return time


def labelled_replies(file: Path, read: Callable[[BinaryIO], Iterable[Case]]) -> list[Case]:
    """Returns the labelled replies of `file`, which `read` parses. Raises CommandError (exit code BAD_INPUT)."""
    try:
        with open_labelled(file) as lines:
            cases = list(read(lines))
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}", returncode=BAD_INPUT) from None
    except BadLine as error:
        raise CommandError(f"{file}: {error}", returncode=BAD_INPUT) from None
    if not cases:
        raise CommandError(f"{file}: the file has no labelled replies", returncode=BAD_INPUT)
    return cases


@contextmanager
def model_answers() -> Iterator[None]:
    """Raises CommandError if the `with` block finds no model."""
    try:
        yield
    except model_calls.NoModel as reason:
        raise CommandError(str(reason), returncode=BAD_INPUT) from None
    except Snooze as outage:
        raise CommandError(f"{outage} Run it again later.", returncode=1) from None
