"""Faults that tests order: which request fails, how often, and how.

This module only decides whether a fault applies to a request. `wire.py` carries out the faults of the connection, and
`openai.py` carries out the faults of the model. Each fault has its own seeded random generator, so a run with one
worker can be repeated exactly.
"""

import itertools
import random
import re
import threading
from dataclasses import field

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from sandbox.web import ControlError

PROCESSED_BY_DEFAULT = {
    "latency": None,
    "hang": False,
    "accept_timeout": True,
    "drop": False,
    "accept_drop": True,
    "reset": False,
    "accept_reset": True,
    "drip_body": True,
    "cut_body": True,
    "half_json": True,
    "empty": True,
    "html": False,
    "error": False,
    "unauthorized": False,
    "rate_limit": False,
    "server_error": False,
    "invalid_json": True,
    "refusal": True,
}
"""All kinds of faults, and whether the provider acts on a request with this fault.

None stands for a fault that only delays the request.
"""

MODEL_KINDS = ("invalid_json", "refusal")

DEFAULT_STATUS = {
    "half_json": 200,
    "empty": 200,
    "html": 502,
    "error": 400,
    "unauthorized": 401,
    "rate_limit": 429,
    "server_error": 503,
}


@dataclass(kw_only=True, config=ConfigDict(extra="forbid"))
class Fault:
    """A fault that somebody ordered. It says which requests to a simulated provider fail, how, and how often, and
    counts them.

    `ms`, `jitter_ms` and `interval_ms` are in ms, `seconds` in s.
    """

    provider: str = Field(min_length=1)
    kind: str
    path: str | None = None
    method: str | None = None
    account: str | None = None
    count: int | None = None
    skip: int = 0
    probability: float = Field(1.0, ge=0, le=1)
    seed: int = 0
    processed: bool | None = None
    ms: float = 1000
    jitter_ms: float = 0
    seconds: float = 60
    interval_ms: float = 500
    status: int | None = Field(None, ge=200, le=599)
    code: str | None = None
    message: str | None = None
    retry_after: str | int | float | None = None
    id: int = field(default=0, init=False)
    seen: int = field(default=0, init=False)
    fired: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Raises ControlError for a value that has the right type but makes no sense."""
        if self.kind not in PROCESSED_BY_DEFAULT:
            raise ControlError("kind", f"must be one of {', '.join(PROCESSED_BY_DEFAULT)}")
        try:
            re.compile(self.path or "")
        except re.error as exc:
            raise ControlError("path", f"not a regular expression: {exc}") from exc
        if self.processed is None:
            self.processed = PROCESSED_BY_DEFAULT[self.kind]
        self.status = self.status or DEFAULT_STATUS.get(self.kind)
        self._random = random.Random(self.seed)

    def matches(self, provider: str, method: str, path: str, names: set[str]) -> bool:
        return (
            self.provider in ("*", provider)
            and (self.method is None or self.method.upper() == method)
            and (self.account is None or self.account in names)
            and (self.path is None or re.search(self.path, path) is not None)
        )

    def fires(self) -> bool:
        """Counts a request that matches this fault, and returns whether the fault applies to it. The caller must hold
        the FaultBook's lock.
        """
        self.seen += 1
        if self.seen <= self.skip or (self.count is not None and self.fired >= self.count):
            return False
        if self.probability < 1 and self._random.random() >= self.probability:
            return False
        self.fired += 1
        return True

    def wait_ms(self) -> float:
        """Returns the milliseconds of delay by this fault: `ms`, plus a random value up to `jitter_ms`."""
        return self.ms + self._random.uniform(0, self.jitter_ms)


class FaultBook:
    """All ordered faults of the sandbox. Only the method `take` counts a fault as used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            fault.id = next(self._ids)
            self._faults.append(fault)
        return fault

    def all(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)

    def clear(self, fault_id: int | None = None) -> int:
        """Removes one ordered fault, or all faults for None. Returns the number of removed faults."""
        with self._lock:
            remaining = [fault for fault in self._faults if fault_id is not None and fault.id != fault_id]
            removed = len(self._faults) - len(remaining)
            self._faults = remaining
        return removed

    def take(
        self, provider: str, method: str, path: str, names: set[str]
    ) -> tuple[list[Fault], Fault | None]:
        """Returns the ordered faults that delay this request, and the first fault that breaks it, or None. Counts these
        faults as used. `names` are the account's name and key: a fault may name its account by either.
        """
        if not self._faults:
            return [], None
        waits, breaking = [], None
        with self._lock:
            for fault in self._faults:
                if not fault.matches(provider, method, path, names):
                    continue
                if fault.kind == "latency":
                    waits += [fault] if fault.fires() else []
                elif breaking is None and fault.fires():
                    breaking = fault
        return waits, breaking
