"""Django's SMTP backend under a Deadline.

The timeout of smtplib is per socket operation, so a server that sends one byte now and then holds a worker until its
job is killed, and what became of the mail is unknown. Here one mail has SEND_LIMIT_MS from the look-up of the server's
name to its last word.
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.core.mail.backends import smtp
from django.utils.functional import cached_property

from integrations.transport import (
    CallGuard,
    GuardedSocket,
    GuardedTLSSocket,
    current_guard,
    guarded,
    open_socket,
)
from jobs.deadline import Deadline
from jobs.errors import DeadlineExceeded

SEND_LIMIT_MS = 20_000
"""For one connection and what is sent over it: a job that mails has 60 s."""


def is_off() -> bool:
    """Whether mails are dropped, as EMAIL_URL is not set in production."""
    return settings.EMAIL_BACKEND == "django.core.mail.backends.dummy.EmailBackend"


@contextmanager
def _in_time() -> Iterator[None]:
    try:
        yield
    except DeadlineExceeded:
        raise TimeoutError("the mail server took too long") from None


class _Guarded(smtplib.SMTP):
    def _get_socket(self, host: str, port: int, timeout: float) -> GuardedSocket:
        # An operator has named the server: it may well stand in the private network.
        return open_socket(host, port, current_guard(), public_only=False)

    def getreply(self) -> tuple[int, bytes]:
        with self._closing(), _in_time():
            return super().getreply()

    def send(self, s: bytes | str) -> None:
        with self._closing(), _in_time():
            super().send(s)

    @contextmanager
    def _closing(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            self.close()
            raise


class _GuardedTLS(smtplib.SMTP_SSL, _Guarded):
    pass


class EmailBackend(smtp.EmailBackend):
    """Raises TimeoutError where the time is over, OSError as Django's does."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._guard = CallGuard(Deadline.after_ms(SEND_LIMIT_MS), finish_once_started=True)
        self._guard.started = True  # a shutdown waits for a mail: cut off, its outcome would be unknown

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _GuardedTLS if self.use_ssl else _Guarded

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.sslsocket_class = GuardedTLSSocket
        return context

    def open(self) -> bool | None:
        """Connect and log in; what was half opened is closed."""
        try:
            with guarded(self._guard), _in_time():
                return super().open()
        except OSError:
            self.close()
            raise

    def send_messages(self, email_messages: list) -> int:
        """How many were handed over."""
        with guarded(self._guard), _in_time():
            return super().send_messages(email_messages)

    def close(self) -> None:
        """Say goodbye; a server that does not answer to that has taken the mail all the same."""
        with suppress(OSError), guarded(self._guard), _in_time():
            super().close()
