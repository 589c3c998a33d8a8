"""Posts webhooks from the sandbox to us, each once.

Deliveries run in their own threads, so that neither a provider call nor the control API waits for our response. A
caller that needs the result waits for the Future.
"""

import hashlib
import hmac
import http.client
import time
import urllib.parse
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import field
from typing import Any

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from sandbox.provider import Provider
from sandbox.state import State, now_iso

THREADS = 4
TIMEOUT_S = 30.0
RESPONSE_LIMIT = 2000


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Webhook:
    """The URL to which the simulated provider posts the webhooks of one account (`*`: of all accounts).

    The provider signs them with `secret`, if it signs webhooks.
    """

    provider: str
    account: str
    url: str = Field(pattern="^https?://")
    headers: dict[str, str] = field(default_factory=dict)
    secret: str = ""
    hmac: bool = False

    def signature(self, payload: bytes) -> str:
        """Returns the HMAC-SHA256 of the bytes with the webhook's secret, in hexadecimal digits."""
        return hmac.new(self.secret.encode(), payload, hashlib.sha256).hexdigest()

    def timed_signature(self, payload: bytes, version: str) -> str:
        """Returns `t=<seconds>,<version>=<signature>`. The signature covers the time and the payload."""
        at = str(int(time.time()))
        signed = self.signature(f"{at}.".encode() + payload)
        return f"t={at},{version}={signed}"


class Outbox:
    """Posts the webhooks of the simulated providers to us. `post` never waits, and raises no error for a response."""

    def __init__(self, state: State, provider: Callable[[str], Provider]) -> None:
        self._state = state
        self._provider = provider
        self._webhooks: dict[tuple[str, str], Webhook] = {}
        self.open()

    def set_webhook(self, webhook: Webhook) -> None:
        self._webhooks[webhook.provider, webhook.account] = webhook

    def webhooks(self) -> list[Webhook]:
        return list(self._webhooks.values())

    def webhook(self, provider: str, account: str) -> Webhook | None:
        """Returns the Webhook of the account, or else of all accounts of the provider, or None."""
        return self._webhooks.get((provider, account)) or self._webhooks.get((provider, "*"))

    def reset(self) -> None:
        self._webhooks.clear()

    def post(self, provider: str, account: str, body: dict[str, Any]) -> list["Future[dict[str, Any]]"]:
        """Posts a webhook's body to the account's URL, and returns at once.

        Returns a list with the Future of the delivery. The list is empty if no URL is set, or after `stop`.
        """
        webhook = self.webhook(provider, account)
        if webhook is None:
            return []
        payload, headers = self._provider(provider).encode(webhook, body)
        headers |= webhook.headers
        with suppress(RuntimeError):  # after `stop`, the pool accepts no work
            return [self._pool.submit(self._deliver, webhook, account, payload, headers)]
        return []

    def open(self) -> None:
        """Starts to post webhooks. Webhooks queued before a `stop` are not posted."""
        self._pool = ThreadPoolExecutor(THREADS, "sandbox-webhooks")

    def stop(self) -> None:
        """Stops posting webhooks. Queued webhooks are dropped, and their Futures never complete."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _deliver(
        self, webhook: Webhook, account: str, payload: bytes, headers: dict[str, str]
    ) -> dict[str, Any]:
        delivery = {"at": now_iso(), "provider": webhook.provider, "account": account}
        delivery |= _answer(webhook.url, payload, headers)
        self._state.record_delivery(delivery)
        return delivery


def _answer(url: str, payload: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """Posts a webhook. The result has the response's status (None without one) and text, the error, and the duration in
    ms.
    """
    parts = urllib.parse.urlsplit(url)
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    started = time.monotonic()
    status, error, text = None, None, ""
    connection = connect(parts.netloc, timeout=TIMEOUT_S)
    try:
        target = parts.path or "/"
        connection.request("POST", f"{target}?{parts.query}" if parts.query else target, payload, headers)
        response = connection.getresponse()
        status = response.status
        text = response.read(RESPONSE_LIMIT).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as exc:
        error = f"{type(exc).__name__}: {exc}"
    finally:
        connection.close()
    ms = round((time.monotonic() - started) * 1000, 1)
    return {"url": url, "status": status, "error": error, "response": text, "ms": ms}
