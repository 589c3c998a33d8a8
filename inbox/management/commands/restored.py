"""The command `restored --since TIME`: permits messages to go out again after a restore of the database."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from inbox.management.arguments import moment
from inbox.replying import restored


class Command(BaseCommand):
    help = (
        "Run this after a restore. It marks messages that may have gone out during the missing period as "
        "unknown, asks the providers about them, and lets messages go out again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--since", help="When the restored backup was made: 2026-11-24T09:00Z.")
        which.add_argument(
            "--nothing-lost",
            action="store_true",
            help="Nothing was lost, because nothing was running while the database was moved.",
        )
        parser.add_argument(
            "--until", help="The latest time an unrecorded message may have gone out. Defaults to now."
        )

    def handle(self, *, since: str | None, until: str | None, nothing_lost: bool, **options: Any) -> None:
        if nothing_lost:
            if until:
                raise CommandError("--until requires --since.")
            restored.nothing_lost()
            self.stdout.write("Messages go out again. None are in doubt.")
            return
        now = timezone.now()
        lost_from, lost_until = _moment("--since", since), _moment("--until", until) if until else now
        if not lost_from <= lost_until <= now:
            raise CommandError("--since must be before --until, and neither can be in the future.")
        doubts = restored.take_over(lost_from, lost_until)
        self.stdout.write(
            f"Sends that are now unknown and being looked up at the providers: {doubts.sends}.\n"
            f"Before they go out, it also looks up {doubts.follow_ups} follow-ups, {doubts.drafts} drafts, and answers "
            "to messages from the missing period.\n"
            "Messages go out again. On the first admin page, a person decides about those that no provider lists."
        )


def _moment(name: str, text: str | None) -> datetime:
    return moment(text, f"{name} isn’t a time. Write it like 2026-11-24T09:00Z.")
