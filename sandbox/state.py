"""The sandbox's memory: accounts with their provider's data, requests, sends, webhook deliveries.

Each list has at most LIMIT entries and drops the oldest, so a long benchmark cannot fill the memory. Each account has a
lock for its data, and one lock protects the records.
"""

import hashlib
import itertools
import re
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

LIMIT = 20_000

UUID = re.compile(r"\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b", re.IGNORECASE)


def now_iso() -> str:
    """Returns the current time in UTC, in ISO 8601 with milliseconds and Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Shelf(OrderedDict[Any, Any]):
    """A dict that drops its oldest entries beyond LIMIT."""

    def __setitem__(self, key: Any, entry: Any) -> None:
        super().__setitem__(key, entry)
        if len(self) > LIMIT:
            self.popitem(last=False)


def ring() -> deque[Any]:
    return deque(maxlen=LIMIT)


@dataclass
class Account:
    """One account at one simulated provider: its status, its properties (set by commands), and the provider's data."""

    provider: str
    name: str
    data: Any
    first_id: int
    status: str = "ok"
    properties: dict[str, Any] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _calls: deque[float] = field(default_factory=deque, repr=False)

    def __post_init__(self) -> None:
        self._ids = itertools.count(self.first_id)

    def next_id(self) -> int:
        """Returns an id that no other object of this account has. Other accounts have objects with the same ids."""
        return next(self._ids)

    def over_limit(self) -> bool:
        """Whether this call exceeds the account's property `limit`, which allows `calls` calls in any `seconds`. If
        not, the call is counted. False without such a property.
        """
        limit = self.properties.get("limit")
        if not limit:
            return False
        now = time.monotonic()
        with self.lock:
            while self._calls and self._calls[0] <= now - float(limit["seconds"]):
                self._calls.popleft()
            if len(self._calls) >= int(limit["calls"]):
                return True
            self._calls.append(now)
        return False

    def as_dict(self) -> dict[str, Any]:
        return {
            "provider": self.provider,
            "account": self.name,
            "status": self.status,
            "properties": self.properties,
        }


class State:
    """All accounts at the simulated providers, and all records. `new_data` creates the data of a provider's account."""

    def __init__(self, new_data: Callable[[str], Any]) -> None:
        self._new_data = new_data
        self._lock = threading.Lock()
        self._first_id = int(time.time()) - 1_700_000_000
        self._request_ids = itertools.count(1)
        self._clear()

    def _clear(self) -> None:
        self._accounts: dict[tuple[str, str], Account] = Shelf()
        self._requests: deque[dict[str, Any]] = ring()
        self._sends: deque[dict[str, Any]] = ring()
        self._deliveries: deque[dict[str, Any]] = ring()
        self._totals = {"requests": 0, "sends": 0}

    def reset(self) -> None:
        with self._lock:
            self._clear()

    def next_request_id(self) -> int:
        return next(self._request_ids)

    def account(self, provider: str, name: str) -> Account:
        """Returns the simulated provider's account with that name, which is created on first use."""
        with self._lock:
            account = self._accounts.get((provider, name))
            if account is None:
                account = Account(provider, name, self._new_data(provider), self._first_id)
                self._accounts[provider, name] = account
            return account

    def accounts(self, provider: str | None = None) -> list[Account]:
        with self._lock:
            return [a for a in self._accounts.values() if provider in (None, a.provider)]

    def status(self, provider: str, name: str) -> str:
        with self._lock:
            account = self._accounts.get((provider, name))
        return account.status if account else "ok"

    def record_request(self, record: dict[str, Any]) -> None:
        with self._lock:
            self._requests.append(record)
            self._totals["requests"] += 1

    def record_send(self, *, searched: str, **values: Any) -> None:
        """Records something that a person would receive. Two records with the same fingerprint are a double send.
        `searched` is the text to search for markers (UUIDs, the ids of our sends).
        """
        parts = [values[name] for name in ("provider", "account", "kind", "to", "thread", "text")]
        fingerprint = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
        markers = sorted({marker.lower() for marker in UUID.findall(searched)})
        with self._lock:
            self._sends.append({"at": now_iso(), "markers": markers, "fingerprint": fingerprint, **values})
            self._totals["sends"] += 1

    def record_delivery(self, delivery: dict[str, Any]) -> None:
        with self._lock:
            self._deliveries.append(delivery)

    def totals(self) -> dict[str, int]:
        """Returns the numbers of requests and of sent messages, including those that the lists have dropped."""
        with self._lock:
            return dict(self._totals)

    def sends(self, **wanted: Any) -> list[dict[str, Any]]:
        """Returns the messages that people would have received, oldest first, whose fields equal `wanted`. None matches
        any value.
        """
        return self._select(self._sends, wanted)

    def requests(self, *, path: str = "", **wanted: Any) -> list[dict[str, Any]]:
        """Returns requests to the simulated providers, oldest first, whose fields equal `wanted`. None matches any
        value. `path` is a part of the path.
        """
        return [record for record in self._select(self._requests, wanted) if path in record["path"]]

    def _select(self, records: deque[Any], wanted: dict[str, Any]) -> list[dict[str, Any]]:
        with self._lock:
            rows = list(records)
        wanted = {name: wish for name, wish in wanted.items() if wish is not None}
        return [dict(row) for row in rows if all(row[name] == wish for name, wish in wanted.items())]

    def deliveries(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._deliveries)
