"""`create_token`: creates the token of a program (docs/programs.md)."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.management.arguments import workspace_named
from inbox.workspaces import programs
from integrations.models import Scope


class Command(BaseCommand):
    help = "Create a token that lets a program use a workspace’s API. The token is shown only once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace", metavar="WORKSPACE", help="Name or id.")
        parser.add_argument("name", metavar="NAME", help="The program’s name, as shown in the audit log.")
        parser.add_argument(
            "--scope", action="append", required=True, choices=Scope.values, help="Can be repeated."
        )
        parser.add_argument("--days", type=int, help="Days until it expires. By default, it never expires.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(
        self, *, workspace: str, name: str, scope: list[str], days: int | None, **options: Any
    ) -> None:
        if not 1 <= len(name.strip()) <= 120:
            raise CommandError("NAME must have 1 to 120 characters.")
        if days is not None and not 1 <= days <= 3650:
            raise CommandError("--days must be from 1 to 3650.")
        token, text = programs.create_token(
            workspace_named(workspace), name.strip(), scope, by=None, days=days
        )
        report = json.dumps({"id": str(token.pk), "token": text})
        self.stdout.write(report if options["json"] else f"Token {token.pk}\n{text}")
