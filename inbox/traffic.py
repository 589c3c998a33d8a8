"""Replays recorded provider traffic against a running server and holds each answer against what was expected.

Lines of one `at_ms` were sent at the same moment, so they are posted at the same moment. Where a line's note says that
any one of several may win, the verdicts may swap within that moment.
"""

import json
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import requests

from inbox.models import Lead, WebhookDelivery, Workspace
from inbox.workspaces import webhook_path
from integrations.models import WebhookKey
from integrations.registry import SOURCES

ADDRESS_NAMES = {"ghl_sms": "ghl/sms"}
LEAD = re.compile(r"\{\{lead:(?:([a-z0-9_-]+):)?([^}]+)\}\}")
TIMEOUT_S = 30
CONNECTIONS = 16
ATTEMPTS = 3


class TrafficError(ValueError):
    """A traffic file that cannot be replayed. The message names the line and the field."""


@dataclass(frozen=True, slots=True)
class Line:
    """One recorded request. `source` is the address's name ("ghl/sms")."""

    number: int
    at_ms: int
    workspace: str
    source: str
    body: object
    expect: str
    note: str = ""

    @property
    def may_swap(self) -> bool:
        return "may win" in self.note


@dataclass(slots=True)
class Report:
    """What came back. `unmet`: lines whose verdict was not the expected one."""

    verdicts: Counter = field(default_factory=Counter)
    unmet: list[tuple[Line, str]] = field(default_factory=list)
    posted: int = 0


def read(path: Path) -> list[Line]:
    """The lines of a traffic file, in order. Raises TrafficError for one that is no JSON or lacks a field."""
    lines = []
    for number, text in enumerate(path.read_text().splitlines(), 1):
        if not text.strip():
            continue
        try:
            raw = json.loads(text)
            source = ADDRESS_NAMES.get(raw["source"], raw["source"])
            lines.append(
                Line(
                    number,
                    raw["at_ms"],
                    raw["workspace"],
                    source,
                    raw["body"],
                    raw["expect"],
                    raw.get("note", ""),
                )
            )
        except ValueError:
            raise TrafficError(f"{path}, line {number}: is not JSON.") from None
        except (KeyError, TypeError) as error:
            raise TrafficError(f"{path}, line {number}: lacks the field {error}.") from None
        if source not in SOURCES:
            raise TrafficError(f"{path}, line {number}: source must be one of {', '.join(SOURCES)}.")
    return lines


def keys_of(workspaces: dict[str, Workspace]) -> dict[tuple[str, str], str]:
    """A usable webhook key by (label, source)."""
    return {
        (label, source.name): key.secret
        for label, workspace in workspaces.items()
        for source in SOURCES.values()
        for key in WebhookKey.objects.usable().filter(
            integration__workspace=workspace, integration__provider=source.provider
        )[:1]
    }


class Replayer:
    """Posts lines to `base_url`; `workspaces` maps the file's labels to workspaces of this installation.

    `repeat`: what a first run accepts is expected to be a duplicate now.
    """

    def __init__(self, base_url: str, workspaces: dict[str, Workspace], *, repeat: bool = False) -> None:
        self.base_url = base_url
        self.workspaces = workspaces
        self.repeat = repeat
        self.report = Report()
        self._local = threading.local()
        self._keys = keys_of(workspaces)

    def run(
        self,
        lines: Iterable[Line],
        *,
        speed: float = 0,
        connections: int = CONNECTIONS,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """Post all lines; `speed` times faster than recorded, or as fast as it goes where it is 0."""
        started = time.monotonic()
        with ThreadPoolExecutor(connections) as pool:
            for at_ms, moment in groupby(lines, key=lambda line: line.at_ms):
                while (
                    speed and not stop() and (wait := at_ms / 1000 / speed - (time.monotonic() - started)) > 0
                ):
                    time.sleep(min(wait, 0.2))
                if stop():
                    break
                batch = list(moment)
                self._settle(list(zip(batch, pool.map(self._post, batch), strict=True)))
        return self.report

    def _post(self, line: Line) -> str:
        """The verdict of our server on one line."""
        text = LEAD.sub(lambda match: self._lead_id(line, match), json.dumps(line.body))
        path = webhook_path(line.source, self._keys[line.workspace, line.source])
        for attempt in range(ATTEMPTS):
            try:
                response = self._session().post(
                    self.base_url + path,
                    data=text.encode(),
                    headers={"Content-Type": "application/json"},
                    timeout=TIMEOUT_S,
                )
            except requests.RequestException:
                if attempt == ATTEMPTS - 1:
                    return "unreachable"
                time.sleep(0.5)  # a provider comes again, too
            else:
                return verdict_of(response)
        return "unreachable"

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
        return self._local.session

    def _lead_id(self, line: Line, match: re.Match) -> str:
        workspace = self.workspaces.get(match[1] or line.workspace)
        lead = Lead.objects.filter(workspace=workspace, email=match[2].strip().lower()).first()
        return str(lead.pk) if lead else match[0]

    def _settle(self, answers: list[tuple[Line, str]]) -> None:
        moments = defaultdict(list)
        for line, verdict in answers:
            self.report.verdicts[verdict] += 1
            self.report.posted += 1
            key = (
                (line.workspace, line.source) if line.may_swap or _swaps_with(line, answers) else line.number
            )
            moments[key].append((line, verdict))
        for group in moments.values():
            self.report.unmet += self._unmet(group)

    def _unmet(self, group: list[tuple[Line, str]]) -> Iterator[tuple[Line, str]]:
        expected = Counter(self.expected(line) for line, _ in group)
        for line, verdict in group:
            if expected[verdict] > 0:
                expected[verdict] -= 1
            else:
                yield line, verdict

    def expected(self, line: Line) -> str:
        """The verdict that `line` should get. An account's state has no id: told again, it is news."""
        state = isinstance(line.body, dict) and _tells_state(line.body)
        return "duplicate" if self.repeat and line.expect == "accepted" and not state else line.expect


def _tells_state(body: dict) -> bool:
    event = body.get("event")
    kind = event.get("type") if isinstance(event, dict) else ""
    return "AccountStatus" in body or kind in ("EMAIL_ACCOUNT_DISCONNECTED", "EMAIL_ACCOUNT_RECONNECTED")


def _swaps_with(line: Line, answers: list[tuple[Line, str]]) -> bool:
    """Whether another line of this moment says that it may swap with `line`."""
    return any(
        other.may_swap and (other.workspace, other.source) == (line.workspace, line.source)
        for other, _ in answers
        if other is not line
    )


def verdict_of(response: requests.Response) -> str:
    """The fixture's word for one of our answers: "rejected" stands for 400, 401, 403, 413 and 200 quarantined."""
    if response.status_code in (400, 401, 403, 413):
        return "rejected"
    if response.status_code != 200:
        return f"status {response.status_code}"
    body = response.json()
    if body.get("quarantined"):
        return "rejected"
    if body.get("stored"):
        return "failed"
    if body.get("ignored"):
        return "ignored"
    return "duplicate" if body.get("deduped") else "accepted"


def seen_before(workspaces: Iterable[Workspace]) -> bool:
    """Whether any of `workspaces` has received something already."""
    return WebhookDelivery.objects.filter(workspace__in=list(workspaces)).exists()
