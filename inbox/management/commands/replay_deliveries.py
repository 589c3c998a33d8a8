"""The command `replay_deliveries [--verdict failed] [--since …] [--dry-run]`: runs stored deliveries again.

It is described in docs/reference/commands.md, Traffic.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.models import WebhookDelivery
from inbox.webhooks import replay
from inbox.workspaces import creation
from integrations import registry
from integrations.payload import parse_time

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Command(BaseCommand):
    help = "Run stored deliveries through today's code. Those that a later run has settled are left out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--verdict", default=WebhookDelivery.Verdict.FAILED, choices=WebhookDelivery.Verdict.values
        )
        parser.add_argument("--since", help="A time (2026-11-24T09:00Z), or an age (90m, 24h, 7d).")
        parser.add_argument("--workspace", help="Only of this workspace (name or id).")
        parser.add_argument("--source", choices=sorted(registry.webhook_sources()), default="")
        parser.add_argument("--dry-run", action="store_true", help="Say what would happen and keep nothing.")

    def handle(
        self,
        *,
        verdict: str,
        since: str | None,
        workspace: str | None,
        source: str,
        dry_run: bool,
        **options: Any,
    ) -> None:
        try:
            target = creation.get_workspace(workspace) if workspace else None
        except creation.WorkspaceNotFound as error:
            raise CommandError(str(error)) from None
        deliveries = replay.unrepaired(target, verdict=verdict, since=_moment(since), source=source)
        counts: dict[str, int] = {}
        # All ids are read first, because a run adds rows of its own.
        for pk in list(deliveries.values_list("pk", flat=True)):
            delivery = WebhookDelivery.objects.get(pk=pk)
            try:
                replayed = (replay.dry_run if dry_run else replay.replay)(delivery)
            except replay.NotReplayable as error:
                outcome, sentence = "skipped", str(error)
            else:
                outcome, sentence = str(replayed.outcome.verdict), replayed.sentence
            counts[outcome] = counts.get(outcome, 0) + 1
            self.stdout.write(f"{pk} {delivery.source} {delivery.event_type or '?'}: {sentence}")
        total = ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none found"
        self.stdout.write(f"{'Dry run, nothing kept' if dry_run else 'Replayed'}: {total}.")
        if counts.get(WebhookDelivery.Verdict.FAILED):
            raise CommandError("Some deliveries fail still: see the log for where.")


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    number, unit = text[:-1], UNITS.get(text[-1].lower())
    if number.isascii() and number.isdecimal() and unit and len(number) < 6:
        return datetime.now(UTC) - timedelta(**{unit: int(number)})
    moment = parse_time(text)
    if moment is None:
        raise CommandError("--since takes a time like 2026-11-24T09:00Z, or an age like 90m, 24h or 7d.")
    return moment
