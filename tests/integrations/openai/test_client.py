"""Asking the model: answers, what is recorded of them, and everything that can be wrong with one."""

import logging
from importlib import import_module

import pytest

from integrations.errors import (
    CallCancelled,
    ProviderAuthError,
    ProviderFault,
    ProviderMisconfigured,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
)
from integrations.models import AiCall
from integrations.openai.client import OpenAIClient
from integrations.openai.errors import AnswerRefused, AnswerUnusable, OpenAINotConfigured
from integrations.openai.schema import ModelAnswer
from jobs.deadline import Deadline
from tests.factories import make_workspace
from tests.integrations import fault_server as faults
from tests.integrations.fault_server import FaultServer, FullBacklog, answer
from tests.waiting import SLACK_S

pytestmark = pytest.mark.django_db


class Verdict(ModelAnswer):
    tag: str
    confidence: float


@pytest.fixture(autouse=True, scope="module")
def sdk() -> None:
    """Who asks first loads the SDK: here that is no part of a call's time."""
    import_module("openai")


@pytest.fixture
def model(sandbox, settings):
    settings.OPENAI_API_KEY = "sk-test"
    settings.OPENAI_BASE_URL = sandbox.url("openai") + "/v1"
    return sandbox


def ask(deadline_ms=3000, **fields):
    question = {
        "feature": "tag",
        "prompt_version": "3",
        "model": "gpt-5-mini",
        "effort": "low",
        "instructions": "Tag it.",
        "text": "Newest reply: please send times, Dana Reyes",
        "schema": Verdict,
        "max_output_tokens": 500,
        "workspace_id": None,
        "deadline": Deadline.after_ms(deadline_ms),
    }
    return OpenAIClient().ask(**question | fields)


