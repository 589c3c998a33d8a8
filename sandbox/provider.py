"""The interface of a played provider. The rest of the sandbox uses only this.

A provider is one module with a Router of its calls, a data class for what an account contains, and one Provider object.
"""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.faults import Fault
from sandbox.state import Account, SendRecord
from sandbox.web import BadRequestError, Request, Response, Router, refused_field

if TYPE_CHECKING:
    from sandbox.core import Sandbox
    from sandbox.outbox import Webhook

STATUS_CODES = {"revoked": 401, "forbidden": 403, "rate_limited": 429, "down": 503}
"""Statuses that every account can have besides `ok`, with the HTTP status that its calls then get."""


@dataclass
class Call:
    """One request that the handler of a played provider works on. The handler runs under the account's lock."""

    sandbox: "Sandbox"
    request: Request
    params: dict[str, str]
    account: Account
    request_id: int
    fault: Fault | None = None

    @property
    def store(self) -> Any:
        """What the played provider keeps for the account, an instance of the provider's own class."""
        return self.account.data

    def look_up(self, rows: dict[str, dict[str, Any]], name: str, refusal: str) -> dict[str, Any]:
        """The row of `rows` whose key the path has as `name`. Raises BadRequestError (404) with the text `refusal`."""
        key = self.params[name]
        if key not in rows:
            raise BadRequestError(refusal, status=404)
        return rows[key]

    def check_body(
        self, fields: dict[str, type], required: tuple[str, ...], refusals: dict[str, str]
    ) -> dict[str, Any]:
        """The body of the call. Raises BadRequestError, with a text of `refusals`, as `refused_field` finds it."""
        name, why = refused_field(self.request.data, fields, required)
        if name:
            raise BadRequestError(refusals[why].format(name))
        return self.request.data

    def sent(
        self, kind: str, send_id: str | int, *, to: str = "", thread: str | int = "", text: str = ""
    ) -> SendRecord:
        """Record that the person `to` receives something because of this call to the played provider, and return the
        record. `send_id` is the provider's id of it.
        """
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
        """Post a webhook of the called account in the background. An echo is posted only if the webhook asks for
        echoes.
        """
        self.sandbox.outbox.post(self.account.provider, self.account.name, body, echo=echo)


class Provider(ABC):
    """What differs between played providers. The defaults fit an API with bearer keys and one account per key."""

    name = ""
    routes: Router
    statuses: tuple[str, ...] = ()
    """Statuses of its accounts besides `ok` and STATUS_CODES."""

    @abstractmethod
    def new_data(self) -> Any:
        """Makes an empty store of the played provider for a new account."""

    def credential(self, request: Request) -> str:
        """The key with which the caller authenticates at the played provider, or ""."""
        return request.bearer()

    def account_name(self, sandbox: "Sandbox", request: Request, params: dict[str, str]) -> str:
        """The name of the account that a call to the played provider is for; by default, the key. May raise
        BadRequestError.
        """
        return self.credential(request)

    @abstractmethod
    def error(self, status: int, code: str | None = None, message: str | None = None) -> Response:
        """An error answer in the provider's own form. `code` is its machine-readable code, if it has one."""

    def blocked(self, call: Call) -> Response | None:
        """The played provider's answer to a call if the account's status forbids it. None lets the call through."""
        status = STATUS_CODES.get(call.account.status)
        return self.error(status) if status else None

    def build(self, account: Account, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        """The body of the webhook that the played provider posts for `event`. Raises BadRequestError for an unknown
        event.
        """
        raise BadRequestError(f"{self.name} posts no webhook {event}", code="event")

    def learn(self, account: Account, body: dict[str, Any]) -> None:
        """Store in the account of the played provider what a webhook body says has happened. The default stores
        nothing.
        """
        return None

    def holds(self, account: Account, body: dict[str, Any]) -> bool:
        """Whether the played provider cannot see this event at the moment (its account is disconnected), and so cannot
        report it.
        """
        return False

    def encode(self, webhook: "Webhook", body: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        """A webhook's bytes and headers as the provider posts them, signed if the provider signs."""
        return json.dumps(body).encode(), {"Content-Type": "application/json"}

    def status_event(self, account: Account, status: str) -> dict[str, Any] | None:
        """The webhook body that reports a change of the account's status, or None if the provider has none."""
        return None
