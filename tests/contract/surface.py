"""What others rely on, as text: addresses, the OpenAPI schema, commands with their options, tables with their columns.

DEBUG=1 python -m tests.contract.surface        # write it anew, after a change that is meant
"""

import argparse
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

KEPT = Path(__file__).parent
SOURCES = (
    "calendly",
    "clay",
    "email",
    "ghl/app",
    "ghl/sms",
    "instantly",
    "linkedin",
    "slack/interactions",
    "smartlead",
)
"""The sources whose webhooks' addresses must stay. A provider that is added brings addresses of its own, and no line
here."""
WEBHOOK = re.compile(r"/?api/webhooks/(.+)")


def addresses() -> str:
    """Each address with its name, a line each."""
    from django.urls import get_resolver

    return "\n".join(sorted({line for line in _patterns(get_resolver(), "") if _must_stay(line)}))


def _must_stay(address: str) -> bool:
    found = WEBHOOK.match(address)
    return not found or re.split(r"[ <{]", found[1])[0].rstrip("/") in SOURCES


def _patterns(resolver, above: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        here = above + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _patterns(pattern, here)
        else:
            yield f"{here}  {pattern.name or ''}".rstrip()


def openapi() -> str:
    """The schema that `/api/schema/` serves, as JSON."""
    from drf_spectacular.generators import SchemaGenerator

    schema = SchemaGenerator().get_schema(request=None, public=True)
    schema["paths"] = {path: what for path, what in schema["paths"].items() if _must_stay(path)}
    return json.dumps(schema, indent=1, sort_keys=True)


def commands() -> str:
    """Each command of ours with its options, a line each."""
    from django.core.management import get_commands, load_command_class
    from django.core.management.base import DjangoHelpFormatter

    lines = []
    for name, app in sorted(get_commands().items()):
        if not isinstance(app, str) or app.split(".")[0] not in (
            "inbox",
            "integrations",
            "insights",
            "jobs",
            "demo",
            "training",
        ):
            continue
        stock = {
            "-h",
            "--version",
            "-v",
            "--settings",
            "--pythonpath",
            "--traceback",
            "--no-color",
            "--force-color",
            "--skip-checks",
        }
        parser = load_command_class(app, name).create_parser(
            "manage.py", name, formatter_class=DjangoHelpFormatter
        )
        options = [_option(action) for action in parser._actions if not stock & set(action.option_strings)]
        lines.append(" ".join([name, *options]))
    return "\n".join(lines)


def _option(action: argparse.Action) -> str:
    return action.option_strings[-1] if action.option_strings else f"<{action.dest}>"


def tables() -> str:
    """Each table with its columns and their types as models state them, a line each."""
    from django.apps import apps
    from django.db import connection

    lines = []
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label in ("inbox", "integrations", "insights", "jobs"):
            columns = (
                f"{field.column} {field.db_type(connection)}" for field in model._meta.local_concrete_fields
            )
            lines.append(f"{model._meta.db_table}: {', '.join(columns)}")
    return "\n".join(sorted(lines))


SURFACES: dict[str, Callable[[], str]] = {
    "addresses.txt": addresses,
    "openapi.json": openapi,
    "commands.txt": commands,
    "tables.txt": tables,
}


def write() -> None:
    """Keep today's surface."""
    for name, surface in SURFACES.items():
        (KEPT / name).write_text(surface() + "\n")


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    write()