def message(text, status="completed", **fields):
    """A Responses answer with `text`."""
    part = {"type": "output_text", "text": text, "annotations": []}
    output = [{"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}]
    usage = {
        "input_tokens": 100,
        "output_tokens": 50,
        "total_tokens": 150,
        "input_tokens_details": {"cached_tokens": 40},
        "output_tokens_details": {"reasoning_tokens": 30},
    }
    body = {
        "id": "r",
        "object": "response",
        "model": "gpt-5-mini",
        "status": status,
        "output": output,
        "usage": usage,
    }
    return answer(body=body | fields)


def asked(settings, *script, **fields):
    """Ask a server that answers by `script`; how many requests it took, and what came of it."""
    with FaultServer(*script) as server:
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-test", server.url
        try:
            result = ask(**fields)
        except Exception as error:
            result = error
        return server.calls, result


def test_returns_the_answer_as_its_type(model):
    assert isinstance(ask(), Verdict)


def test_records_what_the_call_cost(settings):
    workspace = make_workspace()
    asked(settings, message('{"tag": "New", "confidence": 1}'), workspace_id=workspace.pk)
    call = AiCall.objects.get()
    assert (call.feature, call.prompt_version, call.model, call.effort) == ("tag", "3", "gpt-5-mini", "low")
    assert (call.input_tokens, call.output_tokens, call.reasoning_tokens) == (100, 50, 30)
    assert call.cost_microusd == round((60 + 4) * 0.25 + 50 * 2.0)
    assert (call.outcome, call.tries, call.workspace) == ("ok", 1, workspace)


def test_an_answer_cut_off_by_its_limit_gets_one_more_try_with_more_tokens(settings):
    cut = message("{", status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    with FaultServer(cut, message('{"tag": "New", "confidence": 1}')) as server:
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-test", server.url
        assert ask(max_output_tokens=400).tag == "New"
        limits = [
            b'"max_output_tokens":400' in server.requests[0],
            b'"max_output_tokens":600' in server.requests[1],
        ]
    assert limits == [True, True]
    assert AiCall.objects.get().tries == 2


@pytest.mark.parametrize(
    ("script", "error", "code", "calls"),
    [
        (
            message("{", status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
            AnswerUnusable,
            "max_output_tokens",
            2,
        ),
        (
            message("{", status="incomplete", incomplete_details={"reason": "content_filter"}),
            AnswerRefused,
            "content_filter",
            1,
        ),
        (message('{"tag": "Ne'), AnswerUnusable, "not_json", 1),
        (message('{"tag": "New"}'), AnswerUnusable, "schema", 1),
        (message("  "), AnswerUnusable, "empty", 1),
        (message("{}", status="failed"), AnswerUnusable, "failed", 1),
        (message("{}", output=None), AnswerUnusable, "unexpected_shape", 1),
        (answer(body=["nonsense"]), AnswerUnusable, "unexpected_shape", 1),
    ],
)
def test_tells_what_is_wrong_with_an_answer(settings, script, error, code, calls):
    made, result = asked(settings, script)
    assert (type(result), result.code, made) == (error, code, calls)
    assert AiCall.objects.get().outcome == code


def test_a_refusal_is_permanent(model):
    model.fault(provider="openai", kind="refusal")
    with pytest.raises(AnswerRefused) as caught:
        ask()
    assert caught.value.code == "refusal"


@pytest.mark.parametrize(
    ("behaviour", "error", "calls"),
    [
        (faults.hang, ProviderTimeout, 1),
        (faults.drip_headers, ProviderTimeout, 1),
        (faults.drip_body, ProviderTimeout, 1),
        (faults.half_json, ProviderFault, 3),
        (faults.empty, ProviderFault, 3),
        (faults.html, ProviderFault, 3),
        (answer(503), ProviderFault, 3),
        (answer(409, {"error": {"code": "lock_timeout"}}), ProviderFault, 3),
        (
            answer(429, {"error": {"code": "rate_limit_exceeded"}}, {"Retry-After": "90"}),
            ProviderRateLimited,
            1,
        ),
        (answer(429, {"error": {"code": "insufficient_quota"}}), ProviderAuthError, 1),
        (answer(401, {"error": {"code": "invalid_api_key"}}), ProviderAuthError, 1),
        (answer(404, {"error": {"code": "model_not_found"}}), ProviderRejected, 1),
        (answer(400, {"error": {"code": "invalid_json_schema"}}), ProviderRejected, 1),
    ],
)
@pytest.mark.faults
def test_one_layer_retries_and_the_deadline_holds(settings, monkeypatch, behaviour, error, calls):
    monkeypatch.setattr("integrations.http.retry.BACKOFF.multiplier", 0.01)
    made, result = asked(settings, behaviour, deadline_ms=2_000)
    assert (type(result), made) == (error, calls)
    assert AiCall.objects.get().duration_ms <= 2_000 + 1_000 * SLACK_S
    assert AiCall.objects.get().outcome == result.outcome


@pytest.mark.faults
def test_a_timeout_tells_whether_the_question_had_left(settings):
    """The SDK's APITimeoutError covers both; here it does not come up, and the cause is on the error."""
    settings.OPENAI_API_KEY = "sk-test"
    with FullBacklog() as server:
        settings.OPENAI_BASE_URL = server.url
        with pytest.raises(ProviderTimeout) as unsent:
            ask(deadline_ms=300)
    _, unknown = asked(settings, faults.hang, deadline_ms=300)
    assert (unsent.value.sent, unsent.value.code) == (False, "connect")
    assert (unknown.sent, unknown.code) == (None, "answer")


@pytest.mark.faults
def test_a_cancelled_question_stops_and_is_recorded_so(settings):
    deadline = Deadline.after_ms(5000)
    started = []

    def hang_and_cancel(server, conn):
        started.append(1)
        faults.hang(server, conn)

    deadline = Deadline.after_ms(5000, cancelled=lambda: bool(started))
    _, result = asked(settings, hang_and_cancel, deadline=deadline)
    assert type(result) is CallCancelled
    assert AiCall.objects.get().outcome == "cancelled"


def test_without_a_key_there_is_no_model_and_no_call(settings):
    settings.OPENAI_API_KEY = ""
    with pytest.raises(OpenAINotConfigured, match="OPENAI_API_KEY"):
        ask()
    assert not AiCall.objects.exists()


@pytest.mark.parametrize(
    ("fields", "named"),
    [({"model": "gpt-9"}, "gpt-5.1"), ({"model": "gpt-5-mini", "effort": "none"}, "minimal, low")],
)
def test_a_wrong_model_or_effort_is_named_before_any_call(model, fields, named):
    with pytest.raises(ProviderMisconfigured, match=named):
        ask(**fields)
    assert not AiCall.objects.exists()


def test_errors_and_logs_hold_no_key_and_no_text(settings, caplog):
    caplog.set_level(logging.DEBUG)
    _, result = asked(settings, message('{"tag": "Dana Reyes"}'))
    assert "Dana" not in caplog.text + repr(result) and "sk-test" not in caplog.text + repr(result)
    assert result.__context__ is None
