"""`export_workspace`: writes everything of one workspace into a zip file (docs/reference/commands.md, Workspaces)."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from inbox.health import receipts
from inbox.management.arguments import workspace_named
from inbox.models import audit
from inbox.workspaces import export


class Command(BaseCommand):
    help = "Export a workspace to a new zip file: JSON lines, one file per table, no secrets."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace", help="Its name or id.")
        parser.add_argument("file", help="The zip file to write. It must not exist yet.")

    def handle(self, *, workspace: str, file: str, **options: Any) -> None:
        before = os.umask(0o077)
        try:
            if os.path.exists(file):
                raise CommandError(f"{file} already exists.")
            target = workspace_named(workspace)
            audit.record(target.pk, None, "workspace.exported", target)
            complete = receipts.between(target, target.created_at, timezone.now()).label
            counts = export.write(target, file, settings.VERSION, complete)
        except OSError as error:
            name = error.filename2 or error.filename or file
            raise CommandError(f"{name} can’t be written: {error.strerror}.") from None
        finally:
            os.umask(before)
        self.stdout.write(f"{sum(counts.values())} rows of {len(counts)} tables written to {file}.")
