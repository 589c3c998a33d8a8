"""Freezes PostgreSQL for a minute while 40 senders post webhooks: `make rehearse-freeze`.

The rehearsal runs twice: with direct connections to PostgreSQL, and through PgBouncer with the shipped configuration.
While PostgreSQL is frozen, a webhook must get a 503 with Retry-After within 5 s. After the first 5 s, 95 % of the
webhooks must get it within 1 s; the product lets the few others wait, to notice when PostgreSQL answers again.
`/healthz` must answer. The last 503 must come at most 5 s after the end of the freeze. When the senders have posted the
refused webhooks again, each must be stored exactly once.
"""

import itertools
import json
import multiprocessing
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from deploy.rehearsal.machine import PATIENCE_S
from deploy.rehearsal.strain import BEHIND_PROXY, Findings, Site, at, run, told

SENDERS = 40
BEFORE_S, FROZEN_S, AFTER_S = 10, 60, 15
ANSWERED_S, BACK_S, HEALTHZ_P99_S = 5.0, 5.0, 0.25
NOTICED_S, AT_ONCE_S, AT_ONCE_SHARE = 5.0, 1.0, 0.95
"""When PostgreSQL has been frozen for NOTICED_S, AT_ONCE_SHARE of the webhooks must be answered within AT_ONCE_S. The
product lets the few others wait, to notice when PostgreSQL answers again.
"""
HEALTHZ_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one webhook. `status` is 0 if none came. `announced`: it has a Retry-After header."""

    number: int
    began: float
    seconds: float
    status: int
    announced: bool

    @property
    def ended(self) -> float:
        return self.began + self.seconds

    @property
    def in_words(self) -> str:
        return f"{self.status or 'no answer'}{' announced' * (self.status == 503 and self.announced)}"


class Senders:
    """A context manager: until the `with` block ends, SENDERS threads post webhooks one after the other. A webhook that
    was not answered 200 is posted again at once, until it is.
    """

    def __init__(self, port: int, hook: str) -> None:
        self._port, self._hook = port, hook
        self._numbers, self._over, self._at_last = itertools.count(1), threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._go_on) for _ in range(SENDERS)]
        self.answers: list[Answer] = []

    def __enter__(self) -> "Senders":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        ends_at = time.monotonic() + PATIENCE_S
        for thread in self._threads:
            thread.join(max(0, ends_at - time.monotonic()))
        self._at_last.set()

    def _go_on(self) -> None:
        while not self._over.is_set():
            number, taken = next(self._numbers), False
            while not taken and not self._at_last.is_set():
                answer = self._tell(number)
                self.answers.append(answer)
                taken = answer.status == 200

    def _tell(self, number: int) -> Answer:
        """Posts the webhook with this number over a new connection."""
        began = time.monotonic()
        connection = HTTPConnection("127.0.0.1", self._port, timeout=90)
        try:
            headers = BEHIND_PROXY | {"Content-Type": "application/json"}
            connection.request("POST", self._hook, json.dumps(reply(number)), headers)
            answer = connection.getresponse()
            answer.read()
            status, announced = answer.status, "Retry-After" in answer.headers
        except (OSError, HTTPException):
            status, announced = 0, False
        finally:
            connection.close()
        return Answer(number, began, time.monotonic() - began, status, announced)


def reply(number: int) -> dict[str, Any]:
    """Returns EmailBison's webhook about a reply of the lead with this number."""
    email = f"lead{number}@example.org"
    told_of = {"id": number, "from_email_address": email, "text_body": "Sure, send times."}
    return {
        "event": {"type": "LEAD_REPLIED"},
        "data": {"lead": {"id": number, "email": email}, "reply": told_of},
    }


def ask_healthz(port: int, over: Event, seconds: Any) -> None:
    """Requests `/healthz` until `over` is set. Sends each request's seconds, or -1 without an answer, to a pipe."""
    took = []
    while not over.is_set():
        began = time.monotonic()
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", "/healthz", headers=BEHIND_PROXY)
            fine = connection.getresponse().status == 200
        except (OSError, HTTPException):
            fine = False
        finally:
            connection.close()
        took.append(time.monotonic() - began if fine else -1.0)
        time.sleep(HEALTHZ_EVERY_S)
    seconds.send(took)


