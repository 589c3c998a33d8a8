"""The sandbox without its server: how requests, commands and events change the state of the simulated providers.

`arrive` finds the account and the faults of a request, and `answer` calls the handler. The methods with the decorator
`command` are the commands of the control API. The sandbox imports no product code, because it simulates the providers,
with which the product talks.
"""

import logging
import threading
from concurrent.futures import wait as futures_wait
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.faults import MODEL_KINDS, Fault, FaultBook
from sandbox.outbox import Outbox, Webhook
from sandbox.provider import STATUS_CODES, Call, Provider
from sandbox.registry import players
from sandbox.state import Account, State
from sandbox.web import BadRequestError, ControlError, Request, Response, Route, command, json_response

logger = logging.getLogger(__name__)

EMIT_TIMEOUT_S = 60.0


@dataclass
class Visit:
    """A request to a simulated provider, with its route, its account, and the faults that apply to it."""

    id: int
    provider: Provider
    request: Request
    route: Route | None
    params: dict[str, str]
    credential: str
    account_name: str
    waits: list[Fault]
    fault: Fault | None


class Sandbox:
    """The state of all simulated providers, and the commands that change it."""

    def __init__(self) -> None:
        self.state = State(lambda name: players()[name].new_data())
        self.sends, self.requests = self.state.sends, self.state.requests
        self.faults = FaultBook()
        self.outbox = Outbox(self.state, lambda name: players()[name])
        self._status_lock = threading.Lock()
        self._answers: list[dict[str, Any]] = []

    # Requests

    def arrive(self, provider_name: str, request: Request) -> Visit | None:
        """Finds the simulated provider and the account of a request, and uses up the ordered faults that apply to it.

        The provider does not act on the request yet (`answer` does). Returns None for an unknown provider.
        """
        provider = players().get(provider_name)
        if provider is None:
            return None
        route, params = provider.routes.match(request.method, request.path) or (None, {})
        credential = provider.credential(request)
        try:
            account_name = provider.account_name(self, request, params)
        except BadRequestError:
            account_name = "*"
        waits, fault = self.faults.take(
            provider.name, request.method, request.path, {credential, account_name}
        )
        return Visit(
            self.state.next_request_id(),
            provider,
            request,
            route,
            params,
            credential,
            account_name,
            waits,
            fault,
        )

    def answer(self, visit: Visit) -> tuple[Response, bool]:
        """Returns the simulated provider's response, and whether the provider's handler has carried the request out."""
        provider = visit.provider
        if visit.route is None:
            return provider.error(
                404, message=f"No such endpoint: {visit.request.method} {visit.request.path}"
            ), False
        if not visit.credential:
            return provider.error(401), False
        barred = STATUS_CODES.get(self.state.status(provider.name, visit.credential))
        if barred:
            return provider.error(barred), False
        account = self.state.account(provider.name, visit.account_name)
        if account.over_limit():
            return provider.error(429), False
        call = Call(self, visit.request, visit.params, account, visit.id, visit.fault)
        try:
            with account.lock:
                blocked = provider.blocked(call)
                return (blocked, False) if blocked else (visit.route.handler(call), True)
        except BadRequestError as exc:
            return exc.response or provider.error(exc.status, exc.code, exc.message), False
        except Exception:
            logger.exception(
                "sandbox handler failed", extra={"provider": provider.name, "route": visit.route.template}
            )
            return json_response({"error": "the sandbox itself failed, see its log"}, 500), False

    # Commands

    @command
    def fault(self, **values: Any) -> Fault:
        """Orders a fault, so that requests that match it fail. docs/sandbox.md lists kinds and fields. Returns the
        fault with its id. Raises ControlError, which names an invalid field.
        """
        fault = Fault(**({"retry_after": 1} if values.get("kind") == "rate_limit" else {}) | values)
        if fault.provider != "*":
            self._provider(fault.provider)
        if fault.kind in MODEL_KINDS and fault.provider != "openai":
            raise ControlError("kind", f"{fault.kind} needs provider openai")
        return self.faults.add(fault)

    @command
    def clear_faults(self, fault_id: int | None = None) -> int:
        """Removes one ordered fault, or all faults for None. Returns the number of removed faults."""
        return self.faults.clear(fault_id)

    @command
    def set_account(
        self, provider: str, account: str, status: str | None = None, properties: dict[str, Any] | None = None
    ) -> Account:
        """Sets the status of an account at a simulated provider, unless `status` is None, and adds `properties` to the
        account's properties.

        An unknown account is created. If the provider reports status changes by webhook, it posts one. Raises
        ControlError for an unknown provider, and for a status that its accounts cannot have.
        """
        player = self._provider(provider)
        allowed = ("ok", *STATUS_CODES, *player.statuses)
        if status is not None and status not in allowed:
            raise ControlError("status", f"must be one of {', '.join(allowed)}")
        changed = self.state.account(provider, account)
        with self._status_lock:
            event = None
            if status is not None and status != changed.status:
                event = player.status_event(changed, status)
                changed.status = status
            changed.properties.update(properties or {})
        if event is not None:
            self.outbox.post(provider, account, event)
        return changed

    @command
    def set_webhook(self, provider: str, account: str, url: str, **options: Any) -> Webhook:
        """Sets the URL to which a simulated provider posts an account's webhooks, and replaces the previous one.

        `*` means all accounts without a URL of their own. `options` are other fields of Webhook. Raises ControlError
        for an unknown provider, or a URL that is not http or https.
        """
        self._provider(provider)
        webhook = Webhook(provider=provider, account=account, url=url, **options)
        self.outbox.set_webhook(webhook)
        return webhook

    @command
    def emit(
        self,
        provider: str,
        account: str,
        event: str = "",
        *,
        body: dict[str, Any] | None = None,
        deliver: bool = True,
        **fields: Any,
    ) -> dict[str, Any]:
        """Makes an event happen at a simulated provider, and posts its webhook, unless `deliver` is False.

        The body is built from `fields`, or is `body`. Raises ControlError for an unknown provider or event, and for a
        missing field. The result contains the webhook's body, and in `deliveries` our response if it came within
        EMIT_TIMEOUT_S seconds. If `held` is True, the provider cannot report the event now, and nothing is posted.
        """
        player = self._provider(provider)
        if body is None and player.events and event not in player.events:
            raise ControlError("event", f"must be one of {', '.join(player.events)}")
        target = self.state.account(provider, account)
        try:
            with target.lock:
                body = player.build(target, event, fields) if body is None else body
                player.learn(target, body)
                held = player.holds(target, body)
        except BadRequestError as exc:
            raise ControlError(exc.code or "event", exc.message) from exc
        futures = [] if held or not deliver else self.outbox.post(provider, account, body)
        deliveries = [future.result() for future in futures_wait(futures, timeout=EMIT_TIMEOUT_S).done]
        return {"event": event, "body": body, "held": held, "deliveries": deliveries}

    @command
    def ingest(self, provider: str, account: str, bodies: list[dict[str, Any]]) -> int:
        """Stores webhook bodies as events of a simulated provider, without posting anything. Returns the number of
        bodies. Raises ControlError for an unknown provider.
        """
        player = self._provider(provider)
        target = self.state.account(provider, account)
        with target.lock:
            for body in bodies:
                player.learn(target, body)
        return len(bodies)

    @command
    def set_answer(
        self, schema: str, answer: dict[str, Any], *, contains: str = "", count: int | None = None
    ) -> dict[str, Any]:
        """Makes the simulated model answer requests for the schema named `schema` with the fields `answer`, valid or
        not.

        This applies only to requests with `contains` in their input, and only `count` times (None: until reset). An
        answer that was set later has precedence.
        """
        scripted = {"schema": schema, "answer": answer, "contains": contains, "count": count}
        with self._status_lock:
            self._answers.insert(0, scripted)
        return scripted

    def scripted_answer(self, schema: str, text: str) -> dict[str, Any] | None:
        """Returns the fields that `set_answer` has set for the schema named `schema` and this input, and counts the
        answer as used once. Returns None if no answer is set.
        """
        with self._status_lock:
            for scripted in self._answers:
                if scripted["schema"] == schema and scripted["contains"] in text and scripted["count"] != 0:
                    scripted["count"] = scripted["count"] and scripted["count"] - 1
                    answer: dict[str, Any] = scripted["answer"]
                    return answer
        return None

    @command
    def reset(self) -> None:
        """Forgets all accounts, records, faults, answers and webhooks of the sandbox. The server keeps running."""
        self._answers.clear()
        self.faults.clear()
        self.outbox.reset()
        self.state.reset()

    # Looking

    def summary(
        self, *, provider: str | None = None, account: str | None = None, limit: int = 200
    ) -> dict[str, Any]:
        """Returns the state of the sandbox for a script, with the newest `limit` entries of each list, oldest first.

        `provider` and `account` narrow the lists. The totals count everything.
        """
        wanted: dict[str, Any] = {"provider": provider, "account": account}

        def last(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return items[-limit:] if limit else []

        def fits(record: dict[str, Any]) -> bool:
            return provider in (None, record["provider"]) and account in (None, record.get("account"))

        return {
            "totals": self.state.totals(),
            "sends": last(self.sends(**wanted)),
            "requests": last(self.requests(**wanted)),
            "accounts": [a.as_dict() for a in self.state.accounts(provider) if account in (None, a.name)],
            "faults": [asdict(fault) for fault in self.faults.all()],
            "webhooks": list(filter(fits, map(asdict, self.outbox.webhooks()))),
            "deliveries": last(list(filter(fits, self.state.deliveries()))),
        }

    def _provider(self, name: str) -> Provider:
        if name not in players():
            raise ControlError("provider", f"must be one of {', '.join(players())}")
        return players()[name]
