"""`erase_lead`: erases a person (docs/reference/commands.md, Workspaces)."""

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.leads import erased, erasure
from inbox.management.arguments import workspace_named
from inbox.models import Lead, Workspace, audit
from inbox.models.lead import by_alternate_email
from jobs.deadline import Deadline


class Command(BaseCommand):
    help = "Erase a lead, as the lead’s page does. Lists what is deleted and what is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace", help="Its name or id.")
        parser.add_argument("lead", nargs="?", default="", help="The lead’s ID or email address.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Show what would be deleted without changing anything."
        )
        parser.add_argument("--seconds", type=float, default=3600, help="Time limit in seconds.")
        parser.add_argument(
            "--forget-unreadable",
            action="store_true",
            help="Instead, drop the opt-outs of erased people whose key is lost for good.",
        )

    def handle(
        self,
        *,
        workspace: str,
        lead: str,
        dry_run: bool,
        seconds: float,
        forget_unreadable: bool,
        **options: Any,
    ) -> None:
        target = workspace_named(workspace)
        if forget_unreadable:
            self._forget(target)
            return
        row = _lead(target, lead)
        would = erasure.preview(row)
        for name, count in (would.goes | would.emptied).items():
            self.stdout.write(f"{count} {name}")
        for what in would.stays:
            self.stdout.write(f"Kept: {what}")
        if dry_run:
            self.stdout.write("Dry run. Nothing was changed.")
            return
        try:
            erasure.begin(row, None)
        except erasure.EraseRefused as refusal:
            raise CommandError(str(refusal)) from None
        row.refresh_from_db()
        if why := erasure.waits_for(row):
            self.stdout.write(f"{why} A worker will erase the lead then.")
            return
        erasure.erase(row, Deadline.after_ms(seconds * 1000))
        self.stdout.write(f"{row.pk} was erased.")

    def _forget(self, workspace: Workspace) -> None:
        count = erased.forget_unreadable(workspace)
        if not count:
            raise CommandError("Nothing was dropped. Either the key can be read, or nobody was erased.")
        audit.record(workspace.pk, None, "erased.forgotten", workspace, count=count)
        self.stdout.write(f"{count} marks of erased people dropped.")


def _lead(workspace: Workspace, name: str) -> Lead:
    leads = Lead.objects.filter(workspace=workspace)
    try:
        matches = list(leads.filter(pk=uuid.UUID(name)))
    except ValueError:
        address = name.strip().lower()
        matches = list((leads.filter(email=address) | leads.filter(by_alternate_email(address)))[:2])
    if not matches:
        raise CommandError("No lead has this ID or address.")
    if len(matches) > 1:
        raise CommandError("Several leads have this address. Use the ID instead.")
    return matches[0]
