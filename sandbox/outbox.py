"""Posts webhooks from the sandbox to us: to which URL, and in how many attempts.

Deliveries run in their own threads, so that neither a provider call nor the control API waits for our response. A
caller that needs the result waits for the Future.
"""

import hashlib
import hmac
import http.client
import threading
import time
import urllib.parse
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as checked_dataclass

from sandbox.provider import Provider
from sandbox.state import State, now_iso

THREADS = 4
TIMEOUT_S = 30.0
RESPONSE_LIMIT = 2000


@checked_dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Webhook:
    """Where the simulated provider posts the webhooks of one account (`*`: of all accounts).

    `secret` signs them if the provider signs. `attempts` is the maximum number of posts of one webhook. They stop at
    the first 2xx, and pause for `retry_ms` milliseconds.
    """

    provider: str
    account: str
    url: str = Field(pattern="^https?://")
    headers: dict[str, str] = field(default_factory=dict)
    secret: str = ""
    hmac: bool = False
    attempts: int = 1
    retry_ms: float = 1000

    def signature(self, payload: bytes) -> str:
        """Returns the HMAC-SHA256 of the bytes with the webhook's secret, in hexadecimal digits."""
        return hmac.new(self.secret.encode(), payload, hashlib.sha256).hexdigest()

    def timed_signature(self, payload: bytes, version: str) -> str:
        """Returns the time and the signature of both, as `t=<seconds>,<version>=<signature>`."""
        at = str(int(time.time()))
        signed = self.signature(f"{at}.".encode() + payload)
        return f"t={at},{version}={signed}"


@dataclass
class _Parcel:
    webhook: Webhook
    account: str
    payload: bytes
    headers: dict[str, str]


class Outbox:
    """Posts the webhooks of the simulated providers to us. `post` never waits, and no response makes it raise."""

    def __init__(self, state: State, provider: Callable[[str], Provider]) -> None:
        self._state = state
        self._provider = provider
        self._webhooks: dict[tuple[str, str], Webhook] = {}
        self._stopping = threading.Event()
        self.open()

    def set_webhook(self, webhook: Webhook) -> None:
        self._webhooks[webhook.provider, webhook.account] = webhook

    def remove_webhook(self, provider: str, account: str) -> bool:
        return self._webhooks.pop((provider, account), None) is not None

    def webhooks(self) -> list[Webhook]:
        return list(self._webhooks.values())

    def webhook(self, provider: str, account: str) -> Webhook | None:
        """Returns where the account's webhooks are posted, or those of all accounts of the provider, or None."""
        return self._webhooks.get((provider, account)) or self._webhooks.get((provider, "*"))

    def reset(self) -> None:
        self._webhooks.clear()

    def post(
        self, provider: str, account: str, body: dict[str, Any], *, copies: int = 1
    ) -> list["Future[dict[str, Any]]"]:
        """Posts a webhook's body to the account's URL, `copies` times, and returns at once.

        Returns a Future for each delivery; [] if no URL is set, or after `stop`.
        """
        webhook = self.webhook(provider, account)
        if webhook is None or self._stopping.is_set():
            return []
        payload, headers = self._provider(provider).encode(webhook, body)
        parcel = _Parcel(webhook, account, payload, headers | webhook.headers)
        with suppress(RuntimeError):  # `stop` was called in the meantime
            return [self._pool.submit(self._deliver, parcel) for _ in range(copies)]
        return []

    def open(self) -> None:
        """Starts to post webhooks. Nothing is left over from before a `stop`."""
        self._stopping.clear()
        self._pool = ThreadPoolExecutor(THREADS, "sandbox-webhooks")

    def stop(self) -> None:
        """Stops posting webhooks. Queued ones are dropped, and their Futures never complete."""
        self._stopping.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _deliver(self, parcel: _Parcel) -> dict[str, Any]:
        delivery: dict[str, Any] = {}
        for attempt in range(1, max(1, parcel.webhook.attempts) + 1):
            if attempt > 1 and self._stopping.wait(parcel.webhook.retry_ms / 1000):
                break
            delivery = {
                "at": now_iso(),
                "provider": parcel.webhook.provider,
                "account": parcel.account,
                "attempt": attempt,
                **_attempt(parcel),
            }
            self._state.record_delivery(delivery)
            if 200 <= (delivery["status"] or 0) < 300:
                break
        return delivery


def _attempt(parcel: _Parcel) -> dict[str, Any]:
    """Posts once. The result has status (None without a response), error, response text and duration in ms."""
    parts = urllib.parse.urlsplit(parcel.webhook.url)
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    started = time.monotonic()
    status, error, text = None, None, ""
    connection = connect(parts.netloc, timeout=TIMEOUT_S)
    try:
        target = parts.path or "/"
        connection.request(
            "POST", f"{target}?{parts.query}" if parts.query else target, parcel.payload, parcel.headers
        )
        response = connection.getresponse()
        status = response.status
        text = response.read(RESPONSE_LIMIT).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as exc:
        error = f"{type(exc).__name__}: {exc}"
    finally:
        connection.close()
    ms = round((time.monotonic() - started) * 1000, 1)
    return {"url": parcel.webhook.url, "status": status, "error": error, "response": text, "ms": ms}
