"""What a provider module has to say about itself; the rest of the sandbox knows providers only through this.

A provider is one module: a Router of its calls, a data class for what an account holds, and one Provider object.
"""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.faults import Fault
from sandbox.state import Account, SendRecord
from sandbox.web import BadRequestError, Request, Response, Router

if TYPE_CHECKING:
    from sandbox.core import Sandbox
    from sandbox.outbox import Webhook

STATUS_CODES = {"revoked": 401, "forbidden": 403, "rate_limited": 429, "down": 503}
"""Statuses every account can have besides `ok`, and the answer its calls get."""


@dataclass
class Call:
    """One request on its way through a provider's handler, which runs under the account's lock."""

    sandbox: "Sandbox"
    request: Request
    params: dict[str, str]
    account: Account
    request_id: int
    fault: Fault | None = None

    @property
    def data(self) -> Any:
        """The account's data, of the provider's own class."""
        return self.account.data

    def sent(
        self, kind: str, send_id: str | int, *, to: str = "", thread: str | int = "", text: str = ""
    ) -> SendRecord:
        """Record that a person receives something because of this call."""
        request = self.request
        searched = request.body.decode("utf-8", "replace") + " ".join(request.headers.values())
        return self.sandbox.state.record_send(
            searched=searched,
            id=str(send_id),
            provider=self.account.provider,
            account=self.account.name,
            kind=kind,
            to=str(to),
            thread=str(thread),
            text=text,
            request_id=self.request_id,
        )

    def tell(self, body: dict[str, Any], *, echo: bool = False) -> None:
        """Post a webhook of this account in the background; an echo only where the webhook asks for echoes."""
        self.sandbox.outbox.post(self.account.provider, self.account.name, body, echo=echo)


class Provider(ABC):
    """The parts that differ between providers; the defaults fit an API with bearer keys, one account per key."""

    name = ""
    routes: Router
    statuses: tuple[str, ...] = ()
    """Statuses of its accounts beyond `ok` and STATUS_CODES."""

    @abstractmethod
    def new_data(self) -> Any:
        """What a new account holds."""

    def credential(self, request: Request) -> str:
        """What the caller proves itself with; empty: nothing."""
        return request.bearer()

    def account_name(self, sandbox: "Sandbox", request: Request, params: dict[str, str]) -> str:
        """The account a call is about."""
        return self.credential(request)

    @abstractmethod
    def error(self, status: int, code: str | None = None, message: str | None = None) -> Response:
        """An error in the provider's own shape; `code` is its machine-readable part where it has one."""

    def blocked(self, call: Call) -> Response | None:
        """What a call gets because of its account's state; None: it goes through."""
        status = STATUS_CODES.get(call.account.status)
        return self.error(status) if status else None

    def build(self, account: Account, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        """The webhook body of an event. Raises BadRequestError for one it does not have."""
        raise BadRequestError(f"{self.name} posts no webhook {event}", code="event")

    def learn(self, account: Account, body: dict[str, Any]) -> None:
        """Take what a webhook body says has happened into the account's data; by default it keeps nothing."""
        return None

    def holds(self, account: Account, body: dict[str, Any]) -> bool:
        """Whether the provider cannot see, hence not tell, this event now."""
        return False

    def encode(self, webhook: "Webhook", body: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        """A webhook's bytes and headers, signed where the provider signs."""
        return json.dumps(body).encode(), {"Content-Type": "application/json"}

    def status_event(self, account: Account, status: str) -> dict[str, Any] | None:
        """The webhook body that tells of a change of the account's status, if the provider has one."""
        return None
