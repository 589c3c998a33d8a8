"""The reference of the API that each release publishes, from its schema.

DEBUG=1 python -m tests.api.reference        # write it anew, after a change that is meant
"""

import json
import re
import textwrap
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs/reference"
PARAMETER = re.compile(r"<\w+:(\w+)>")
HEAD = """# The API, address by address

Made from the schema, [openapi.json](openapi.json), by `python -m tests.api.reference`; [For programs](../programs.md)
shows how to begin. All addresses begin with `/api/v1/`. Every write takes an `Idempotency-Key`.
"""


def schema() -> str:
    from api.schema import document

    return json.dumps(document(), indent=1, sort_keys=True) + "\n"


def page() -> str:
    described = json.loads(schema())
    parts = [HEAD]
    for address, item in described["paths"].items():
        for method, operation in sorted(item.items()):
            words, _, scope = operation["description"].rpartition("\n\nScope: ")
            parts.append(f"\n## {method.upper()} {address.removeprefix('/api/v1/')}\n")
            parts.append(_wrapped(f"{' '.join(words.split())} Scope: `{scope}`."))
            parts += _fields(
                "Query",
                {
                    row["name"]: row["schema"]
                    for row in operation.get("parameters", [])
                    if row["in"] == "query"
                },
            )
            body = (
                operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            )
            parts += _fields("Body", _properties(described, body))
            for status, answer in operation["responses"].items():
                if status < "300":
                    form = answer.get("content", {}).get("application/json", {}).get("schema")
                    parts += _fields(f"Answer {status}", _properties(described, form))
    return "".join(parts)


def _properties(described: dict, form: dict | None) -> dict[str, dict]:
    reference = (form or {}).get("$ref", "").rpartition("/")[2]
    return described["components"]["schemas"][reference].get("properties", {}) if reference else {}


def _fields(label: str, fields: dict[str, dict]) -> list[str]:
    if not fields:
        return []
    return [_wrapped(f"{label}: " + ", ".join(f"`{name}` {_type(form)}" for name, form in fields.items()))]


def _wrapped(text: str) -> str:
    return f"\n{textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False)}\n"


def _type(form: dict) -> str:
    reference = form.get("$ref") or next((one["$ref"] for one in form.get("allOf", []) if "$ref" in one), "")
    words = reference.rpartition("/")[2] or form.get("format") or form.get("type", "any")
    if form.get("type") == "array":
        words = f"list of {_type(form['items'])}"
    return f"{words} or null" if form.get("nullable") else words


PAGES = {"openapi.json": schema, "api.md": page}


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    for name, made in PAGES.items():
        (FOLDER / name).write_text(made(), encoding="utf-8")
