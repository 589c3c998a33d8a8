"""`replay_deliveries`: runs stored deliveries again (docs/reference/commands.md, Traffic)."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.management.arguments import moment, workspace_named
from inbox.models import WebhookDelivery
from inbox.webhooks import replay
from integrations import registry

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Command(BaseCommand):
    help = (
        "Process stored deliveries again with the current code. Deliveries fixed by a later run are skipped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--verdict", default=WebhookDelivery.Verdict.FAILED, choices=WebhookDelivery.Verdict.values
        )
        parser.add_argument("--since", help="A time (2026-11-24T09:00Z), or an age (90m, 24h, 7d).")
        parser.add_argument("--workspace", help="Only deliveries of this workspace (name or ID).")
        parser.add_argument("--source", choices=sorted(registry.webhook_sources()), default="")
        parser.add_argument(
            "--dry-run", action="store_true", help="Show what would happen without saving anything."
        )

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
        target = workspace_named(workspace) if workspace else None
        deliveries = replay.unrepaired(target, verdict=verdict, since=_moment(since), source=source)
        counts: Counter[str] = Counter()
        # All ids are read first, because a run adds rows.
        for pk in list(deliveries.values_list("pk", flat=True)):
            delivery = WebhookDelivery.objects.get(pk=pk)
            try:
                replayed = (replay.dry_run if dry_run else replay.replay)(delivery)
            except replay.NotReplayable as error:
                outcome, sentence = "skipped", str(error)
            else:
                outcome, sentence = str(replayed.outcome.verdict), replayed.sentence
            counts[outcome] += 1
            self.stdout.write(f"{pk} {delivery.source} {delivery.event_type or '?'}: {sentence}")
        total = ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none found"
        self.stdout.write(f"{'Dry run, nothing kept' if dry_run else 'Replayed'}: {total}.")
        if counts[WebhookDelivery.Verdict.FAILED]:
            raise CommandError("Some deliveries still fail. Check the log.")


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    number, unit = text[:-1], UNITS.get(text[-1].lower())
    if number.isascii() and number.isdecimal() and unit and len(number) < 6:
        return datetime.now(UTC) - timedelta(**{unit: int(number)})
    return moment(text, "--since takes a time like 2026-11-24T09:00Z, or an age like 90m, 24h or 7d.")
