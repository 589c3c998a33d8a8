"""Asks the model for an answer of a given type. Each question to the model is recorded in AiCall with its cost and its
outcome.

The client uses OpenAI's SDK over our own transport and without the SDK's retries. A missing key raises its own error
class, so that callers can go on without a model and say so.
"""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

import httpx2
from django.conf import settings
from pydantic import ValidationError

from integrations.errors import (
    ADDRESS_REFUSED,
    REQUEST_REFUSED,
    ProviderError,
    ProviderMisconfigured,
    ProviderRejected,
)
from integrations.health import writer
from integrations.http.hosts import HostRefused
from integrations.http.session import ProviderSession, outcome_of
from integrations.models import AiCall, Integration
from integrations.openai import NAME
from integrations.openai.catalog import MODELS, checked
from integrations.openai.errors import AnswerRefused, AnswerUnusable, OpenAINotConfigured, classify
from integrations.openai.schema import ModelAnswer, strict_schema
from integrations.payload import field_at
from integrations.visits import optional_visit
from jobs.context import running_job
from jobs.deadline import Deadline
from jobs.errors import Cancelled, DeadlineExceeded, ShutdownRequested

if TYPE_CHECKING:
    from openai.types.responses import Response as ModelResponse
    from openai.types.responses import ResponseFormatTextJSONSchemaConfigParam
    from openai.types.shared_params import ReasoningEffort

LIST = "models"
"""The operation name of the call that reads the list of models."""

T = TypeVar("T", bound=ModelAnswer)
MORE_TOKENS = 1.5
"""The factor for the token limit when a cut-off answer is requested again."""


@dataclass(slots=True, kw_only=True)
class Question:
    """A question to the language model. `call` is its record, which holds no text and is stored afterwards."""

    call: AiCall
    instructions: str
    text: str
    schema: type[ModelAnswer]
    limit: int
    account: Integration | None
    cached_tokens: int = 0

    def count(self, response: "ModelResponse") -> None:
        """Adds the tokens of one response to the record of the question."""
        usage = response.usage
        if usage is None:
            return
        self.call.input_tokens += usage.input_tokens or 0
        self.call.output_tokens += usage.output_tokens or 0
        self.cached_tokens += getattr(usage.input_tokens_details, "cached_tokens", 0) or 0
        self.call.reasoning_tokens += getattr(usage.output_tokens_details, "reasoning_tokens", 0) or 0


OWN_HEADERS = {"host", "content-length", "accept-encoding", "connection"}
"""Headers that ProviderSession sets itself."""
DECODED = {"content-encoding", "content-length", "transfer-encoding"}


class SeamTransport(httpx2.BaseTransport):
    """Carries one HTTP call of OpenAI's SDK through ProviderSession. A question to the model is safe to repeat."""

    def __init__(self, session: ProviderSession, operation: str, deadline: Deadline) -> None:
        self._session = session
        self._operation = operation
        self._deadline = deadline

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self._session.request(
            request.method,
            str(request.url),
            operation=self._operation,
            deadline=self._deadline,
            data=request.read(),
            headers={name: text for name, text in request.headers.items() if name.lower() not in OWN_HEADERS},
            idempotent=True,
        )
        headers = {name: text for name, text in response.headers.items() if name.lower() not in DECODED}
        return httpx2.Response(response.status, headers=headers, content=response.content, request=request)


class OpenAIClient:
    """Asks questions through OpenAI's Responses API (docs/reference/openai.md) with the installation's key."""

    def ask(
        self,
        *,
        feature: str,
        prompt_version: str,
        model: str,
        effort: str = "",
        instructions: str,
        text: str,
        schema: type[T],
        max_output_tokens: int,
        workspace_id: uuid.UUID | None,
        deadline: Deadline,
        on_cost: Callable[[int], None] | None = None,
    ) -> T:
        """Returns the model's answer to `text` under `instructions`, as an instance of `schema`.

        `effort` is "" for the model's default. If an answer is cut off at `max_output_tokens`, it is requested once
        more with MORE_TOKENS times as many. `on_cost` is called with the cost in millionths of a dollar if it is known,
        even after a failure. Raises OpenAINotConfigured, ProviderMisconfigured, AnswerRefused, AnswerUnusable, and the
        errors of ProviderSession.request.
        """
        if not settings.OPENAI_API_KEY:
            raise OpenAINotConfigured()
        call = AiCall(feature=feature, prompt_version=prompt_version, model=model, effort=effort, tries=0)
        call.workspace_id = workspace_id
        question = Question(
            call=call,
            instructions=instructions,
            text=text,
            schema=schema,
            limit=max_output_tokens,
            account=workspace_account(workspace_id),
        )
        return _ask(question, schema, deadline, on_cost)


def _ask(question: Question, schema: type[T], deadline: Deadline, on_cost: Callable[[int], None] | None) -> T:
    call, began = question.call, time.monotonic()
    call.outcome = "error"
    try:
        pricing = checked(call.model, call.effort)
        answer = _answer(question, schema, deadline)
        call.outcome = "ok"
        return answer
    except ProviderMisconfigured as error:
        _note_refusal(question.account, error)
        raise
    except (ProviderError, DeadlineExceeded, Cancelled, ShutdownRequested) as error:
        call.outcome = _outcome(error)
        if isinstance(error, ProviderRejected) and not isinstance(error, AnswerRefused):
            _note_refusal(question.account, error)
        raise
    finally:
        if call.tries:
            call.duration_ms = round((time.monotonic() - began) * 1000)
            call.cost_microusd = pricing.cost_microusd(
                input_tokens=call.input_tokens,
                cached_tokens=question.cached_tokens,
                output_tokens=call.output_tokens,
            )
            call.job_id = running_job()
            with optional_visit("model call not recorded", feature=call.feature):
                call.save()
            if on_cost is not None and call.cost_microusd is not None:
                on_cost(call.cost_microusd)


