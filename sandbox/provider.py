"""The interface of a simulated provider. The rest of the sandbox uses only this.

A provider is one module with a Router of its calls, a data class for the contents of an account, and one Provider
object.
"""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.faults import Fault
from sandbox.state import Account
from sandbox.web import BadRequestError, ControlError, Request, Response, Router, json_response, refused_field

if TYPE_CHECKING:
    from sandbox.core import Sandbox
    from sandbox.outbox import Webhook

STATUS_CODES = {"revoked": 401, "forbidden": 403, "rate_limited": 429, "down": 503}
"""Statuses besides `ok` that every account can have, with the HTTP status that its calls then get."""


@dataclass
class Call:
    """A request for the handler of a simulated provider. The handler runs under the account's lock."""

    sandbox: "Sandbox"
    request: Request
    params: dict[str, str]
    account: Account
    request_id: int
    fault: Fault | None = None

    @property
    def store(self) -> Any:
        """The data of the account at the simulated provider, an instance of the provider's own class."""
        return self.account.data

    def look_up(self, rows: dict[str, dict[str, Any]], name: str, refusal: str) -> dict[str, Any]:
        """Returns the row of `rows` whose key is the path parameter `name`. If there is no such row, raises
        BadRequestError (404) with the text `refusal`.
        """
        key = self.params[name]
        if key not in rows:
            raise BadRequestError(refusal, status=404)
        return rows[key]

    def check_body(
        self, fields: dict[str, type], required: tuple[str, ...], refusals: dict[str, str]
    ) -> dict[str, Any]:
        """Returns the call's body. Raises BadRequestError with one of `refusals` if `refused_field` names a field."""
        name, why = refused_field(self.request.data, fields, required)
        if name:
            raise BadRequestError(refusals[why].format(name))
        return self.request.data

    def sent(
        self, kind: str, send_id: str | int, *, to: str = "", thread: str | int = "", text: str = ""
    ) -> None:
        """Records that the person `to` receives something by this call. `send_id` is the provider's id for it."""
        request = self.request
        searched = request.body.decode("utf-8", "replace") + " ".join(request.headers.values())
        self.sandbox.state.record_send(
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

    def tell(self, body: dict[str, Any]) -> None:
        """Posts a webhook of the called account in the background."""
        self.sandbox.outbox.post(self.account.provider, self.account.name, body)


class Provider(ABC):
    """Base class of the simulated providers. Its defaults fit an API with bearer keys and one account per key."""

    name = ""
    routes: Router
    events: tuple[str, ...] = ()
    """The events about which the provider posts webhooks. "" stands for an event without a name."""
    texts: dict[int, str] = {}
    """Error messages by HTTP status. Another 4xx gets the message of 400, and another 5xx that of 500."""
    retry_after_s = 30
    """The header Retry-After of responses with the status 429, in seconds."""
    statuses: tuple[str, ...] = ()
    """The statuses that an account can have in addition to `ok` and STATUS_CODES."""

    @abstractmethod
    def new_data(self) -> Any:
        """Returns empty data of the simulated provider for a new account."""

    def credential(self, request: Request) -> str:
        """Returns the key with which the caller authenticates at the simulated provider, or ""."""
        return request.bearer()

    def account_name(self, sandbox: "Sandbox", request: Request, params: dict[str, str]) -> str:
        """Returns the name of the account that a call is for; by default, the key. May raise BadRequestError."""
        return self.credential(request)

    def error(self, status: int, code: str | None = None, message: str | None = None) -> Response:
        """Returns an error response. `code` is the provider's machine-readable code, if it has one."""
        text = message or self.texts.get(status) or self.texts.get(500 if status >= 500 else 400, "")
        headers = {"Retry-After": str(self.retry_after_s)} if status == 429 else {}
        return json_response(self.error_body(status, code, text), status, headers)

    @abstractmethod
    def error_body(self, status: int, code: str | None, text: str) -> dict[str, Any]:
        """Returns the JSON of an error response in the provider's own form."""

    def blocked(self, call: Call) -> Response | None:
        """Returns the error response if the account's status forbids the call; None if the call may go on."""
        status = STATUS_CODES.get(call.account.status)
        return self.error(status) if status else None

    def build(self, account: Account, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Returns the body of the webhook that the simulated provider posts for `event`, which is one of `events`. By
        default, raises ControlError, because the provider posts no webhooks.
        """
        raise ControlError("event", f"{self.name} posts no webhooks")

    def learn(self, account: Account, body: dict[str, Any]) -> None:
        """Stores the event of a webhook's body in the simulated provider's account. By default, stores nothing."""
        return None

    def holds(self, account: Account, body: dict[str, Any]) -> bool:
        """Whether the simulated provider cannot report this event now, because the account is disconnected."""
        return False

    def encode(self, webhook: "Webhook", body: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        """Returns a webhook's bytes and headers as the provider posts them, signed if the webhook has a secret."""
        payload = json.dumps(body).encode()
        signature = self.signature(webhook, payload) if webhook.secret else {}
        return payload, {"Content-Type": "application/json"} | signature

    def signature(self, webhook: "Webhook", payload: bytes) -> dict[str, str]:
        """Returns the headers with which the provider signs a webhook's bytes. By default, returns none."""
        return {}

    def status_event(self, account: Account, status: str) -> dict[str, Any] | None:
        """Returns the webhook body that reports a new status of the account; None if the provider has no such event."""
        return None
