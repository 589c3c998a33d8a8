"""OpenAI in the sandbox, by its own SDK: valid answers to any strict schema, and what OpenAI refuses."""

import json
from enum import Enum
from typing import Literal

import openai
import pytest
from jsonschema import Draft202012Validator
from openai.lib._pydantic import to_strict_json_schema
from pydantic import BaseModel, Field

from sandbox.openai import schema_problem


class Reading(BaseModel):
    tag: Literal["Interested", "Meeting Requested", "Blacklist", "Neutral"]
    confidence: float = Field(ge=0, le=1)
    quote: str
    snooze_until: str | None


class Objection(Enum):
    PRICING = "pricing"
    NONE = "none"


class Claim(BaseModel):
    text: str
    message_ids: list[str]


class Tree(BaseModel):
    """The forms that a strict schema may have."""

    claims: list[Claim]
    objection_type: Objection
    best: Claim | None
    children: list["Tree"]
    score: int = Field(ge=0, le=100)
    share: float = Field(ge=0, le=1)
    flag: bool
    kind: Literal["only"]
    either: int | str


PROMPT = """<<<said c0de about the lead>>>
first_name: Dana
<<<end c0de>>>

[m1] Hi Dana, a quick question.
[m2] Sure.

<<<said c0de newest reply, by the lead>>>
Sure, can we meet on Thursday?
<<<end c0de>>>
"""


@pytest.fixture
def client(sandbox):
    with openai.OpenAI(
        api_key="sk-a", base_url=sandbox.url("openai") + "/v1", max_retries=0, timeout=5
    ) as client:
        yield client


def ask(client, model: type[BaseModel], prompt=PROMPT, name=None, **options):
    schema = {"type": "json_schema", "name": name or model.__name__, "strict": True}
    schema["schema"] = to_strict_json_schema(model)
    return client.responses.create(model="gpt-5-mini", input=prompt, text={"format": schema}, **options)


@pytest.mark.parametrize("model", [Reading, Tree])
def test_an_answer_fits_its_schema(client, model):
    response = ask(client, model)
    Draft202012Validator(model.model_json_schema()).validate(json.loads(response.output_text))
    model.model_validate_json(response.output_text)
    assert response.status == "completed"


def test_an_answer_fits_the_prompt(client):
    answer = Reading.model_validate_json(ask(client, Reading).output_text)
    assert answer.tag == "Meeting Requested"
    assert answer.quote == "Sure, can we meet on Thursday?"
    claims = Tree.model_validate_json(ask(client, Tree, name="PackAnswer").output_text).claims
    assert claims[0].message_ids == ["m1", "m2"]


def test_the_same_prompt_gets_the_same_answer(client):
    assert ask(client, Tree).output_text == ask(client, Tree).output_text


def test_usage_is_counted_and_reasoning_grows_with_effort(client):
    low, high = (ask(client, Reading, reasoning={"effort": effort}).usage for effort in ("low", "high"))
    assert low.input_tokens == high.input_tokens >= len(PROMPT) // 4
    assert high.output_tokens_details.reasoning_tokens > low.output_tokens_details.reasoning_tokens > 0
    assert low.total_tokens == low.input_tokens + low.output_tokens


def test_too_small_a_budget_leaves_the_answer_incomplete(client):
    response = ask(client, Reading, reasoning={"effort": "high"}, max_output_tokens=64)
    assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert response.output_text == ""
    assert response.usage.output_tokens == 64


def test_invalid_json_and_refusals_on_command(sandbox, client):
    sandbox.fault(provider="openai", kind="invalid_json", count=1)
    sandbox.fault(provider="openai", kind="refusal", count=1)
    broken = ask(client, Reading)
    assert broken.status == "completed"
    with pytest.raises(ValueError, match="Expecting|Unterminated|delimiter"):
        json.loads(broken.output_text)
    assert ask(client, Reading).output[-1].content[0].type == "refusal"
    assert json.loads(ask(client, Reading).output_text)


def test_an_answer_can_be_set_for_a_prompt(sandbox, client):
    sandbox.set_answer("Reading", {"tag": "Blacklist"}, contains="Dana", count=1)
    tags = [json.loads(ask(client, Reading).output_text)["tag"] for _ in range(2)]
    assert tags == ["Blacklist", "Meeting Requested"]


def test_plain_text_is_a_draft(client):
    response = client.responses.create(model="gpt-5.1", input=PROMPT)
    assert response.output_text.startswith("Hi Dana,\n\n")


@pytest.mark.parametrize(
    ("options", "error", "param"),
    [
        ({"temperature": 0.2}, "Unsupported parameter", "temperature"),
        ({"reasoning": {"effort": "none"}}, "'none' is not supported", "reasoning.effort"),
        ({"max_output_tokens": 8}, "below minimum", "max_output_tokens"),
        (
            {"text": {"format": {"type": "json_schema", "name": "a b", "schema": {}}}},
            "name",
            "text.format.name",
        ),
    ],
)
def test_what_openai_refuses_is_refused(client, options, error, param):
    with pytest.raises(openai.BadRequestError, match=error) as caught:
        client.responses.create(model="gpt-5-mini", input="Hi", **options)
    assert caught.value.param == param


def obj(properties, **more):
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    } | more


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        (obj({"a": TEXT}), None),
        (obj({"a": TEXT, "b": TEXT}, required=["a"]), "Missing 'b'"),
        (obj({"a": obj({"b": TEXT}, additionalProperties=True)}), "'additionalProperties'"),
        (
            obj({"a": {"type": "array", "items": obj({"b": TEXT}, required=[])}}),
            "In context=('properties', 'a', 'items')",
        ),
        (obj({"a": {"anyOf": [TEXT, {"type": "object", "properties": {}}]}}), "'anyOf', '1'"),
        (
            obj({"a": {"$ref": "#/$defs/B", "description": "x"}}, **{"$defs": {"B": TEXT}}),
            "$ref cannot have keywords",
        ),
        (obj({"a": {"$ref": "#/$defs/C"}}), "not found"),
        (obj({"a": {"allOf": [TEXT]}}), "'allOf' is not permitted"),
        (obj({"a": {}}), "'type' key"),
        (obj({"a": {"type": "array"}}), "missing items"),
        ({"type": "array", "items": TEXT}, "must be a JSON Schema"),
    ],
)
def test_strict_schemas_are_checked(schema, problem):
    found = schema_problem(schema)
    assert found is None if problem is None else problem in found


def test_a_schema_that_is_not_strict_is_a_400(client):
    schema = {"type": "json_schema", "name": "x", "strict": True, "schema": obj({"a": TEXT}, required=[])}
    with pytest.raises(openai.BadRequestError, match="Invalid schema for response_format 'x'") as caught:
        client.responses.create(model="gpt-5-mini", input="Hi", text={"format": schema})
    assert (caught.value.code, caught.value.param) == ("invalid_json_schema", "text.format.schema")


def test_a_revoked_key_is_an_authentication_error(sandbox, client):
    sandbox.set_account("openai", "sk-a", "revoked")
    with pytest.raises(openai.AuthenticationError, match="Incorrect API key"):
        client.models.list()
    sandbox.set_account("openai", "sk-a", "rate_limited")
    with pytest.raises(openai.RateLimitError):
        ask(client, Reading)
