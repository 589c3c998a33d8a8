"""The command `restored --since TIME`: permits messages to go out again after a restore of the database."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from inbox.management.arguments import moment
from inbox.replying import restored


class Command(BaseCommand):
    help = (
        "After the database was restored: makes unknown what may have gone out in the time that was lost, asks the "
        "providers for it, and lets messages go out again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--since", help="When the state that was restored was saved: 2026-11-24T09:00Z.")
        which.add_argument(
            "--nothing-lost",
            action="store_true",
            help="The database has all that was sent: it was moved while nothing ran.",
        )
        parser.add_argument(
            "--until", help="When the last message may have gone out unknown to it; else now."
        )

    def handle(self, *, since: str | None, until: str | None, nothing_lost: bool, **options: Any) -> None:
        if nothing_lost:
            if until:
                raise CommandError("--until belongs to --since.")
            restored.nothing_lost()
            self.stdout.write("Messages go out again. None is in doubt.")
            return
        now = timezone.now()
        lost_from, lost_until = _moment("--since", since), _moment("--until", until) if until else now
        if not lost_from <= lost_until <= now:
            raise CommandError("--since must lie before --until, and neither in the future.")
        doubts = restored.take_over(lost_from, lost_until)
        self.stdout.write(
            f"Sends that are unknown now, and asked for: {doubts.sends}.\n"
            f"Asked for before they go out: {doubts.follow_ups} follow-ups, {doubts.drafts} drafts, and answers to "
            "messages of the lost time.\n"
            "Messages go out again. What a provider does not list waits for a person, on the first page of the admin."
        )


def _moment(name: str, text: str | None) -> datetime:
    return moment(text, f"{name} is no time: write it as 2026-11-24T09:00Z.")
