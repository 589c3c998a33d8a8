"""The model, asked for an answer of a given type. Every call is recorded in AiCall: what for, at what cost, its end.

Built on the SDK with its retries off and our transport under it. No key is a state of the installation with a class
of its own, so that callers can go on without a model and say so.
"""

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import httpx2
from django.conf import settings
from django.db import Error
from openai import OpenAI
from openai.types.responses import Response as ModelResponse
from pydantic import ValidationError

from integrations.errors import Outcome, ProviderError
from integrations.http import ProviderSession
from integrations.models import AiCall
from integrations.openai.catalog import Model, checked
from integrations.openai.errors import AnswerRefused, AnswerUnusable, OpenAINotConfigured, classify
from integrations.openai.schema import ModelAnswer, strict_schema
from integrations.openai.transport import SeamTransport
from integrations.visits import visit
from jobs.context import running_job
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.errors import Cancelled, DeadlineExceeded, ShutdownRequested

logger = logging.getLogger(__name__)

T = TypeVar("T", bound=ModelAnswer)
MORE_TOKENS = 1.5
"""An answer cut off by its limit gets one more try with this much more: reasoning counts against the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, and for which feature, prompt version and workspace it is recorded."""

    feature: str
    prompt_version: str
    model: str
    effort: str
    instructions: str
    text: str
    schema: type[ModelAnswer]
    workspace_id: uuid.UUID | None


@dataclass(slots=True)
class Usage:
    """Tokens of all tries of one question."""

    tries: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0

    def add(self, response: ModelResponse) -> None:
        usage = response.usage
        if usage is None:
            return
        self.input_tokens += usage.input_tokens or 0
        self.output_tokens += usage.output_tokens or 0
        self.cached_tokens += getattr(usage.input_tokens_details, "cached_tokens", 0) or 0
        self.reasoning_tokens += getattr(usage.output_tokens_details, "reasoning_tokens", 0) or 0

    def cost_microusd(self, pricing: Model) -> int | None:
        return pricing.cost_microusd(
            input_tokens=self.input_tokens,
            cached_tokens=self.cached_tokens,
            output_tokens=self.output_tokens,
        )


class OpenAIClient:
    """Questions to OpenAI's Responses API (docs/reference/openai.md) with the installation's key."""

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
        """The model's answer to `text` under `instructions`, as `schema`.

        effort: reasoning effort, "" for the model's own. on_cost: told what the answer cost, in millionths of a
        dollar, however it ended, where the model's price is known. Raises OpenAINotConfigured,
        ProviderMisconfigured for an unknown model or effort, AnswerRefused, AnswerUnusable, and what
        ProviderSession.request raises.
        """
        if not settings.OPENAI_API_KEY:
            raise OpenAINotConfigured()
        pricing = checked(model, effort)
        question = Question(
            feature=feature,
            prompt_version=prompt_version,
            model=model,
            effort=effort,
            instructions=instructions,
            text=text,
            schema=schema,
            workspace_id=workspace_id,
        )
        usage, began, outcome = Usage(), time.monotonic(), "error"
        try:
            answer = _answer(question, usage, max_output_tokens, deadline)
            outcome = "ok"
            return answer
        except (ProviderError, DeadlineExceeded, Cancelled, ShutdownRequested) as error:
            outcome = _outcome(error)
            raise
        finally:
            if usage.tries:
                cost_microusd = usage.cost_microusd(pricing)
                _record(question, usage, cost_microusd, outcome, round((time.monotonic() - began) * 1000))
                if on_cost is not None and cost_microusd is not None:
                    on_cost(cost_microusd)


