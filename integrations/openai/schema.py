"""The base class of the model's answer types, and the strict JSON schema that OpenAI gets for each type.

OpenAI refuses a schema with an optional property, a free-form object or an unknown keyword. Every call would then fail,
so a type without a strict schema cannot even be defined. A type's docstring is part of its schema. Reference:
https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
"""

from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict

KEPT = {
    "type", "enum", "description", "format", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "minItems", "maxItems", "required", "additionalProperties",
}  # fmt: skip
DROPPED = {
    "title",
    "default",
    "examples",
    "minLength",
    "maxLength",
    "uniqueItems",
    "discriminator",
    "deprecated",
}
"""Keywords that mean nothing to the model, or that OpenAI does not support. Our types still check lengths."""


class SchemaError(TypeError):
    """An answer type has no strict JSON schema. The message names the place and the remedy."""


class ModelAnswer(BaseModel):
    """Base class of all answer types. Validators shorten long texts, because the model cannot count characters."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.__pydantic_complete__:
            strict_schema(cls)


@cache
def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Returns the strict JSON schema that OpenAI requires for the answer type `model`. Raises SchemaError."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    if schema.get("type") != "object":
        raise SchemaError(f"{model.__name__}: the answer itself must be an object.")
    strict = _strict(schema, model.__name__)
    if definitions:
        strict["$defs"] = {name: _strict(part, name) for name, part in definitions.items()}
    return strict


def _strict(schema: dict[str, Any], place: str) -> dict[str, Any]:
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}  # OpenAI refuses other keywords beside $ref
    if unknown := schema.keys() - KEPT - DROPPED - {"properties", "items", "anyOf", "oneOf", "const"}:
        raise SchemaError(f"{place}: “{min(unknown)}” is not possible in a strict schema.")
    strict = {keyword: rule for keyword, rule in schema.items() if keyword in KEPT}
    if "const" in schema:
        strict["enum"] = [schema["const"]]
    if "items" in schema:
        strict["items"] = _strict(schema["items"], f"{place}[]")
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        strict["anyOf"] = [_strict(part, place) for part in choices]
    if schema.get("type") == "object":
        if schema.get("additionalProperties") or not schema.get("properties"):
            raise SchemaError(f"{place}: a free-form object is not possible; use a list of name and value.")
        parts = {name: _strict(part, f"{place}.{name}") for name, part in schema["properties"].items()}
        strict |= {"properties": parts, "required": list(parts), "additionalProperties": False}
    return strict
