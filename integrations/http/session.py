"""ProviderSession, through which every call goes. A session limits, classifies, retries and reports calls to one
provider.

`CallOutcome` lists all outcomes.
"""

import io
import json
import re
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPMethod
from typing import Any, NamedTuple, cast

import pydantic
import requests
from django.conf import settings
from tenacity import Retrying, retry_if_result
from typing_extensions import TypeVar
from urllib3.exceptions import HTTPError

from integrations import rawjson
from integrations.errors import (
    ACCOUNT_SUSPENDED,
    SENDER_DOWN,
    SUSPENDED,
    CallCancelled,
    CallInterrupted,
    CallOutcome,
    ProviderAuthError,
    ProviderError,
    ProviderFault,
    ProviderMisconfigured,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnreachable,
)
from integrations.http import call_reports
from integrations.http.breaker import Permit, breakers
from integrations.http.hosts import HostRefused, address_of
from integrations.http.ratelimit import RateLimit
from integrations.http.retry import RETRYABLE, RetryBudget, may_pass, parse_retry_after_ms, wait_s
from integrations.http.transport import CallGuard, adapter_of, guarded
from integrations.provider_words import words_of
from integrations.visits import refuse_in_transaction
from jobs.deadline import Deadline
from jobs.errors import Cancelled, DeadlineExceeded, ShutdownRequested


class Budget(NamedTuple):
    """The limits for reading one response: its bytes, its JSON values, and the milliseconds for reading them."""

    bytes: int
    values: int
    parse_ms: int


READ = Budget(10 * 1024 * 1024, 100_000, 5_000)
"""The limits for calls that may be repeated: lists and conversations, with people's texts."""
WRITE = Budget(2 * 1024 * 1024, 20_000, 5_000)
"""The limits for calls that may not be repeated, whose responses are small. A response that has arrived is never
dropped for lack of time, because the outcome of the call would then be unknown.
"""
OWN_TURN_WAIT_S = 2.0
"""The longest wait in seconds for our own rate limit. If the wait would be longer, the job is postponed."""
USER_AGENT = f"Holdfast/{settings.VERSION}"

_budgets: defaultdict[str, RetryBudget] = defaultdict(RetryBudget)


@dataclass(frozen=True, slots=True)
class Response:
    """A provider's complete HTTP response. `data` is the parsed JSON, or None without any."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    data: Any = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class ResponseVerdict:
    """The error to raise for a response whose HTTP status does not show the problem: the error's class and fields."""

    error: type[ProviderError]
    code: str = ""
    retry_after_ms: int | None = None
    sent: bool | None = False
    cannot_send: bool = False


def sender_verdict(words: str, sender_is_down: re.Pattern[str]) -> ResponseVerdict | None:
    """Returns the verdict if a mail provider's refusal in `words` concerns our mailbox or the whole account."""
    if sender_is_down.search(words):
        return ResponseVerdict(ProviderRejected, code=SENDER_DOWN, cannot_send=True)
    return ResponseVerdict(ProviderAuthError, code=ACCOUNT_SUSPENDED) if SUSPENDED.search(words) else None


T = TypeVar("T", default=Response)
"""The type that a call's `parse` returns. Without `parse`, the type is Response."""

Classify = Callable[[Response], ResponseVerdict | None]


def verdict_by_status(response: Response) -> ResponseVerdict | None:
    """Returns the error that the HTTP status means; None for a 2xx.

    After a 4xx, no message was sent. After a 5xx, 408, 409 or redirect (which is not followed), it is unknown
    whether one was sent.
    """
    status = response.status
    if response.ok:
        return None
    if status == 429:
        return ResponseVerdict(ProviderRateLimited)
    if status in (401, 403):
        return ResponseVerdict(ProviderAuthError)
    if status == 402:  # the account is not paid for, so nothing works until a person acts
        return ResponseVerdict(ProviderAuthError, code="payment_required")
    if status >= 500 or status == 408:
        return ResponseVerdict(ProviderFault, sent=None)
    if status == 425:
        return ResponseVerdict(ProviderFault)
    return ResponseVerdict(ProviderRejected, sent=None if status == 409 or status < 400 else False)


def whole_response(response: Response) -> Any:
    return response


