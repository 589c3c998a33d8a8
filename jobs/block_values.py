"""Sets a variable of the current thread for the length of a `with` block."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Content = TypeVar("Content")


@contextmanager
def during(variable: ContextVar[Content], content: Content) -> Iterator[None]:
    """Returns a context manager inside which `variable` holds `content`."""
    token = variable.set(content)
    try:
        yield
    finally:
        variable.reset(token)
