"""The other sides: senders of webhooks, people at their browsers, programs. They know addresses and JSON alone."""

import json
import random
import re
import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from typing import Any

from tests.waiting import PATIENCE_S

CONNECTIONS = 32
LIMIT_S, SLACK = 10, 3
"""A sender gives a request up after so many seconds, and sends it again. On a machine where even the slowest answer of
a calm time takes long, it waits SLACK times as long as that."""
PAUSE_S = 0.5
DUPLICATES, LATE = 0.3, 0.2
"""The share of deliveries that come twice, and of those the share whose second comes much later."""
WINDOW = 40
"""Deliveries that are out of order among themselves."""
EVENTS = 4
"""Events of each lead: a reply, or none, after sent mails."""
REPLIES = 0.6
KEY = re.compile(r"(?:sent|reply)-(\d+)-(\d+)")
"""A delivery's key, which its text contains: the kind, the number of the mailbox, and the provider's id."""


def address(key: str) -> str:
    """That of the lead of a delivery. The ids of a lead's events begin at a multiple of their number."""
    return f"dana{int(KEY.fullmatch(key)[2]) // EVENTS * EVENTS}@example.com"


@dataclass(frozen=True)
class Delivery:
    key: str
    path: str
    body: bytes


@dataclass(frozen=True)
class Post:
    """What a sender saw of one request. `status` is 0 where no answer came, and `late` says that it gave up."""

    key: str
    status: int
    late: bool
    seconds: float


def request(
    port: int,
    method: str,
    path: str,
    body: object = None,
    headers: dict[str, str] | None = None,
    limit_s: float = PATIENCE_S,
) -> tuple[int, Any, bool]:
    """Status (0 without an answer), JSON or text, and whether none came in time, over a connection of its own."""
    connection = HTTPConnection("127.0.0.1", port, timeout=limit_s)
    try:
        payload = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection.request(method, path, payload, {"Content-Type": "application/json"} | (headers or {}))
        response = connection.getresponse()
        text = response.read().decode()
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return response.status, json.loads(text) if is_json else text, False
    except TimeoutError:
        return 0, None, True
    except (OSError, HTTPException):
        return 0, None, False
    finally:
        connection.close()


@dataclass
class Senders:
    """Senders that repeat each delivery until it is taken. `posts` has all that they saw until now, and `leads` the
    lead that the product named for each delivery.
    """

    port: int
    limit_s: float = PATIENCE_S
    posts: list[Post] = field(default_factory=list)
    leads: dict[str, str] = field(default_factory=dict)

    def play(self, deliveries: Iterable[Delivery]) -> list[Post]:
        """Sends all of them. Returns the posts that this took."""
        queue = deque(deliveries)
        waiting, posts = threading.Semaphore(len(queue)), list[Post]()

        def work() -> None:
            while waiting.acquire(blocking=False):
                while not taken(queue.popleft()):
                    time.sleep(PAUSE_S)

        def taken(delivery: Delivery) -> bool:
            began = time.monotonic()
            status, answer, late = request(
                self.port, "POST", delivery.path, delivery.body, limit_s=self.limit_s
            )
            post = Post(delivery.key, status, late, time.monotonic() - began)
            posts.append(post)
            self.posts.append(post)
            if status == 200:
                self.leads[delivery.key] = answer.get("leadId", "")  # a delivery that is only stored has none
            else:
                queue.append(delivery)  # behind all others
            return status == 200

        with ThreadPoolExecutor(CONNECTIONS) as connections:
            for worker in [connections.submit(work) for _ in range(CONNECTIONS)]:
                worker.result()
        return posts


def limit(calm_s: Iterable[float]) -> float:
    """How long a client waits where calm answers took so long."""
    return max(LIMIT_S, SLACK * max(calm_s))


class Mailboxes:
    """EmailBison's events for some webhooks, from one seed. Each account there counts its ids from the same number, and
    the same people answer all of them.
    """

    def __init__(self, seed: int, paths: list[str]) -> None:
        self.dice, self.paths, self.next = random.Random(seed), paths, [100_000] * len(paths)
        self.sent_at, self.answered_at = (
            (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="seconds") for hours in (30, 6)
        )
        self.bodies: list[list[dict[str, Any]]] = [[] for _ in paths]
        """The replies of each, as EmailBison lists them."""
        self.places: dict[str, str] = {}
        """The path of each delivery's webhook, by its key."""

    def flow(self, count: int, replies: float = REPLIES) -> list[Delivery]:
        """About `count` deliveries: bursts of sent mails and replies, some twice at the same moment, some again after
        all others, out of order."""
        deliveries: list[Delivery] = []
        again: list[Delivery] = []
        while len(deliveries) + len(again) < count:
            for delivery in self._of_lead(replies):
                deliveries.append(delivery)
                if self.dice.random() < DUPLICATES / (1 - DUPLICATES):
                    (again if self.dice.random() < LATE else deliveries).append(delivery)
        windows = range(0, len(deliveries), WINDOW)
        return [delivery for at in windows for delivery in self._mixed(deliveries[at : at + WINDOW])] + again

    def reply(self) -> Delivery:
        """One more reply of a lead that is new."""
        return self._of_lead(1)[-1]

    def _mixed(self, window: list[Delivery]) -> list[Delivery]:
        """Shuffled by event, so that identical deliveries stay side by side."""
        order = {key: self.dice.random() for key in {delivery.key for delivery in window}}
        return sorted(window, key=lambda delivery: order[delivery.key])

    def _of_lead(self, replies: float) -> list[Delivery]:
        place = self.dice.randrange(len(self.paths))
        first = self.next[place]
        self.next[place] += EVENTS
        email = address(f"sent-{place}-{first}")
        lead = {"id": first, "email": email, "first_name": "Dana", "last_name": "Reyes"}
        events = [self._event(place, "sent", first + number, lead) for number in range(EVENTS - 1)]
        if self.dice.random() < replies:
            events.append(self._event(place, "reply", first + EVENTS - 1, lead))
        return events

    def _event(self, place: int, kind: str, number: int, lead: dict[str, Any]) -> Delivery:
        key = f"{kind}-{place}-{number}"
        content: dict[str, Any] = {
            "scheduled_email": {
                "id": number,
                "email_subject": "quick question",
                "email_body": f"<p>Hi Dana, is {key} yours to look after?</p>",
                "sent_at": self.sent_at,
            }
        }
        if kind == "reply":
            content = {
                "reply": {
                    "id": number,
                    "email_subject": "Re: quick question",
                    "from_email_address": lead["email"],
                    "text_body": f"Sounds good, {key} is ours. Can you send times for Thursday?",
                    "date_received": self.answered_at,
                    "automated_reply": False,
                    "interested": False,
                }
            }
        body = {
            "event": {"type": "LEAD_REPLIED" if kind == "reply" else "EMAIL_SENT"},
            "data": {
                "campaign": {"id": 901, "name": "Q1 Founders"},
                "lead": lead,
                "sender_email": {"id": 311, "email": "alex@outreach.example.com", "name": "Alex"},
                **content,
            },
        }
        if kind == "reply":
            self.bodies[place].append(body)
        self.places[key] = self.paths[place]
        return Delivery(key, self.paths[place], json.dumps(body).encode())