@dataclass(slots=True)
class _Call:
    request: requests.PreparedRequest
    operation: str
    deadline: Deadline
    timeout_ms: int
    idempotent: bool
    expect_json: bool
    file_limit: int
    parse: Callable[[Response], Any]
    began: float = field(default_factory=time.monotonic)
    attempts: int = 0
    last: Any = None  # the result of the newest attempt: a Response or an error


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSession:
    """Makes calls to one provider for one account.

    `base_url` is prepended to paths. `headers` and `params` are sent with every call; they may contain credentials, so
    they are never shown. `timeout_ms` limits one attempt, while the Deadline of a call limits all attempts together.
    `classify` judges a response before its status does. `rate_limit` is our own limit across processes. Sessions are
    cheap to create, as connections are pooled per provider and process. `breaker_id` names a circuit breaker that the
    workspace's other calls do not share.
    """

    provider: str
    base_url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    workspace_id: uuid.UUID | None = None
    integration_id: uuid.UUID | None = None
    account: str = ""
    breaker_id: uuid.UUID | None = None
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
        expect_json: bool = True,
        file_limit: int = 0,
        parse: Callable[[Response], T] = whole_response,
    ) -> T:
        """Makes one call and returns `parse` of its response.

        `path` is appended to the base URL, or is a whole URL. `operation` names the call in logs. `idempotent` calls
        may be repeated; by default these are GET and HEAD. Once the first byte of any other call has been sent, only
        the Deadline ends the call. `file_limit` says that the response is a file of at most that many bytes. Raises a
        ProviderError (ProviderFault if `parse` fails), CallCancelled, CallInterrupted or ProviderMisconfigured. A stop
        by the caller before the first attempt is raised as it is.
        """
        refuse_in_transaction()
        call = _Call(
            request=self._prepare(method, path, headers or {}, params or {}, data=data, json=json),
            operation=operation,
            deadline=deadline,
            timeout_ms=self.timeout_ms,
            idempotent=method in (HTTPMethod.GET, HTTPMethod.HEAD) if idempotent is None else idempotent,
            expect_json=expect_json and not file_limit,
            file_limit=file_limit,
            parse=parse,
        )
        return cast(T, self._run(call))

    def _prepare(
        self, method: str, path: str, headers: Mapping[str, str], params: Mapping[str, Any], **content: Any
    ) -> requests.PreparedRequest:
        url = f"{self.base_url.rstrip('/')}{path}" if path.startswith("/") else path
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json", **self.headers, **headers}
        query = {**params, **self.params}
        # The URL is checked before requests prepares it, because requests would turn some unusual URLs into
        # plain ones and would remove the password from others.
        address_of(self.provider, url)
        try:
            for text in headers.values():
                text.encode("latin-1")
            return requests.Request(method, url, headers, params=query, **content).prepare()
        except (requests.RequestException, ValueError):
            # The original error would quote the header, and with it the key.
            raise ProviderMisconfigured(
                f"{self.provider}: the address or credentials contain characters that aren’t allowed in a request."
            ) from None

    def _run(self, call: _Call) -> Any:
        """Makes attempts until one succeeds or none is left. The outcome of a call is reported once."""
        budget = _budgets[self.provider]
        tries = Retrying(
            retry=retry_if_result(
                lambda ending: call.idempotent and budget.allows_retry and may_pass(ending)
            ),
            wait=lambda state: wait_s(state, call.last),
            stop=lambda state: (
                state.attempt_number > self.max_retries or state.upcoming_sleep >= call.deadline.remaining_s()
            ),
            sleep=call.deadline.sleep_s,
            before_sleep=lambda _state: call_reports.RETRIES.labels(self.provider).inc(),
            retry_error_callback=lambda _state: call.last,
        )
        try:
            tries(self._attempt, call)
        except (ProviderError, DeadlineExceeded):  # the retry may not start, so the previous result stands
            if call.last is None:
                raise
        except (Cancelled, ShutdownRequested) as reason:
            if call.last is None:
                raise
            call.last = _interrupted(reason, call.last.sent)
        return self._finish(call, call.last)

    def _attempt(self, call: _Call) -> Any:
        permit = self._admit(call)
        call.attempts += 1
        call.last = self._exchange(call)
        self._count(permit, call)
        return call.last

    def _admit(self, call: _Call) -> Permit:
        """Waits for the breaker and the rate limit. Errors have `sent` False, as this attempt did not start."""
        try:
            call.deadline.check()
            permit = breakers.enter(self.provider, self.workspace_id, self.breaker_id)
            try:
                self._take_place(call.deadline)
            except BaseException:
                breakers.leave(permit, CallOutcome.CANCELLED)
                raise
            return permit
        except ProviderError as refusal:
            call_reports.REFUSALS.labels(self.provider, refusal.code).inc()
            raise
        except (DeadlineExceeded, Cancelled, ShutdownRequested) as reason:
            reason.sent = False
            raise

    def _take_place(self, deadline: Deadline) -> None:
        while self.rate_limit and (wait_ms := self.rate_limit.take()):
            if wait_ms / 1000 > min(OWN_TURN_WAIT_S, deadline.remaining_s()):
                raise ProviderRateLimited(self.provider, code="own_limit", retry_after_ms=wait_ms, sent=False)
            deadline.sleep_s(wait_ms / 1000)

    def _count(self, permit: Permit, call: _Call) -> None:
        if call.file_limit:  # a file may be on any server, so its failure must not stop other calls
            breakers.leave(permit, CallOutcome.CANCELLED)
            return
        # Only an HTTP 429 stops all calls. A rate limit on one kind of call, such as invitations, does not concern
        # others.
        ending = call.last
        refused = ending if isinstance(ending, ProviderRateLimited) and ending.status == 429 else None
        breakers.leave(permit, outcome_of(ending), refused.retry_after_ms if refused else None)
        if isinstance(ending, Response):
            _budgets[self.provider].succeeded()
        elif isinstance(ending, ProviderError) and ending.outcome in RETRYABLE:
            _budgets[self.provider].failed()

    def _exchange(self, call: _Call) -> Response | Exception:
        """Sends the request and reads the response. Errors are returned, not raised.

        An exception of `requests` names the URL, which may contain a key. So our own exception is created outside the
        handler of the other exception.
        """
        guard = CallGuard(
            call.deadline.within_ms(call.timeout_ms),
            finish_once_started=not call.idempotent,
            workspace_id=self.workspace_id,
        )
        try:
            with guarded(guard):
                response = _exchange_bytes(self.provider, call, guard)
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
            verdict = ResponseVerdict(ProviderFault, code="not_json", sent=None)
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
            words=""
            if response.ok and not response.data
            else words_of(response.data, response.content, call.request),
            cannot_send=verdict.cannot_send,
        )

    def _finish(self, call: _Call, ending: Response | Exception) -> Any:
        parsed: Any = None
        if isinstance(ending, Response):
            try:
                parsed = call.parse(ending)
            except (pydantic.ValidationError, KeyError, TypeError, ValueError, AttributeError):
                ending = ProviderFault(
                    self.provider, status=ending.status, code="unexpected_shape", sent=True
                )
        self._report(call, ending)
        if isinstance(ending, Exception):
            raise ending
        return parsed

    def _report(self, call: _Call, ending: Response | Exception) -> None:
        call_reports.report(
            call_reports.CallReport(
                provider=self.provider,
                operation=call.operation,
                workspace_id=self.workspace_id,
                integration_id=self.integration_id,
                account=self.account,
                outcome=outcome_of(ending),
                duration_ms=round((time.monotonic() - call.began) * 1000),
                attempts=call.attempts,
                status=getattr(ending, "status", None),
                code=getattr(ending, "code", ""),
                error=type(ending).__name__ if isinstance(ending, Exception) else "",
                said=getattr(ending, "said", ""),
                cannot_send=getattr(ending, "cannot_send", False),
                retry_after_ms=getattr(ending, "retry_after_ms", None),
            )
        )


