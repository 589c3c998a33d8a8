"""Posts recorded webhooks to a running server, and compares each verdict with the expected verdict.

Lines with the same `at_ms` are posted at the same moment. Their verdicts may be swapped if the note of one of them says
that any of them may win.
"""

import hashlib
import json
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from uuid import UUID

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from inbox.models import Lead, WebhookDelivery, Workspace
from inbox.webhooks.scrub import without_secrets
from inbox.workspaces.creation import webhook_path
from integrations import registry
from integrations.models import WebhookKey
from integrations.payload import field_at

ADDRESS_NAMES = {"ghl_sms": "ghl/sms"}
LEAD = re.compile(r"\{\{lead:(?:([a-z0-9_-]+):)?([^}]+)\}\}")
TIMEOUT_S = 30
CONNECTIONS = 16
RETRIES = Retry(total=2, allowed_methods=None, backoff_factor=0.5, respect_retry_after_header=False)
"""Like a provider, posts again if no answer comes. `Retry-After` is not heeded, because a refusal is a verdict."""


class TrafficError(ValueError):
    """A file of recorded webhook requests cannot be posted. The message names the line and the field."""


@dataclass(frozen=True, slots=True)
class RecordedDelivery:
    """A recorded webhook request. `source`: the name in the address ("ghl/sms"). `expect`: the required verdict."""

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
    """The result of a run. `unmet` holds the lines with an unexpected verdict, with the expected and actual verdict."""

    verdicts: Counter[str] = field(default_factory=Counter)
    unmet: list[tuple[RecordedDelivery, str, str]] = field(default_factory=list)
    posted: int = 0


def read(path: Path) -> list[RecordedDelivery]:
    """Reads the recorded requests of a file. Raises TrafficError for an unusable line, and OSError."""
    lines = []
    for number, text in enumerate(path.read_text().splitlines(), 1):
        if not text.strip():
            continue
        try:
            raw = json.loads(text)
            source = ADDRESS_NAMES.get(raw["source"], raw["source"])
            stated = {name: raw[name] for name in ("at_ms", "workspace", "body", "expect")}
            lines.append(RecordedDelivery(number=number, source=source, note=raw.get("note", ""), **stated))
        except ValueError:
            raise TrafficError(f"{path}, line {number}: this isn’t JSON.") from None
        except (KeyError, TypeError) as error:
            raise TrafficError(f"{path}, line {number}: the field {error} is missing.") from None
        if source not in registry.keyed_sources():
            raise TrafficError(
                f"{path}, line {number}: source must be one of {', '.join(registry.keyed_sources())}."
            )
    return lines


class Keys:
    """The usable webhook keys of the workspaces for which the labels in a file of recorded requests stand."""

    def __init__(self, workspaces: dict[str, Workspace]) -> None:
        self._keys: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for label, workspace in workspaces.items():
            keys = WebhookKey.objects.usable().filter(integration__workspace=workspace)
            for key in keys.select_related("integration").order_by("integration__created_at", "-pk"):
                account = key.integration.external_account_id
                self._keys[label, key.integration.provider].setdefault(account, key.secret)

    def of(self, label: str, source: str, account: str = "") -> str:
        """Returns the webhook key of the account with the id `account`, or of the first one. May raise TrafficError."""
        keys = self._keys[label, registry.webhook_source(source).provider]
        if not keys:
            raise TrafficError(f"The workspace for {label} has no usable webhook key for {source}.")
        return keys.get(account) or next(iter(keys.values()))


Accepted = frozenset[tuple[UUID, str, str]]
"""Workspace, source and SHA-256 of accepted bodies."""


def accepted_before(workspaces: Iterable[Workspace]) -> Accepted:
    """Returns the requests that `workspaces` have accepted, by workspace, source and digest of the body."""
    accepted = WebhookDelivery.objects.filter(
        workspace__in=list(workspaces), verdict=WebhookDelivery.Verdict.ACCEPTED
    )
    return frozenset(accepted.values_list("workspace_id", "source", "body_sha256").iterator())


@dataclass(frozen=True, slots=True)
class Answer:
    """The server's answer to a line. `again`: the line was already accepted, so a duplicate is expected."""

    line: RecordedDelivery
    verdict: str
    again: bool


