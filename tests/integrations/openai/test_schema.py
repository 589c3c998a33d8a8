"""Strict schemas: what OpenAI would refuse on every call is refused where the type is written."""

import importlib
import pkgutil
from typing import Literal

import pytest
from pydantic import BaseModel, Field

import inbox
import insights
from integrations.openai.schema import ModelAnswer, SchemaError, strict_schema
from sandbox.openai import schema_problem


class Part(BaseModel):
    name: str = Field(max_length=10, description="whose")
    share: float = Field(1.0, ge=0, le=1)


class Whole(ModelAnswer):
    """A docstring."""

    kind: Literal["a", "b"] = "a"
    only: Literal["x"]
    parts: list[Part] = Field(max_length=3)
    first: Part | None = None
    note: str | None = None


def test_every_property_is_required_and_nothing_else_is_allowed():
    schema = strict_schema(Whole)
    assert schema["required"] == ["kind", "only", "parts", "first", "note"]
    assert schema["additionalProperties"] is False
    part = schema["$defs"]["Part"]
    assert (part["required"], part["additionalProperties"]) == (["name", "share"], False)


def test_keywords_that_openai_does_not_know_are_left_out():
    schema = strict_schema(Whole)
    assert schema["$defs"]["Part"]["properties"] == {
        "name": {"type": "string", "description": "whose"},
        "share": {"type": "number", "minimum": 0, "maximum": 1},
    }
    assert schema["properties"]["first"] == {"anyOf": [{"$ref": "#/$defs/Part"}, {"type": "null"}]}
    assert schema["properties"]["only"] == {"type": "string", "enum": ["x"]}


def test_a_free_form_object_cannot_be_defined():
    with pytest.raises(SchemaError, match=r"Loose\.values: a free-form object"):

        class Loose(ModelAnswer):
            values: dict[str, int]


def test_a_tuple_cannot_be_defined():
    with pytest.raises(SchemaError, match="prefixItems"):

        class Pair(ModelAnswer):
            both: tuple[int, str]


def every_answer() -> list[type[ModelAnswer]]:
    for package in (inbox, insights):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in module.name and ".management" not in module.name:
                importlib.import_module(module.name)
    pending, found = list(ModelAnswer.__subclasses__()), []
    while pending:
        model = pending.pop()
        pending += model.__subclasses__()
        found.append(model)
    return found


def test_every_answer_of_the_product_passes_the_rules_of_strict_schemas():
    answers = [model for model in every_answer() if model.__module__.split(".")[0] in ("inbox", "insights")]
    assert answers
    assert {model.__qualname__: schema_problem(strict_schema(model)) for model in answers} == {
        model.__qualname__: None for model in answers
    }