@contextmanager
def asked_for_health(port: int) -> Iterator[Callable[[], list[float]]]:
    """Requests `/healthz` at `port` all the time. Yields a function that stops this and returns the seconds of each."""
    context = multiprocessing.get_context("spawn")
    over, (here, there) = context.Event(), context.Pipe(duplex=False)
    process = context.Process(target=ask_healthz, args=(port, over, there))
    process.start()

    def end() -> list[float]:
        over.set()
        took: list[float] = here.recv()
        return took

    try:
        yield end
    finally:
        over.set()
        process.join(60)


def play(stack: ExitStack, home: Path, found: Findings) -> None:
    for way in ("directly", "pooled"):
        with ExitStack() as own:
            site = Site(own, home / way, pooled=way == "pooled")
            freeze(site, way, found)


def freeze(site: Site, way: str, found: Findings) -> None:
    senders = Senders(site.port, site.hook)
    with asked_for_health(site.health_port) as at_health, asked_for_health(site.port) as at_door:
        with senders:
            time.sleep(BEFORE_S)
            frozen_at = time.monotonic()
            with site.server.frozen():
                time.sleep(FROZEN_S)
            thawed_at = time.monotonic()
            time.sleep(AFTER_S)
        healthz, door = at_health(), at_door()
    before = [one for one in senders.answers if one.ended < frozen_at]
    during = [one for one in senders.answers if one.ended >= frozen_at and one.began < thawed_at]
    after = [one for one in senders.answers if one.began >= thawed_at]
    judge_answers(way, before, during, frozen_at, found)
    lost = sum(one < 0 for one in healthz)
    fine = not lost and at(0.99, healthz) <= HEALTHZ_P99_S
    found.note(f"{way}: /healthz at HEALTH_BIND", f"{told(healthz)}; {lost} not answered", holds=fine)
    found.note(
        f"{way}: /healthz where webhooks come in",
        f"{told(door)}; {sum(one < 0 for one in door)} not answered",
    )
    back_s = max((one.ended - thawed_at for one in [*during, *after] if one.status != 200), default=0.0)
    found.note(f"{way}: the last refusal after the end", f"{back_s:.1f} s", holds=back_s <= BACK_S)
    found.note(f"{way}: after the end", f"{words(after)}; {told([one.seconds for one in after])}")
    sent = len({one.number for one in senders.answers})
    [(stored, rows)] = site.server.rows("SELECT count(DISTINCT external_id), count(*) FROM inbox_message")
    found.note(f"{way}: sent, stored, rows", f"{sent}, {stored}, {rows}", holds=sent == stored == rows)


def judge_answers(
    way: str, before: Sequence[Answer], during: Sequence[Answer], frozen_at: float, found: Findings
) -> None:
    found.note(
        f"{way}: before",
        f"{words(before)}; {told([one.seconds for one in before])}",
        holds={one.status for one in before} == {200},
    )
    # A webhook may be answered 200 if PostgreSQL stored it just before or just after the freeze.
    odd = [one for one in during if not (one.status == 200 or (one.status == 503 and one.announced))]
    seconds = [one.seconds for one in during]
    found.note(
        f"{way}: frozen for {FROZEN_S} s",
        f"{words(during)}; {told(seconds)}",
        holds=not odd and max(seconds) <= ANSWERED_S,
    )
    later = [one.seconds for one in during if one.began >= frozen_at + NOTICED_S]
    quick = sum(one <= AT_ONCE_S for one in later) / max(1, len(later))
    found.note(
        f"{way}: within {AT_ONCE_S:.0f} s, once noticed",
        f"{quick:.1%} of {len(later)}, {sum(one > AT_ONCE_S for one in later)} waited",
        holds=quick >= AT_ONCE_SHARE,
    )


def words(answers: Sequence[Answer]) -> str:
    counted = Counter(one.in_words for one in answers)
    return ", ".join(f"{count} × {name}" for name, count in sorted(counted.items())) or "none"


if __name__ == "__main__":
    sys.exit(run("deploy.rehearsal.freeze", (__doc__ or "").split("\n")[0], play))
