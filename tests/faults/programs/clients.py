"""Programs of the campaign: they know the API's addresses and its JSON, and nothing of the product."""

import random
import threading
import time
from collections import Counter, defaultdict, deque
from typing import Any

import requests

LOST, HASTY = 0.2, 0.1
"""The share of answers that a writer takes for lost, and of requests whose answer it does not await."""
HASTY_S, PATIENT_S = 0.03, 20
PAUSE_S = 0.05
LATER = {409, 429, 502, 503}
"""Statuses after which the same request is sent again under the same key."""


class Http:
    """The API as a program calls it."""

    def __init__(self, base: str, token: str) -> None:
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: Any) -> dict[str, Any] | None:
        """The answer's body; None if there is none now."""
        try:
            answer = self.session.get(f"{self.base}/{path}", params=query, timeout=PATIENT_S)
        except requests.RequestException:
            return None
        return answer.json() if answer.status_code == 200 else None

    def post(self, path: str, body: object, key: str, timeout: float = PATIENT_S) -> tuple[int, Any]:
        """Status and body of the answer; 0 if none came."""
        try:
            url, headers = f"{self.base}/{path}", {"Idempotency-Key": key}
            answer = self.session.post(url, json=body, headers=headers, timeout=timeout)
            return answer.status_code, answer.json()
        except (requests.RequestException, ValueError):
            return 0, None

    def write(self, path: str, body: object, key: str) -> Any:
        """Repeats a write until it is answered; the answer's body."""
        while True:
            status, answer = self.post(path, body, key)
            if 200 <= status < 300:
                return answer
            assert not status or status in LATER, f"{status} {answer}"
            time.sleep(PAUSE_S)


class Writer(threading.Thread):
    """Works off scripts, each the writes to one lead in order, and repeats each until it believes the answer.

    `answers` holds what came for each key.
    """

    def __init__(self, http: Http, scripts: list[list[tuple[str, object, str]]], seed: int) -> None:
        super().__init__(daemon=True)
        self.http, self.scripts = http, deque(deque(script) for script in scripts)
        self.dice = random.Random(seed)
        self.answers: dict[str, list[Any]] = defaultdict(list)
        self.counts: Counter[int] = Counter()
        self.wrong: list[str] = []

    def run(self) -> None:
        while self.scripts:
            script = self.scripts.popleft()
            if self._believed(*script[0]):
                script.popleft()
            if script:
                self.scripts.append(script)

    def _believed(self, path: str, body: object, key: str) -> bool:
        hasty = self.dice.random() < HASTY
        status, answer = self.http.post(path, body, key, HASTY_S if hasty else PATIENT_S)
        self.counts[status] += 1
        if status == 0 or status in LATER:
            time.sleep(PAUSE_S)
            return False
        self.answers[key].append(answer)
        if not 200 <= status < 300:
            self.wrong.append(f"{key}: {status} {answer}")
        return self.dice.random() >= LOST


class Poller(threading.Thread):
    """Asks for events all the time, each time after the last one that it has."""

    def __init__(self, http: Http) -> None:
        super().__init__(daemon=True)
        self.http, self.events, self.ended = http, list[dict[str, Any]](), threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            self.ask()
            time.sleep(PAUSE_S)

    def ask(self) -> bool:
        """Whether an answer came that had no more events."""
        page = self.http.get(
            "events/", limit=100, **({"after": self.events[-1]["id"]} if self.events else {})
        )
        self.events += page["data"] if page else []
        return page is not None and not page["data"]
