"""The one seam through which every call to a provider goes: bounded, classified, retried here only, reported once.

A call ends in one of the ways of `Outcome`: its result is returned, or the matching error of integrations.errors is
raised. What the answer of one provider means is that provider's business: its client passes `classify`.
"""

import json
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPMethod
from typing import Any, TypeVar, cast

import pydantic
import requests
from urllib3.exceptions import HTTPError

from integrations import outcomes
from integrations.breaker import Permit, breakers
from integrations.errors import (
    CallCancelled,
    CallInterrupted,
    Outcome,
    ProviderAuthError,
    ProviderError,
    ProviderFault,
    ProviderMisconfigured,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnreachable,
)
from integrations.hosts import HostRefused, address_of
from integrations.ratelimit import RateLimit
from integrations.retry import RETRYABLE, RetryBudget, parse_retry_after_ms, retry_delay_s
from integrations.said import words_of
from integrations.transport import CallGuard, adapters, guarded
from integrations.visits import refuse_in_transaction
from jobs.deadline import Deadline
from jobs.errors import Cancelled, DeadlineExceeded, ShutdownRequested

T = TypeVar("T")

BODY_LIMIT = 10 * 1024 * 1024
OWN_TURN_WAIT_S = 2.0
"""The longest wait for a place under our own rate limit; for longer the job is put off instead."""
USER_AGENT = "Holdfast/1"

_budgets: defaultdict[str, RetryBudget] = defaultdict(RetryBudget)


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer. `data` is the parsed JSON, None where there is none."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    data: Any = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a provider's answer means where its status does not say it: the error to raise and its fields."""

    error: type[ProviderError]
    code: str = ""
    retry_after_ms: int | None = None
    sent: bool | None = False
    cannot_send: bool = False


Classify = Callable[[Response], Verdict | None]


def verdict_by_status(response: Response) -> Verdict | None:
    """What an HTTP status means by itself; None for a 2xx.

    A 4xx was refused, so nothing went out; a 5xx, 408 or 409 leaves that open. Redirects are not followed.
    """
    status = response.status
    if response.ok:
        return None
    if status == 429:
        return Verdict(ProviderRateLimited)
    if status in (401, 403):
        return Verdict(ProviderAuthError)
    if status == 402:  # the account is not paid for: nothing works until somebody acts
        return Verdict(ProviderAuthError, code="payment_required")
    if status >= 500 or status == 408:
        return Verdict(ProviderFault, sent=None)
    if status == 425:
        return Verdict(ProviderFault)
    return Verdict(ProviderRejected, sent=None if status == 409 or status < 400 else False)


def _whole(response: Response) -> Any:
    return response


