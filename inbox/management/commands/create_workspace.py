"""`create_workspace`: creates a workspace with its owner (docs/reference/commands.md, Workspaces)."""

import json
import secrets
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from inbox.models import User
from inbox.models.timezones import validate_timezone
from inbox.workspaces import creation

NOT_PROVEN = (
    "That address has an account whose owner hasn’t confirmed it, so someone else may know its password. "
    "Set a new one with --admin-password, or have the owner set one with the link from manage.py "
    "password_link."
)


class Command(BaseCommand):
    help = "Create a workspace with an owner, an account and a webhook key for each source."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--admin-email", required=True)
        parser.add_argument("--admin-password", help="If omitted, one is generated and printed once.")
        parser.add_argument("--timezone", default="UTC", help="IANA name, such as America/New_York.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(
        self, *, name: str, admin_email: str, admin_password: str | None, timezone: str, **options: Any
    ) -> None:
        _check(validate_email, admin_email, "--admin-email must be an email address.")
        _check(validate_timezone, timezone, "--timezone must be an IANA name, such as America/New_York.")
        if not name.strip():
            raise CommandError("NAME must not be empty.")
        new_user = not User.objects.filter(email=admin_email.lower()).exists()
        password = admin_password or (secrets.token_urlsafe(12) if new_user else None)
        try:
            created = creation.create(name.strip(), admin_email, password, timezone=timezone)
        except creation.AddressNotProven:
            raise CommandError(NOT_PROVEN) from None
        report: dict[str, dict[str, Any]] = {
            "workspace": {"id": str(created.workspace.pk), "name": created.workspace.name},
            "admin": {"email": created.admin.email},
            "webhooks": {
                source: {"path": creation.webhook_path(source, key), "key": key}
                for source, key in created.keys.items()
            },
        }
        if new_user and not admin_password:
            report["admin"]["password"] = password
        self.stdout.write(json.dumps(report, indent=2) if options["json"] else _text(report))


def _check(validator: Callable[[str], None], text: str, message: str) -> None:
    try:
        validator(text)
    except ValidationError:
        raise CommandError(message) from None


def _text(report: dict[str, Any]) -> str:
    lines = [f"Workspace {report['workspace']['name']} ({report['workspace']['id']})"]
    lines.append("Owner " + ", password ".join(report["admin"].values()))
    lines += [f"  {source:10} {webhook['path']}" for source, webhook in report["webhooks"].items()]
    return "\n".join(lines)
