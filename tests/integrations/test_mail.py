"""Mail under the Deadline: whatever the mail server does, a mail comes to an end in its time, over real sockets."""

import smtplib
import socket
import ssl
import threading
import time
from contextlib import suppress
from itertools import takewhile

import pytest
from django.core.mail import EmailMessage

from integrations import mail
from tests.integrations.http.test_tls import certificate
from tests.waiting import PATIENCE_S, SLACK_S

pytestmark = pytest.mark.faults

LIMIT_MS = 600
ANSWERS = {
    "EHLO": b"250-localhost\r\n250 STARTTLS\r\n",
    "STARTTLS": b"220 go on\r\n",
    "DATA": b"354 go on\r\n",
    "QUIT": b"221 bye\r\n",
}


class MailServer:
    """A mail server of one connection, which is `over` once the client has closed it.

    `drips_at`: the command that it answers one byte at a time, for ever; `refuses`: the one that it says no to.
    """

    def __init__(
        self, context: ssl.SSLContext, *, tls_first: bool = False, drips_at: str = "", refuses: str = ""
    ) -> None:
        self._context, self._tls_first, self._drips_at = context, tls_first, drips_at
        self._answers = ANSWERS | {refuses: b"454 not now\r\n"}
        self.mails: list[bytes] = []
        self.over = threading.Event()
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> "MailServer":
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stopped.set()
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with suppress(OSError), self._secure(connection) if self._tls_first else connection as connection:
            self._answer(connection, "greeting", b"220 localhost\r\n")
            self._talk(connection)
        self.over.set()

    def _secure(self, connection: socket.socket) -> ssl.SSLSocket:
        return self._context.wrap_socket(connection, server_side=True)

    def _talk(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            while line := lines.readline():
                command = line.split()[0].decode().upper()
                self._answer(connection, command, self._answers.get(command, b"250 ok\r\n"))
                if command == "STARTTLS":
                    with self._secure(connection) as secure:
                        return self._talk(secure)
                if command == "DATA":
                    self.mails.append(b"".join(takewhile(lambda line: line != b".\r\n", lines)))
                    self._answer(connection, "text", b"250 taken\r\n")

    def _answer(self, connection: socket.socket, command: str, words: bytes) -> None:
        if command == self._drips_at:
            while not self._stopped.wait(0.05):
                connection.sendall(words[:3] + b"-")
        connection.sendall(words)


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Starts a server whose certificate is trusted, and gives it with a backend for it."""
    monkeypatch.setattr(mail, "SEND_LIMIT_MS", LIMIT_MS)
    cert, key = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    def start(*, tls_first: bool = False, **behaviour: str) -> tuple[MailServer, mail.EmailBackend]:
        server = MailServer(context, tls_first=tls_first, **behaviour)
        return server, mail.EmailBackend(
            host="localhost", port=server.port, use_ssl=tls_first, use_tls=not tls_first
        )

    return start


def message() -> EmailMessage:
    return EmailMessage("Account broken", "Reconnect it.", "holdfast@example.com", ["ann@example.com"])


@pytest.mark.parametrize("tls_first", [True, False], ids=["smtps", "starttls"])
def test_mail_arrives_over_tls(serve, tls_first):
    server, backend = serve(tls_first=tls_first)
    with server:
        assert backend.send_messages([message()]) == 1
    assert b"Subject: Account broken" in server.mails[0]


def test_mail_server_may_stand_in_the_private_network(serve, settings):
    settings.ALLOW_LOOPBACK_PROVIDERS = False
    server, backend = serve()
    with server:
        assert backend.send_messages([message()]) == 1


def test_shutdown_does_not_cut_a_mail(serve, monkeypatch):
    server, backend = serve()
    stopping = threading.Event()
    stopping.set()
    monkeypatch.setattr("jobs.deadline.shutdown_requested", stopping)
    with server:
        assert backend.send_messages([message()]) == 1


def test_server_that_will_not_talk_is_left_at_once(serve):
    server, backend = serve(refuses="STARTTLS")
    with server:
        with pytest.raises(smtplib.SMTPResponseException):
            backend.open()
        assert server.over.wait(PATIENCE_S)


@pytest.mark.parametrize("command", ["greeting", "EHLO", "STARTTLS"])
def test_server_that_drips_before_it_takes_a_mail_is_cut_at_the_limit(serve, command):
    server, backend = serve(drips_at=command)
    began = time.monotonic()
    with server, pytest.raises(TimeoutError):
        backend.open()
    assert time.monotonic() - began <= LIMIT_MS / 1000 + SLACK_S
    assert not server.mails


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "text"])
def test_server_that_drips_while_it_takes_a_mail_is_cut_at_the_limit(serve, command):
    server, backend = serve(drips_at=command)
    began = time.monotonic()
    with server, pytest.raises(TimeoutError):
        backend.send_messages([message()])
    assert time.monotonic() - began <= LIMIT_MS / 1000 + SLACK_S


def test_mail_that_was_taken_is_sent_though_the_goodbye_is_never_answered(serve):
    server, backend = serve(drips_at="QUIT")
    with server:
        assert backend.send_messages([message()]) == 1
    assert len(server.mails) == 1
