"""`manage.py count_days`: recounts the numbers of the Insights page from all messages."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser

from inbox.models import Workspace
from insights import lead_days
from insights.models import LeadDayProgress


class Command(BaseCommand):
    help = "Recount the numbers of Insights from all messages. Meanwhile, the page reads the messages."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", type=UUID, help="Recount only the workspace with this ID.")

    def handle(self, *args: Any, workspace: UUID | None, **options: Any) -> None:
        rows = Workspace.objects.filter(pk=workspace) if workspace else Workspace.objects.all()
        LeadDayProgress.objects.filter(workspace__in=rows).delete()
        for pk in rows.values_list("pk", flat=True):
            leads, done = 0, False
            while not done:
                counted, done = lead_days.count(pk)
                leads += counted
            self.stdout.write(f"{pk}: {leads} leads")
