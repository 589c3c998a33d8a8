"""The visitors of the installation: a provider that posts webhooks, and a person who approves drafts on its pages."""

import itertools
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, Protocol

import requests

from deploy.rehearsal.machine import Server
from sandbox import SandboxServer

AGAIN_AFTER_S = 1.0


class Counts:
    """Counts the answers to one visitor's requests. `wrong` names each request with an answer that is not allowed."""

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []

    def note(self, what: str, answer: requests.Response | None) -> bool:
        """Counts the `answer` (None: no answer came) to the request `what`. Returns whether its status is below 400."""
        if answer is None:
            self.answers["no answer"] += 1
            self.wrong.append(f"{what}: no answer")
            return False
        announced = answer.status_code == 503 and "Retry-After" in answer.headers
        self.answers["503 announced" if announced else str(answer.status_code)] += 1
        if not announced and answer.status_code >= 400:
            self.wrong.append(f"{what}: {answer.status_code}")
        return answer.ok


class Visitor(Protocol):
    def once(self) -> None:
        """Makes one visit."""


class Crowd:
    """A context manager: until the `with` block ends, each visitor makes visits in a thread of its own."""

    def __init__(self, *visitors: tuple[Visitor, float]) -> None:
        """Each of `visitors` is a pair of a visitor and the seconds between its visits."""
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._come, args=pair) for pair in visitors]
        self.broken: list[str] = []

    def _come(self, visitor: Visitor, every_s: float) -> None:
        while not self._over.wait(every_s):
            try:
                visitor.once()
            except Exception as error:
                self.broken.append(f"{type(visitor).__name__}: {type(error).__name__}: {error}")

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


class Provider:
    """EmailBison with leads that answer a campaign. Like EmailBison, it repeats a webhook that was not answered 200."""

    def __init__(self, sandbox: SandboxServer, key: str, address: str, certificate: Path) -> None:
        self._sandbox, self._key, self._address = sandbox, key, address
        self._numbers = itertools.count(1)
        self.counts, self.told = Counts(), set[str]()
        self._session = requests.Session()
        self._session.trust_env, self._session.verify = False, str(certificate)

    def once(self) -> None:
        self.tell(next(self._numbers))

    def tell(self, number: int) -> None:
        """Posts the reply of the lead with this number, again and again until the installation accepts it."""
        lead = {
            "id": 70_000 + number,
            "email": f"lead{number}@example.org",
            "first_name": "Dana",
            "last_name": "Reyes",
        }
        reply = {
            "id": 500_000 + number,
            "from_email_address": lead["email"],
            "email_subject": "Re: winter work",
            "text_body": "Sure, send me two or three times.",
        }
        sender = {"id": 311, "email": "alex@outreach.example.com", "name": "Alex"}
        body: dict[str, Any] = {
            "event": {"type": "LEAD_REPLIED"},
            "data": {
                "lead": lead,
                "sender_email": sender,
                "reply": reply,
                "campaign": {"id": 901, "name": "Founders"},
            },
        }
        self._sandbox.ingest("emailbison", self._key, [body])
        self.told.add(str(reply["id"]))
        while not self.counts.note(f"webhook {number}", self._post(body)):
            time.sleep(AGAIN_AFTER_S)

    def _post(self, body: dict[str, Any]) -> requests.Response | None:
        try:
            return self._session.post(self._address, json=body, timeout=15)
        except requests.RequestException:
            return None


class Person:
    """The owner with a browser, who reads pages and approves drafts without changing them."""

    def __init__(
        self,
        url: str,
        certificate: Path,
        server: Server,
        workspace: str,
        password: str,
        **headers: str,
    ) -> None:
        self._url, self._server, self.workspace = url, server, workspace
        self.counts, self.approved = Counts(), 0
        self._session = requests.Session()
        self._session.trust_env, self._session.verify = False, str(certificate)
        self._password = password
        self._log_in()
        self._pages = itertools.cycle(("inbox/", "health/", "integrations/", "jobs/"))

    def once(self) -> None:
        self.look()
        self.approve(1)

    def look(self) -> None:
        """Opens one of four pages, in turn."""
        self._get(f"/w/{self.workspace}/{next(self._pages)}")

    def on(self, server: Server) -> None:
        """Uses the database on `server` from now on, and logs in again, because that database may lack the session."""
        self._server = server
        self._log_in()

    def approve(self, at_most: int) -> None:
        """Approves the oldest pending drafts."""
        waiting = self._server.rows(
            f"SELECT id::text, text FROM inbox_draft WHERE status = 'pending' ORDER BY created_at LIMIT {at_most}"
        )
        for draft, text in waiting:
            answer = self._post(f"/w/{self.workspace}/drafts/{draft}/", do="send", text=text)
            self.approved += bool(answer and answer.ok)

    def _log_in(self) -> None:
        self._session.cookies.clear()
        self._get("/login/")
        self._post("/login/", username="owner@example.com", password=self._password)

    def _get(self, path: str) -> requests.Response | None:
        return self._ask("GET", path)

    def _post(self, path: str, **fields: str) -> requests.Response | None:
        fields["csrfmiddlewaretoken"] = self._session.cookies.get("csrftoken", "")
        return self._ask("POST", path, data=fields, headers={"Referer": "https://localhost/"})

    def _ask(self, method: str, path: str, **options: Any) -> requests.Response | None:
        try:
            answer = self._session.request(method, self._url + path, timeout=60, **options)
        except requests.RequestException:
            self.counts.note(f"{method} {path}", None)
            return None
        self.counts.note(f"{method} {path}", answer)
        return answer