@dataclass(slots=True)
class _Call:
    """One call under way: what its attempts share."""

    request: requests.PreparedRequest
    operation: str
    deadline: Deadline
    timeout_ms: int
    idempotent: bool
    expect_json: bool
    parse: Callable[[Response], Any]
    began: float = field(default_factory=time.monotonic)
    attempts: int = 0
    not_before: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSession:
    """Calls to one provider for one integration.

    base_url: what a path is appended to. headers: credentials among them, so never shown. timeout_ms: the limit of
    one attempt; the Deadline of a call bounds all of them. classify: reads an answer before its status does.
    rate_limit: our own limit, held across processes. Cheap to build; connections are pooled per provider and process.
    """

    provider: str
    base_url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    workspace_id: uuid.UUID | None = None
    integration_id: uuid.UUID | None = None
    account: str = ""
    timeout_ms: int = 30_000
    max_retries: int = 2
    classify: Classify | None = None
    rate_limit: RateLimit | None = None

    def request(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        deadline: Deadline,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
        timeout_ms: int | None = None,
        expect_json: bool = True,
        parse: Callable[[Response], T] = _whole,
    ) -> T:
        """Make one call and return `parse` of its answer.

        path: begins with a slash and is appended to the base URL, or is a whole URL. operation: the call's name in
        logs and metrics. idempotent: may be repeated; default: GET and HEAD. A call that may not be, once its first
        byte is out, is ended by the Deadline alone and not by a cancellation or shutdown. expect_json: a 2xx without
        JSON is a fault.
        Raises the ProviderError that says what went wrong, CallCancelled, CallInterrupted, HostRefused, and
        RuntimeError inside a database transaction.
        """
        refuse_in_transaction()
        url = f"{self.base_url.rstrip('/')}{path}" if path.startswith("/") else path
        call = _Call(
            request=self._prepare(method, url, {**self.headers, **(headers or {})}, params, data, json),
            operation=operation,
            deadline=deadline,
            timeout_ms=timeout_ms or self.timeout_ms,
            idempotent=method in (HTTPMethod.GET, HTTPMethod.HEAD) if idempotent is None else idempotent,
            expect_json=expect_json,
            parse=parse,
        )
        return cast(T, self._run(call))

    def with_rate_limit(self, rate_limit: RateLimit) -> "ProviderSession":
        """The same session under another limit of our own."""
        return replace(self, rate_limit=rate_limit)

    def _prepare(
        self, method: str, url: str, headers: Mapping[str, str], params: Any, data: Any, body: Any
    ) -> requests.PreparedRequest:
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json", **headers}
        # As it stands: requests would make a plain address of some others, and take a password out of some.
        address_of(self.provider, url)
        try:
            for value in headers.values():
                value.encode("latin-1")
            return requests.Request(method, url, headers, params=params, data=data, json=body).prepare()
        except (requests.RequestException, ValueError):
            # The original error quotes the header, and with it the key.
            raise ProviderMisconfigured(
                f"{self.provider}: the address or the credentials hold characters that no request may carry."
            ) from None

    def _run(self, call: _Call) -> Any:
        """Attempts until one succeeds or none is left; whatever ends a call that was made is reported, once."""
        result: Any = None
        while True:
            try:
                permit = self._admit(call)
            except (ProviderError, DeadlineExceeded):
                if result is None:
                    raise
                return self._finish(call, result)
            except (Cancelled, ShutdownRequested) as reason:
                if result is None:
                    raise
                return self._finish(call, _interrupted(reason, result.sent))
            call.attempts += 1
            result = self._exchange(call)
            self._count(permit, result)
            delay_s = self._delay_before_retry(call, result)
            if delay_s is None:
                return self._finish(call, result)
            outcomes.RETRIES.labels(self.provider).inc()
            call.not_before = time.monotonic() + delay_s

    def _admit(self, call: _Call) -> Permit:
        """Wait until the call may be made: after a retry's delay, the breaker and our own rate limit.

        Whatever is raised here carries `sent` False: this attempt did not begin.
        """
        try:
            call.deadline.sleep_s(max(0.0, call.not_before - time.monotonic()))
            permit = breakers.enter(self.provider, self.workspace_id)
            try:
                self._take_place(call.deadline)
            except BaseException:
                breakers.leave(permit, Outcome.CANCELLED)
                raise
            return permit
        except ProviderError as refusal:
            outcomes.REFUSALS.labels(self.provider, refusal.code).inc()
            raise
        except (DeadlineExceeded, Cancelled, ShutdownRequested) as reason:
            reason.sent = False
            raise

    def _take_place(self, deadline: Deadline) -> None:
        while self.rate_limit and (wait_ms := self.rate_limit.take()):
            if wait_ms / 1000 > min(OWN_TURN_WAIT_S, deadline.remaining_s()):
                raise ProviderRateLimited(self.provider, code="own_limit", retry_after_ms=wait_ms, sent=False)
            deadline.sleep_s(wait_ms / 1000)

    def _count(self, permit: Permit, result: Response | Exception) -> None:
        # Only a real 429 shuts everybody out: a limit on one kind of call (invitations) says nothing of the others.
        is_429 = isinstance(result, ProviderRateLimited) and result.status == 429
        breakers.leave(permit, _outcome_of(result), result.retry_after_ms if is_429 else None)
        if isinstance(result, Response):
            _budgets[self.provider].succeeded()
        elif isinstance(result, ProviderError) and result.outcome in RETRYABLE:
            _budgets[self.provider].failed()

    def _delay_before_retry(self, call: _Call, result: Response | Exception) -> float | None:
        if not isinstance(result, ProviderError) or not _budgets[self.provider].allows_retry:
            return None
        return retry_delay_s(
            result,
            attempt=call.attempts,
            max_retries=self.max_retries,
            idempotent=call.idempotent,
            remaining_s=call.deadline.remaining_s(),
        )

    def _exchange(self, call: _Call) -> Response | Exception:
        """Send the request and read all of the answer. Returns an error instead of raising it: what `requests`
        raises names the URL, which may hold a key, and an error raised outside its handler does not drag that along.
        """
        guard = CallGuard(call.deadline.within_ms(call.timeout_ms), finish_once_started=not call.idempotent)
        try:
            with guarded(guard):
                response = _exchange_bytes(self.provider, call.request)
        except DeadlineExceeded:
            return ProviderTimeout(self.provider, code=guard.phase, sent=None if guard.started else False)
        except (Cancelled, ShutdownRequested) as reason:
            return _interrupted(reason, None if guard.started else False)
        except HostRefused as refusal:
            return refusal
        except _TooLarge:
            return ProviderFault(self.provider, code="answer_too_large", sent=None)
        except (requests.RequestException, HTTPError, OSError):
            if guard.answered:
                return ProviderFault(self.provider, code="half_answer", sent=None)
            return ProviderUnreachable(self.provider, code=guard.phase, sent=None if guard.started else False)
        return self._judge(call, response)

    def _judge(self, call: _Call, response: Response) -> Response | ProviderError:
        verdict = (self.classify and self.classify(response)) or verdict_by_status(response)
        if verdict is None and call.expect_json and response.data is None and response.status != 204:
            verdict = Verdict(ProviderFault, code="not_json", sent=None)
        if verdict is None:
            return response
        retry_after_ms = verdict.retry_after_ms
        if retry_after_ms is None:
            retry_after_ms = parse_retry_after_ms(response.headers.get("Retry-After"))
        return verdict.error(
            self.provider,
            status=response.status,
            code=verdict.code,
            retry_after_ms=retry_after_ms,
            sent=verdict.sent,
            said=""
            if response.ok and not response.data
            else words_of(response.data, response.content, call.request),
            cannot_send=verdict.cannot_send,
        )

    def _finish(self, call: _Call, result: Response | Exception) -> Any:
        """Parse, report, and return or raise."""
        parsed: Any = None
        if isinstance(result, Response):
            try:
                parsed = call.parse(result)
            except (pydantic.ValidationError, KeyError, TypeError, ValueError, AttributeError):
                result = ProviderFault(
                    self.provider, status=result.status, code="unexpected_shape", sent=True
                )
        self._report(call, result)
        if isinstance(result, Exception):
            raise result
        return parsed

    def _report(self, call: _Call, result: Response | Exception) -> None:
        outcomes.report(
            outcomes.CallReport(
                provider=self.provider,
                operation=call.operation,
                workspace_id=self.workspace_id,
                integration_id=self.integration_id,
                account=self.account,
                outcome=_outcome_of(result),
                duration_ms=round((time.monotonic() - call.began) * 1000),
                attempts=call.attempts,
                status=getattr(result, "status", None),
                code=getattr(result, "code", ""),
                error=type(result).__name__ if isinstance(result, Exception) else "",
                said=getattr(result, "said", ""),
                cannot_send=getattr(result, "cannot_send", False),
                retry_after_ms=getattr(result, "retry_after_ms", None),
            )
        )


class _TooLarge(Exception):
    pass


def _outcome_of(result: Response | Exception) -> Outcome:
    if isinstance(result, ProviderError):
        return result.outcome
    if isinstance(result, CallCancelled):
        return Outcome.CANCELLED
    if isinstance(result, CallInterrupted):
        return Outcome.SHUTDOWN
    return Outcome.OK if isinstance(result, Response) else Outcome.REJECTED


def _interrupted(reason: Exception, sent: bool | None) -> CallCancelled | CallInterrupted:
    return CallCancelled(sent) if isinstance(reason, Cancelled) else CallInterrupted(sent)


def _exchange_bytes(provider: str, request: requests.PreparedRequest) -> Response:
    """Send and read under the current CallGuard. Raises its reasons, _TooLarge and the errors of requests, urllib3."""
    answer = adapters.get(provider).send(request, stream=True)
    content = bytearray()
    try:
        for chunk in answer.raw.stream(65_536, decode_content=True):
            content += chunk
            if len(content) > BODY_LIMIT:
                raise _TooLarge()
    except BaseException:
        answer.raw.close()
        raise
    finally:
        answer.raw.release_conn()
    return Response(answer.status_code, answer.headers, bytes(content), _parse_json(bytes(content)))


def _parse_json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