class Replayer:
    """Posts recorded requests to `base_url`. `workspaces` maps the labels of the file to workspaces.

    A request in `before` is expected to be a duplicate. With `repeat`, the same applies to each request that the file
    expects to be accepted.
    """

    def __init__(
        self,
        base_url: str,
        workspaces: dict[str, Workspace],
        *,
        before: Accepted = frozenset(),
        repeat: bool = False,
    ) -> None:
        self.base_url = base_url
        self.workspaces = workspaces
        self.report = Report()
        self._before, self._repeat = before, repeat
        self._local = threading.local()
        self._keys = Keys(workspaces)

    def run(
        self,
        lines: Iterable[RecordedDelivery],
        *,
        speed: float = 0,
        connections: int = CONNECTIONS,
        stop: Callable[[], bool] = lambda: False,
        before_moment: Callable[[list[RecordedDelivery]], None] = lambda _batch: None,
    ) -> Report:
        """Posts the lines over `connections` threads, until `stop()` is true, `speed` times faster than recorded (0: as
        fast as possible). `before_moment` is called with the lines of each moment before they are posted.

        Raises TrafficError if a workspace has no usable key for a line.
        """
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
                before_moment(batch)
                self._settle(list(pool.map(self._answer, batch)))
        return self.report

    def _answer(self, line: RecordedDelivery) -> Answer:
        text = LEAD.sub(lambda match: self._lead_id(line, match), json.dumps(line.body)).encode()
        digest = hashlib.sha256(without_secrets(text, ())).hexdigest()  # the stored form of the body
        stored = (self.workspaces[line.workspace].pk, line.source, digest) in self._before
        return Answer(line, self._post(line, text), self._repeat or stored)

    def _post(self, line: RecordedDelivery, text: bytes) -> str:
        key = self._keys.of(
            line.workspace, line.source, registry.webhook_source(line.source).account_of(line.body)
        )
        url, headers = self.base_url + webhook_path(line.source, key), {"Content-Type": "application/json"}
        try:
            return verdict_of(self._session().post(url, data=text, headers=headers, timeout=TIMEOUT_S))
        except requests.RequestException:
            return "unreachable"

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
            for scheme in ("http://", "https://"):
                self._local.session.mount(scheme, HTTPAdapter(max_retries=RETRIES))
        session: requests.Session = self._local.session
        return session

    def _lead_id(self, line: RecordedDelivery, match: re.Match[str]) -> str:
        workspace = self.workspaces.get(match[1] or line.workspace)
        lead = Lead.objects.filter(workspace=workspace, email=match[2].strip().lower()).first()
        return str(lead.pk) if lead else match[0]

    def _settle(self, answers: list[Answer]) -> None:
        moments = defaultdict(list)
        for answer in answers:
            self.report.verdicts[answer.verdict] += 1
            self.report.posted += 1
            line = answer.line
            swaps = line.may_swap or _swaps_with(line, answers)
            moments[(line.workspace, line.source) if swaps else line.number].append(answer)
        for group in moments.values():
            self.report.unmet += _unmet(group)


def _unmet(group: list[Answer]) -> list[tuple[RecordedDelivery, str, str]]:
    """Returns the lines of `group` that got an unexpected verdict. With each line come an expected verdict that no line
    got, and the verdict of the line.

    Verdicts within a group may be swapped. A line that was accepted before is expected to be a duplicate. Account
    states are left out: they have no id, so a repeated state may count as new.
    """
    group = [answer for answer in group if not (answer.again and _is_state(answer))]
    expected = Counter(answer.line.expect for answer in group)
    moved = min(sum(answer.again for answer in group), expected["accepted"])
    expected += Counter(duplicate=moved)
    expected["accepted"] -= moved
    wrong = []
    for answer in group:
        if expected[answer.verdict] > 0:
            expected[answer.verdict] -= 1
        else:
            wrong.append(answer)
    verdicts = list(expected.elements())
    return [(answer.line, word, answer.verdict) for answer, word in zip(wrong, verdicts, strict=True)]


def _is_state(answer: Answer) -> bool:
    """Whether the line reports an account's state, and was accepted as new or as a duplicate."""
    body = answer.line.body
    kind = str(field_at(body, "event", "type"))
    tells = field_at(body, "AccountStatus") is not None or kind.startswith("EMAIL_ACCOUNT_")
    return tells and answer.verdict in ("accepted", "duplicate")


def _swaps_with(line: RecordedDelivery, answers: list[Answer]) -> bool:
    """Whether the note of another line of this moment permits `line` to swap verdicts with it."""
    return any(
        answer.line.may_swap and (answer.line.workspace, answer.line.source) == (line.workspace, line.source)
        for answer in answers
        if answer.line is not line
    )


def verdict_of(response: requests.Response) -> str:
    """Returns the verdict of our response: "rejected" for 400, 401, 403, 413, and 200 with a quarantined request."""
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
