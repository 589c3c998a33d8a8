"""The reference of the API that each release publishes, from its schema.

DEBUG=1 python -m tests.api.reference        # write it anew, after a change that is meant
"""

import json
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs/reference"
PARAMETER = re.compile(r"<\w+:(\w+)>")
CHOICE = re.compile(r"\* `(.*?)` - (.*)")
FORMATS = {
    "date-time": "time",
    "uuid": "UUID",
    "email": "email address",
    "int64": "integer",
    "double": "number",
}
UNBOUNDED = 2**31 - 1
HEAD = """# The API, address by address

Made from the schema, [openapi.json](openapi.json), by `python -m tests.api.reference`; [For programs](../programs.md)
shows how to begin. All addresses begin with `/api/v1/`. Every write takes an `Idempotency-Key`. A page of rows is
`{"data": […], "nextCursor": … or null}`. The types of the rows are [below](#types).
"""


def schema() -> str:
    from api.schema import document
    from tests.api import examples

    return json.dumps(examples.added_to(document()), indent=1, sort_keys=True) + "\n"


def page() -> str:
    described = json.loads(schema())
    types = described["components"]["schemas"]
    parts, bodies = [HEAD], {"Error", "Problem"}
    for address, methods in described["paths"].items():
        for method, operation in sorted(methods.items()):
            words, _, scope = operation["description"].rpartition("\n\nScope: ")
            parts.append(f"\n## {method.upper()} {address.removeprefix('/api/v1/')}\n")
            parts.append(_wrapped(f"{' '.join(words.split())} Scope: `{scope}`."))
            query = [row for row in operation.get("parameters", []) if row["in"] == "query"]
            parts += _fields(
                "Query",
                {row["name"]: row["schema"] | {"description": row.get("description", "")} for row in query},
            )
            if "requestBody" in operation:
                name = _form(operation["requestBody"])
                bodies.add(name)
                parts += _fields("Body", types[name]["properties"], types[name].get("required", []))
            parts += [
                _wrapped(f"Answer {status}: {_answer(types, answer)}.")
                for status, answer in operation["responses"].items()
                if status < "300"
            ]
    parts.append("\n## Types\n")
    for name, form in types.items():
        if name not in bodies and "nextCursor" not in form["properties"]:
            parts.append(f"\n### {name}\n")
            parts += [_wrapped(form["description"])] if "description" in form else []
            parts += _fields("Field", form["properties"])
    return "".join(parts)


def _form(place: dict) -> str:
    return place["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]


def _answer(types: dict, answer: dict) -> str:
    if "application/json" not in answer.get("content", {}):
        return f"`{next(iter(answer['content']))}`" if "content" in answer else "empty"
    name = _form(answer)
    rows = types[name]["properties"].get("data", {})
    return (
        f"a page of {_type(rows['items'])}"
        if "nextCursor" in types[name]["properties"]
        else f"[{name}](#{name.lower()})"
    )


def _fields(label: str, fields: dict[str, dict], required: Sequence[str] = ()) -> list[str]:
    rows = [
        f"| `{name}` | {_type(form)}{', required' if name in required else ''} | {_meaning(form)} |\n"
        for name, form in fields.items()
    ]
    return [f"\n| {label} | type | |\n|---|---|---|\n", *rows] if rows else []


def _wrapped(text: str) -> str:
    return f"\n{textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False)}\n"


def _type(form: dict) -> str:
    reference = form.get("$ref") or next(
        (part["$ref"] for part in form.get("allOf", []) if "$ref" in part), ""
    )
    name = reference.rpartition("/")[2]
    words = (
        f"[{name}](#{name.lower()})" if name else FORMATS.get(form.get("format")) or form.get("type", "any")
    )
    if form.get("type") == "array":
        words = f"list of {_type(form['items'])}"
    return f"{words} or null" if form.get("nullable") else words


def _meaning(form: dict) -> str:
    """The description of a field, its limits, and its choices with what they mean where they do not say it."""
    words, *_ = form.get("description", "").partition("* `")
    meanings = dict(CHOICE.findall(form.get("description", "")))
    choices = [
        f"`{choice}`"
        + ("" if meanings.get(choice, choice).lower() == choice.lower() else f" ({meanings[choice]})")
        for choice in (form.get("enum") or form.get("items", {}).get("enum", []))
        if choice
    ]
    limits = []
    if "readOnly" not in form:
        limits += [f"Default: {form['default']}."] if "default" in form else []
        limits += [f"At most {form['maximum']}."] if form.get("maximum", UNBOUNDED) < UNBOUNDED else []
        limits += [f"At most {form['maxLength']} characters."] if "maxLength" in form else []
    allowed = (
        [f"One of {', '.join(choices)}{', or empty' if '' in form.get('enum', []) else ''}."]
        if choices
        else []
    )
    return " ".join([*words.split(), *limits, *allowed])


PAGES = {"openapi.json": schema, "api.md": page}


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    for name, made in PAGES.items():
        (FOLDER / name).write_text(made(), encoding="utf-8")
