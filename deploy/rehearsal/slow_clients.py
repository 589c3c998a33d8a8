"""Holds 64 slow clients against an installation, half with slow headers, half with slow bodies: `make rehearse-slow`.

Behind the shipped nginx, the p95 of pages may be at most 1.5 times as long as in rounds without slow clients. Without a
proxy, `/healthz` must answer at HEALTH_BIND, and the web process must cut off each slow client.
"""

import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from config.web_worker import LEAST_S, SLOW_CLIENT_S
from deploy.rehearsal.freeze import asked_for_health
from deploy.rehearsal.machine import start_nginx
from deploy.rehearsal.strain import PASSWORD, Findings, Site, at, run, told
from deploy.rehearsal.visitors import Person

CLIENTS = 64
ROUNDS, ROUND_S = 4, 15
PAGES_RATIO, HEALTHZ_P99_S = 1.5, 0.25
CUT_WITHIN_S = SLOW_CLIENT_S + LEAST_S * CLIENTS / 8 + 15
"""The seconds after which all clients must be cut off, even if one process of eight threads holds all of them. 15 s of
this are for a busy machine.
"""
BYTE_EVERY_S = 1.0
PROXY = "Host: localhost\r\nX-Forwarded-Proto: https\r\n"
HEADERS = f"GET /login/ HTTP/1.1\r\n{PROXY}X-Slow: "
BODY = f"POST %s HTTP/1.1\r\n{PROXY}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{"
"""A POST to a webhook's address with the right key. With a wrong key, the product would not read the body."""


class SlowClients:
    """Clients that send a byte a second during a `with` block. With `again`, they reconnect when they are cut off."""

    def __init__(self, connect: Callable[[], socket.socket], hook: str, *, again: bool) -> None:
        self._connect, self._again = connect, again
        self._begun = (BODY % hook, HEADERS)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._hold)
        self.cut_after: list[float] = []
        """The seconds after which each client was cut off."""

    def __enter__(self) -> "SlowClients":
        self._open = [self._begin(number) for number in range(CLIENTS)]
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        self._thread.join()
        for _, client, _ in self._open:
            client.close()

    @property
    def count(self) -> int:
        """The number of clients that are connected now."""
        return len(self._open)

    def _begin(self, number: int) -> tuple[int, socket.socket, float]:
        client = self._connect()
        client.sendall(self._begun[number % 2].encode())
        client.setblocking(False)
        return number, client, time.monotonic()

    def _hold(self) -> None:
        while not self._over.wait(BYTE_EVERY_S):
            still = [one for one in self._open if goes_on(one[1])]
            cut = [one for one in self._open if one not in still]
            self.cut_after += [time.monotonic() - began for _, _, began in cut]
            for number, client, _ in cut:
                client.close()
                with suppress(OSError):  # a client that cannot connect is left out
                    still += [self._begin(number)] if self._again else []
            self._open = still


def goes_on(client: socket.socket) -> bool:
    """Sends one more byte. Returns whether the server still waits for the rest of the request."""
    try:
        client.send(b"x")
        with suppress(BlockingIOError, ssl.SSLWantReadError):
            return client.recv(4_096) == b"x"  # after an answer or a close, the server waits no longer
    except (BlockingIOError, ssl.SSLWantWriteError):
        return True
    except OSError:
        return False
    return True


def play(stack: ExitStack, home: Path, found: Findings) -> None:
    site = Site(stack, home / "site")
    url, certificate = start_nginx(site.machine, site.installation.webs)
    person = Person(url, certificate, site.server, site.workspace, PASSWORD)
    behind_nginx(site, int(url.rpartition(":")[2]), person, found)
    without_proxy(site, found)


def behind_nginx(site: Site, port: int, person: Person, found: Findings) -> None:
    """Measures pages alternately without and with slow clients, so that other work of the machine affects both."""
    trust = ssl.create_default_context(cafile=str(site.machine.home / "etc" / "fullchain.pem"))

    def connect() -> socket.socket:
        plain = socket.create_connection(("127.0.0.1", port), 30)
        return trust.wrap_socket(plain, server_hostname="localhost")

    alone, beside = list[float](), list[float]()
    visit(person, 5)
    for _ in range(ROUNDS):
        alone += visit(person, ROUND_S)
        with SlowClients(connect, site.hook, again=True) as slow:
            beside += visit(person, ROUND_S)
            held = slow.count
    ratio = at(0.95, beside) / at(0.95, alone)
    found.note("behind nginx: pages without slow clients", told(alone))
    found.note(f"behind nginx: pages beside {held} slow clients", told(beside), holds=held == CLIENTS)
    found.note("behind nginx: p95 beside them, by that without", f"{ratio:.2f}", holds=ratio <= PAGES_RATIO)
    found.note(
        "behind nginx: pages not answered 200", str(len(person.counts.wrong)), holds=not person.counts.wrong
    )


def visit(person: Person, seconds: float) -> list[float]:
    """Opens pages for `seconds`, and returns the seconds that each page took."""
    took, ends_at = list[float](), time.monotonic() + seconds
    while time.monotonic() < ends_at:
        began = time.monotonic()
        person.look()
        took.append(time.monotonic() - began)
    return took


def without_proxy(site: Site, found: Findings) -> None:
    def connect() -> socket.socket:
        return socket.create_connection(("127.0.0.1", site.port), 30)

    with asked_for_health(site.health_port) as at_health:
        began = time.monotonic()
        with SlowClients(connect, site.hook, again=False) as slow:
            while slow.count and time.monotonic() - began < CUT_WITHIN_S:
                time.sleep(0.2)
            left = slow.count
        healthz = at_health()
    note_cuts(slow.cut_after, left, found)
    lost = sum(one < 0 for one in healthz)
    fine = not lost and at(0.99, healthz) <= HEALTHZ_P99_S
    found.note(
        "without a proxy: /healthz at HEALTH_BIND", f"{told(healthz)}; {lost} not answered", holds=fine
    )


def note_cuts(after: Sequence[float], left: int, found: Findings) -> None:
    first, last = min(after, default=0.0), max(after, default=0.0)
    found.note(
        f"without a proxy: of {CLIENTS} slow clients",
        f"{len(after)} cut off, the first after {first:.0f} s, the last after {last:.0f} s; {left} left",
        holds=not left and first >= SLOW_CLIENT_S - BYTE_EVERY_S,
    )


if __name__ == "__main__":
    sys.exit(run("deploy.rehearsal.slow_clients", (__doc__ or "").split("\n")[0], play))
