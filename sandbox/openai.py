"""Simulates OpenAI's Responses API as far as Holdfast uses it.

The simulation includes strict JSON schemas, token usage, incomplete answers and errors. The content comes from
`answers` and only proves that everything is connected. Like OpenAI, the simulation refuses a schema that breaks the
strict rules, an effort that the model does not support, and too few output tokens.
"""

import json
import re
import time
import uuid
from dataclasses import dataclass
from typing import Any

from sandbox.answers import answer, draft, resolve, types_of
from sandbox.provider import Call, Provider
from sandbox.reading import Facts, read
from sandbox.web import BadRequestError, Response, Router, json_response

routes = Router()

CODES = {
    401: "invalid_api_key",
    403: "insufficient_permissions",
    404: "model_not_found",
    429: "rate_limit_exceeded",
}
EFFORTS = (
    (r"gpt-5\.[1-9]", ("none", "low", "medium", "high", "xhigh")),
    (r"gpt-5", ("minimal", "low", "medium", "high")),
    (r"o\d", ("low", "medium", "high")),
)
"""The reasoning efforts of each model. The first pattern that matches the beginning of the model's name applies."""
REASONING_TOKENS = {"none": 0, "minimal": 0, "low": 32, "medium": 128, "high": 512, "xhigh": 1024}
FORBIDDEN = (
    "allOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "oneOf",
    "patternProperties",
)
OWNER = "holdfast-sandbox"
"""The owner of the sandbox's models, by which an evaluation distinguishes the sandbox from a real model."""
REFUSAL = "I'm sorry, but I cannot assist with that request."


class OpenAI(Provider):
    name = "openai"
    routes = routes
    texts = {
        401: "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.",
        429: "Rate limit reached for requests. Please try again later.",
        500: "The server had an error while processing your request.",
    }
    retry_after_s = 20

    def new_data(self) -> None:
        """Returns None, because the simulated model stores nothing between requests."""

    def error(self, status: int, code: str | None = None, message: str | None = None) -> Response:
        response = super().error(status, code, message)
        response.headers["x-request-id"] = f"req_{uuid.uuid4().hex}"
        return response

    def error_body(self, status: int, code: str | None, text: str) -> dict[str, Any]:
        kind = "requests" if status == 429 else "server_error" if status >= 500 else "invalid_request_error"
        return {"error": {"message": text, "type": kind, "param": None, "code": code or CODES.get(status)}}


def _refused(message: str, param: str, code: str | None = None) -> BadRequestError:
    body = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return BadRequestError(message, response=json_response({"error": body}, 400))


@routes.on("GET", "/v1/models")
def models(call: Call) -> Response:
    names = ("gpt-5.2", "gpt-5.1", "gpt-5-mini", "gpt-5-nano")
    rows = [{"id": name, "object": "model", "created": 1_750_000_000, "owned_by": OWNER} for name in names]
    return json_response({"object": "list", "data": rows})