class _TooLarge(Exception):
    pass


def outcome_of(ending: Response | Exception) -> CallOutcome:
    """Returns the outcome of a call that ended with a response, or with an error of ours or of the provider."""
    if isinstance(ending, ProviderError):
        return ending.outcome
    if isinstance(ending, DeadlineExceeded):
        return CallOutcome.TIMEOUT
    if isinstance(ending, Cancelled):
        return CallOutcome.CANCELLED
    if isinstance(ending, ShutdownRequested):
        return CallOutcome.SHUTDOWN
    return CallOutcome.OK if isinstance(ending, Response) else CallOutcome.REJECTED


def _interrupted(reason: Exception, sent: bool | None) -> CallCancelled | CallInterrupted:
    return CallCancelled(sent) if isinstance(reason, Cancelled) else CallInterrupted(sent)


def _exchange_bytes(provider: str, call: _Call, guard: CallGuard) -> Response:
    """Makes the exchange under `guard`, within the budget. With a file limit, a 2xx response contains a file."""
    budget = READ if call.idempotent else WRITE
    answer = adapter_of(provider).send(call.request, stream=True)
    ok = 200 <= answer.status_code < 300
    is_file = bool(call.file_limit) and ok
    content = io.BytesIO()  # returns its bytes without a copy
    try:
        for chunk in answer.raw.stream(65_536, decode_content=True):
            content.write(chunk)
            if content.tell() > (call.file_limit if is_file else budget.bytes):
                raise _TooLarge()
    except BaseException:
        answer.raw.close()
        raise
    finally:
        answer.raw.release_conn()
    whole = content.getvalue()
    if is_file:
        return Response(answer.status_code, answer.headers, whole)
    if rawjson.has_more_values(whole, budget.values):
        if ok:
            raise _TooLarge()
        return Response(answer.status_code, answer.headers, whole)
    check = guard.parsing(budget.parse_ms) if call.idempotent else lambda: None
    return Response(answer.status_code, answer.headers, whole, _parse_json(whole, check))


def _parse_json(content: bytes, check: Callable[[], None]) -> Any:
    """Parses the JSON; None if it is invalid. `check` raises an error if no time is left."""
    try:
        check()
        parsed = json.loads(content)
        check()
        parsed = rawjson.storable(parsed)
        check()
    except (ValueError, RecursionError):
        return None
    return parsed