def check(deadline: Deadline) -> str:
    """Proof that the installation's key works: a read that costs nothing. Raises as OpenAIClient.ask does.

    Returns who owns the first model, as the list of models says; "" where it does not.

    Reference: https://platform.openai.com/docs/api-reference/models/list
    """
    if not settings.OPENAI_API_KEY:
        raise OpenAINotConfigured()
    session = ProviderSession(
        provider="openai",
        base_url=settings.OPENAI_BASE_URL,
        headers={"Authorization": f"Bearer {settings.OPENAI_API_KEY}"},
        classify=classify,
    )
    listed = session.request("GET", "/models", operation="models", deadline=deadline).data
    models = listed.get("data") if isinstance(listed, dict) else None
    first = models[0] if isinstance(models, list) and models else None
    return str(first.get("owned_by") or "") if isinstance(first, dict) else ""


def _answer(question: Question, usage: Usage, max_output_tokens: int, deadline: Deadline) -> T:
    for limit in (max_output_tokens, int(max_output_tokens * MORE_TOKENS)):
        usage.tries += 1
        response = _respond(question, limit, deadline)
        try:
            usage.add(response)
            if not _cut_off(response):
                return _read(response, question.schema)
        except (AttributeError, TypeError):
            # The SDK builds its types without checking them.
            raise AnswerUnusable("openai", code="unexpected_shape", sent=True) from None
    raise AnswerUnusable("openai", code="max_output_tokens", sent=True)


def _respond(question: Question, limit: int, deadline: Deadline) -> ModelResponse:
    """One call. Reference: https://platform.openai.com/docs/api-reference/responses/create"""
    session = ProviderSession(
        provider="openai",
        workspace_id=question.workspace_id,
        timeout_ms=settings.OPENAI_DRAFT_TIMEOUT_MS,
        classify=classify,
    )
    transport = SeamTransport(session, question.feature, deadline)
    with httpx2.Client(transport=transport, trust_env=False) as http_client:
        client = OpenAI(
            api_key=settings.OPENAI_API_KEY,
            base_url=settings.OPENAI_BASE_URL,
            max_retries=0,
            http_client=http_client,
        )
        return client.responses.create(
            model=question.model,
            instructions=question.instructions,
            input=question.text,
            max_output_tokens=limit,
            truncation="auto",
            text={
                "format": {
                    "type": "json_schema",
                    "name": question.schema.__name__,
                    "schema": strict_schema(question.schema),
                    "strict": True,
                }
            },
            **({"reasoning": {"effort": question.effort}} if question.effort else {}),
        )


def _cut_off(response: ModelResponse) -> bool:
    """Whether the token limit ended the answer. Raises AnswerRefused where the content filter did."""
    if response.status != "incomplete":
        return False
    reason = response.incomplete_details.reason if response.incomplete_details else ""
    if reason == "content_filter":
        raise AnswerRefused("openai", code="content_filter", sent=True)
    return True


def _read(response: ModelResponse, schema: type[T]) -> T:
    if response.status == "failed":
        raise AnswerUnusable("openai", code="failed", sent=True)
    for item in response.output:
        if item.type == "message" and any(part.type == "refusal" for part in item.content):
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
    if isinstance(error, ProviderError):
        return str(error.outcome)
    if isinstance(error, DeadlineExceeded):
        return str(Outcome.TIMEOUT)
    return str(Outcome.CANCELLED if isinstance(error, Cancelled) else Outcome.SHUTDOWN)


def _record(
    question: Question, usage: Usage, cost_microusd: int | None, outcome: str, duration_ms: int
) -> None:
    """One AiCall. A database that is away costs the record, not the answer."""
    try:
        with visit():
            AiCall.objects.create(
                workspace_id=question.workspace_id,
                job_id=running_job(),
                feature=question.feature,
                prompt_version=question.prompt_version,
                model=question.model,
                effort=question.effort,
                tries=usage.tries,
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                reasoning_tokens=usage.reasoning_tokens,
                cost_microusd=cost_microusd,
                duration_ms=duration_ms,
                outcome=outcome,
            )
    except Error:
        logger.warning("model call not recorded", extra={"feature": question.feature}, exc_info=True)
        drop_connection()