@routes.on("POST", "/v1/responses")
def respond(call: Call) -> Response:
    values = call.request.data
    effort = _check_parameters(values)
    kind = ((values.get("text") or {}).get("format") or {}).get("type", "text")
    facts = read(values["input"])
    text = draft(facts)
    if kind == "json_schema":
        text = json.dumps(_structured(call, values["text"]["format"], facts), ensure_ascii=False)
    prompt = values["input"] + str(values.get("instructions") or "")
    reply = _Reply(values, text, input_tokens=_tokens(prompt), reasoning_tokens=REASONING_TOKENS[effort])
    fault = call.fault.kind if call.fault else ""
    if fault == "invalid_json":
        reply.text = text[: max(1, len(text) * 2 // 3)].rstrip('}"]')
    elif fault == "refusal":
        reply.refused = True
    reply.keep_to_budget()
    headers = {"x-request-id": f"req_{uuid.uuid4().hex}", "openai-processing-ms": "1"}
    return json_response(reply.body(), headers=headers)


def _check_parameters(values: dict[str, Any]) -> str:
    """Returns the reasoning effort. Raises BadRequestError if OpenAI would refuse a parameter other than the schema."""
    model = values.get("model")
    if not isinstance(model, str) or not model:
        raise _refused("Missing required parameter: 'model'.", "model", "missing_required_parameter")
    if not isinstance(values.get("input"), str) or not values["input"]:
        raise _refused("Missing required parameter: 'input'.", "input", "missing_required_parameter")
    limit = values.get("max_output_tokens")
    if limit is not None and (not isinstance(limit, int) or limit < 16):
        message = f"Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got {limit}."
        raise _refused(message, "max_output_tokens", "integer_below_min_value")
    allowed = next((efforts for pattern, efforts in EFFORTS if re.match(pattern, model)), None)
    effort = (values.get("reasoning") or {}).get("effort")
    if allowed is None:
        if effort is not None:
            message = "Unsupported parameter: 'reasoning.effort' is not supported with this model."
            raise _refused(message, "reasoning.effort", "unsupported_parameter")
        return "none"
    for name in ("temperature", "top_p"):
        if name in values and values[name] is not None:
            message = f"Unsupported parameter: '{name}' is not supported with this model."
            raise _refused(message, name, "unsupported_parameter")
    if effort is not None and effort not in allowed:
        listed = ", ".join(f"'{field}'" for field in allowed)
        message = f"Unsupported value: '{effort}' is not supported with the '{model}' model."
        raise _refused(f"{message} Supported values are: {listed}.", "reasoning.effort", "unsupported_value")
    return effort or ("none" if "none" in allowed else "medium")


def _structured(call: Call, wanted: dict[str, Any], facts: Facts) -> Any:
    name, schema = wanted.get("name"), wanted.get("schema")
    if not isinstance(name, str) or not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
        raise _refused("Missing or invalid parameter: 'text.format.name'.", "text.format.name")
    if not isinstance(schema, dict):
        raise _refused("Missing required parameter: 'text.format.schema'.", "text.format.schema")
    if wanted.get("strict") and (problem := schema_problem(schema)):
        message = f"Invalid schema for response_format '{name}': {problem}"
        raise _refused(message, "text.format.schema", "invalid_json_schema")
    written = answer(name, schema, facts)
    scripted = call.sandbox.scripted_answer(name, facts.everything)
    return {**written, **scripted} if scripted is not None else written


def schema_problem(schema: dict[str, Any]) -> str | None:
    """Returns why OpenAI refuses a JSON schema in strict mode, in OpenAI's words; None if it accepts the schema."""
    if schema.get("type") != "object" or "anyOf" in schema:
        return "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'."
    pending: list[tuple[tuple[str, ...], dict[str, Any]]] = [((), schema)]
    while pending:
        path, node = pending.pop()
        if problem := _node_problem(schema, node):
            return f"In context={path!r}, {problem}"
        for group in ("properties", "$defs", "definitions"):
            pending += [((*path, group, key), child) for key, child in node.get(group, {}).items()]
        pending += [((*path, "anyOf", str(n)), child) for n, child in enumerate(node.get("anyOf", ()))]
        if isinstance(node.get("items"), dict):
            pending.append(((*path, "items"), node["items"]))
    return None


def _node_problem(root: dict[str, Any], node: dict[str, Any]) -> str | None:
    if "$ref" in node:
        keywords = sorted(set(node) - {"$ref"})
        try:
            resolve(root, {"$ref": node["$ref"]})
        except (KeyError, TypeError):
            return f"reference to component '{node['$ref']}' which was not found in the schema."
        return f"$ref cannot have keywords {set(keywords)}." if keywords else None
    if forbidden := next((word for word in FORBIDDEN if word in node), None):
        return f"'{forbidden}' is not permitted."
    kinds = types_of(node)
    if not kinds and not {"anyOf", "enum", "const"} & set(node):
        return "schema must have a 'type' key."
    if "array" in kinds and not isinstance(node.get("items"), dict):
        return "array schema missing items."
    if "object" in kinds:
        if node.get("additionalProperties") is not False:
            return "'additionalProperties' is required to be supplied and to be false."
        properties, required = node.get("properties", {}), node.get("required")
        missing = [key for key in properties if key not in (required or ())]
        if required is None or missing or set(required) - set(properties):
            extra = f" Missing '{missing[0]}'." if missing else ""
            return f"'required' is required to be supplied and to be an array including every key in properties.{extra}"
    return None


@dataclass
class _Reply:
    """A response object under construction: its text and the tokens that it uses."""

    values: dict[str, Any]
    text: str
    input_tokens: int
    reasoning_tokens: int
    refused: bool = False
    incomplete: bool = False

    def keep_to_budget(self) -> None:
        """Cuts the simulated model's text off where it exceeds max_output_tokens. Reasoning uses tokens first."""
        limit = self.values.get("max_output_tokens")
        if limit is None or self.reasoning_tokens + _tokens(self.text) <= limit:
            return
        self.incomplete = True
        self.reasoning_tokens = min(self.reasoning_tokens, limit)
        self.text = self.text[: (limit - self.reasoning_tokens) * 4]

    def body(self) -> dict[str, Any]:
        values = self.values
        return {
            "id": f"resp_{uuid.uuid4().hex}",
            "object": "response",
            "created_at": int(time.time()),
            "status": self._status,
            "background": False,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if self.incomplete else None,
            "instructions": values.get("instructions"),
            "max_output_tokens": values.get("max_output_tokens"),
            "metadata": values.get("metadata") or {},
            "model": values["model"],
            "output": self._output(),
            "parallel_tool_calls": True,
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None, **(values.get("reasoning") or {})},
            "store": values.get("store", True),
            "temperature": 1.0,
            "text": values.get("text") or {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "truncation": values.get("truncation") or "disabled",
            "usage": self._usage(),
            "user": None,
        }

    @property
    def _status(self) -> str:
        return "incomplete" if self.incomplete else "completed"

    def _output(self) -> list[dict[str, Any]]:
        output: list[dict[str, Any]] = []
        if self.reasoning_tokens:
            output.append({"id": f"rs_{uuid.uuid4().hex}", "type": "reasoning", "summary": []})
        content: dict[str, Any] = {
            "type": "output_text",
            "text": self.text,
            "annotations": [],
            "logprobs": [],
        }
        if self.refused:
            content = {"type": "refusal", "refusal": REFUSAL}
        if self.text or self.refused:
            message = {"id": f"msg_{uuid.uuid4().hex}", "type": "message", "role": "assistant"}
            output.append({**message, "status": self._status, "content": [content]})
        return output

    def _usage(self) -> dict[str, Any]:
        spent = self.reasoning_tokens + _tokens(REFUSAL if self.refused else self.text)
        return {
            "input_tokens": self.input_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": spent,
            "output_tokens_details": {"reasoning_tokens": self.reasoning_tokens},
            "total_tokens": self.input_tokens + spent,
        }


def _tokens(text: str) -> int:
    return -(-len(text) // 4)


PLAYER = OpenAI()
