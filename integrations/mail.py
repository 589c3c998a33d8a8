"""Django's SMTP backend with a limit on the total time of sending a mail.

The timeout of smtplib applies to each socket operation. A server that sends a byte now and then could block a worker
until its job is killed, and nobody would know whether the mail was sent. Our backend gives a mail SEND_LIMIT_MS, from
resolving the server's name to the server's last response.
"""

import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends import smtp
from django.utils.functional import cached_property

from integrations.http.transport import (
    CallGuard,
    GuardedSocket,
    GuardedTLSSocket,
    current_guard,
    guarded,
    open_socket,
)
from jobs.deadline import Deadline
from jobs.errors import DeadlineExceeded

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

SEND_LIMIT_MS = 20_000
"""Milliseconds for one connection and everything sent over it. A job that sends mail has 60 s."""


def is_off() -> bool:
    """Whether the product drops its own mails instead of sending them: in production, if EMAIL_URL is not set."""
    return settings.EMAIL_BACKEND == "django.core.mail.backends.dummy.EmailBackend"


@contextmanager
def _in_time() -> Iterator[None]:
    try:
        yield
    except DeadlineExceeded:
        raise TimeoutError("the mail server took too long to respond") from None


class _Guarded(smtplib.SMTP):
    def _get_socket(self, host: str, port: int, timeout: float) -> GuardedSocket:
        # The operator chose this server, so it may be in a private network.
        return open_socket(host, port, current_guard(), public_only=False)

    def getreply(self) -> tuple[int, bytes]:
        with self._closing(), _in_time():
            return super().getreply()

    def send(self, s: "ReadableBuffer | str") -> None:
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
    """Sends mails by SMTP, all within SEND_LIMIT_MS of its creation. Sending may raise TimeoutError and OSError."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._guard = CallGuard(Deadline.after_ms(SEND_LIMIT_MS), finish_once_started=True)
        # A shutdown must not interrupt a mail, or nobody would know whether it was sent.
        self._guard.started = True

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _GuardedTLS if self.use_ssl else _Guarded

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.sslsocket_class = GuardedTLSSocket
        return context

    def open(self) -> bool | None:
        """Returns True for a new connection, False for an open one, None after a silent failure, as in Django."""
        try:
            with guarded(self._guard), _in_time():
                return super().open()
        except OSError:
            self.close()
            raise

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Returns how many mails the server has accepted. Raises OSError and TimeoutError."""
        with guarded(self._guard), _in_time():
            return super().send_messages(email_messages)

    def close(self) -> None:
        """Closes the connection. Errors are ignored, because the server has already accepted the mail."""
        with suppress(OSError), guarded(self._guard), _in_time():
            super().close()