def check(deadline: Deadline, account: Integration | None = None) -> str:
    """Proves with a free call that the key works. Returns the owner of the first model, or "".

    Reference: https://platform.openai.com/docs/api-reference/models/list
    """
    listed = _session(account).request("GET", "/models", operation=LIST, deadline=deadline).data
    models = field_at(listed, "data")
    return str(field_at(models[0], "owned_by") or "") if isinstance(models, list) and models else ""


def ask_shortly(deadline: Deadline, account: Integration) -> None:
    """Proves that OpenAI answers questions: asks the cheapest model for an answer of at most 16 tokens."""
    body = {"model": next(iter(MODELS)), "input": "Say OK.", "max_output_tokens": 16}
    _session(account).request("POST", "/responses", operation="short question", deadline=deadline, json=body)


def _session(account: Integration | None) -> ProviderSession:
    if not settings.OPENAI_API_KEY:
        raise OpenAINotConfigured()
    return ProviderSession(
        provider="openai",
        base_url=settings.OPENAI_BASE_URL,
        headers={"Authorization": f"Bearer {settings.OPENAI_API_KEY}"},
        workspace_id=account.workspace_id if account else None,
        integration_id=account.pk if account else None,
        classify=classify,
    )


def _answer(question: Question, schema: type[T], deadline: Deadline) -> T:
    for limit in (question.limit, int(question.limit * MORE_TOKENS)):
        question.call.tries += 1
        response = _respond(question, limit, deadline)
        try:
            question.count(response)
            if not _cut_off(response):
                return _read(response, schema)
        except (AttributeError, TypeError):
            # The SDK does not validate the types that it builds.
            raise AnswerUnusable("openai", code="unexpected_shape", sent=True) from None
    raise AnswerUnusable("openai", code="max_output_tokens", sent=True)


def _respond(question: Question, limit: int, deadline: Deadline) -> "ModelResponse":
    """Makes one call to OpenAI. Reference: https://platform.openai.com/docs/api-reference/responses/create"""
    # The SDK's 500 modules take a quarter of Django's start time and 21 MB, so only processes that ask the model load
    # them.
    from openai import OpenAI, omit

    call = question.call
    session = ProviderSession(
        provider="openai",
        workspace_id=call.workspace_id,
        integration_id=question.account.pk if question.account else None,
        timeout_ms=settings.OPENAI_DRAFT_TIMEOUT_MS,
        classify=classify,
    )
    transport = SeamTransport(session, call.feature, deadline)
    with httpx2.Client(transport=transport, trust_env=False) as http_client:
        client = OpenAI(
            api_key=settings.OPENAI_API_KEY,
            base_url=settings.OPENAI_BASE_URL,
            max_retries=0,
            http_client=http_client,
        )
        return client.responses.create(
            model=call.model,
            instructions=question.instructions,
            input=question.text,
            max_output_tokens=limit,
            truncation="auto",
            text={"format": _format(question.schema)},
            reasoning={"effort": cast("ReasoningEffort", call.effort)} if call.effort else omit,
        )


def _format(schema: type[ModelAnswer]) -> "ResponseFormatTextJSONSchemaConfigParam":
    return {
        "type": "json_schema",
        "name": schema.__name__,
        "schema": strict_schema(schema),
        "strict": True,
    }


def _cut_off(response: "ModelResponse") -> bool:
    """Whether the token limit cut the answer off. Raises AnswerRefused if OpenAI's content filter cut it off."""
    if response.status != "incomplete":
        return False
    reason = response.incomplete_details.reason if response.incomplete_details else ""
    if reason == "content_filter":
        raise AnswerRefused("openai", code="content_filter", sent=True)
    return True


def _read(response: "ModelResponse", schema: type[T]) -> T:
    if response.status == "failed":
        raise AnswerUnusable("openai", code="failed", sent=True)
    for output in response.output:
        if output.type == "message" and any(part.type == "refusal" for part in output.content):
            raise AnswerRefused("openai", code="refusal", sent=True)
    text = response.output_text
    if not text.strip():
        raise AnswerUnusable("openai", code="empty", sent=True)
    try:
        return schema.model_validate_json(text)
    except ValidationError as error:
        not_json = error.errors(include_input=False)[0]["type"] == "json_invalid"
    raise AnswerUnusable("openai", code="not_json" if not_json else "schema", sent=True)


def _outcome(error: Exception) -> str:
    if isinstance(error, AnswerRefused | AnswerUnusable):
        return error.code
    return str(outcome_of(error))


def workspace_account(workspace_id: uuid.UUID | None) -> Integration | None:
    """Returns the workspace's account, created on first use; None without a workspace or without the database."""
    if workspace_id is None:
        return None
    with optional_visit("model asked without its account"):
        return Integration.objects.get_or_create(
            workspace_id=workspace_id, provider=NAME, external_account_id=""
        )[0]
    return None


def _note_refusal(account: Integration | None, error: ProviderError | ProviderMisconfigured) -> None:
    """Records in the account's health that OpenAI refuses our request, or that its address is not allowed.

    Reports of finished calls do not record this, because at other providers a rejected request says nothing about the
    account. If the database is unavailable, the refusal is only logged.
    """
    if account is None:
        return
    reason = ADDRESS_REFUSED if isinstance(error, HostRefused) else REQUEST_REFUSED
    words = error.said if isinstance(error, ProviderError) else str(error)
    with optional_visit("refusal of the model not noted"):
        writer.record(account, writer.Signal(writer.SignalKind.REFUSED, reason, words=words))
