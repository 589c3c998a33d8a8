"""`manage.py prune`: deletes old rows, as the tick `retention` does, within a longer time limit."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import retention
from jobs.deadline import Deadline


class Command(BaseCommand):
    help = "Delete data past its retention period: jobs, deliveries and tick results."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--seconds", type=int, default=3600, help="Stop after this many seconds (default 3600)."
        )

    def handle(self, *args: Any, seconds: int, **options: Any) -> None:
        if seconds <= 0:
            raise CommandError("--seconds must be positive.")
        for name, count in retention.prune(Deadline.after_ms(seconds * 1000)).items():
            self.stdout.write(f"{name}: {count}")
