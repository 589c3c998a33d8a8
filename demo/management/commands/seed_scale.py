"""manage.py seed_scale: fills an empty database with a real-looking year of any size, for measurements."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from demo.scale.seeding import NotEmpty, seed
from demo.scale.workspaces import ACCOUNTS
from demo.seed import PASSWORD

FEWEST_EACH = 10
MOST_ACCOUNTS = 100


class Command(BaseCommand):
    help = (
        "Fill an empty database with a real-looking year: leads, messages in many languages, deliveries, jobs, sends,"
        " follow-ups that are due, packs. The first workspace, Scale 00, holds a third. The same options give the same"
        " rows within the same hour, and later the same at later times. Stop web and workers first."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspaces", type=int, default=30)
        parser.add_argument(
            "--accounts",
            type=int,
            default=ACCOUNTS,
            help="connected accounts of each workspace, all providers in turn",
        )
        parser.add_argument("--messages", type=int, default=1_000_000)
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *, workspaces: int, accounts: int, messages: int, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("seed_scale makes users with a known password: it runs with DEBUG=1 only.")
        if not 1 <= workspaces <= 100:
            raise CommandError("--workspaces: give 1 to 100.")
        if not ACCOUNTS <= accounts <= MOST_ACCOUNTS:
            raise CommandError(f"--accounts: give {ACCOUNTS} to {MOST_ACCOUNTS}.")
        if messages < workspaces * FEWEST_EACH:
            raise CommandError(f"--messages: give at least {FEWEST_EACH} for each workspace.")
        until = timezone.now().replace(minute=0, second=0, microsecond=0)
        try:
            counts = seed(
                workspaces=workspaces,
                accounts=accounts,
                messages=messages,
                seed=options["seed"],
                until=until,
                say=self.stdout.write,
            )
        except NotEmpty as error:
            raise CommandError(str(error)) from None
        for table, count in sorted(counts.items()):
            self.stdout.write(f"{count:>12,}  {table}")
        self.stdout.write(f"Log in as owner@scale-00.example.com, password {PASSWORD}.")
