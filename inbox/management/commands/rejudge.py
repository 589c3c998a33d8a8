"""`rejudge`: judges stored replies by today's rules (docs/reference/commands.md, Rules and drafts)."""

import json
import re
from argparse import ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from inbox.models import Workspace
from inbox.pipeline import rejudging
from inbox.understanding.rules import RULES_VERSION


def days(text: str) -> timedelta:
    """Returns the duration in a text such as "30d". Raises ArgumentTypeError."""
    if not re.fullmatch(r"[1-9]\d{0,3}d", text):
        raise ArgumentTypeError(f"{text!r} isn’t a number of days. Write it like 30d.")
    return timedelta(days=int(text[:-1]))


class Command(BaseCommand):
    help = (
        "List stored replies that the current rules would tag differently. --apply changes them, in one job "
        "per workspace."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since", type=days, default=timedelta(days=30), help="How far back to go, such as 30d."
        )
        parser.add_argument("--json", action="store_true", help="One JSON object.")
        parser.add_argument("--apply", action="store_true", help="Queue the jobs that make the changes.")

    def handle(self, *, since: timedelta, apply: bool, **options: Any) -> None:
        until = timezone.now()
        by_id: dict[str, list[dict[str, str]]] = {}
        for workspace in Workspace.objects.order_by("name"):
            lines = [change.as_json() for change in rejudging.changes(workspace, until - since, until)]
            by_id[str(workspace.pk)] = lines
            if not options["json"]:
                self._write(workspace, lines)
            if apply:
                rejudging.start(workspace, until - since, until)
        if options["json"]:
            every = [line for lines in by_id.values() for line in lines]
            report = {"rules_version": RULES_VERSION, "counts": rejudging.counts(every), "workspaces": by_id}
            self.stdout.write(json.dumps(report | {"applied": apply}))
        else:
            advice = "Nothing was changed. Use --apply to make the changes."
            outcome = "One job per workspace makes the changes." if apply else advice
            self.stdout.write(f"Rules {RULES_VERSION}. {outcome}")

    def _write(self, workspace: Workspace, lines: list[dict[str, str]]) -> None:
        counted = ", ".join(f"{count} {effect}" for effect, count in rejudging.counts(lines).items())
        self.stdout.write(f"{workspace.name}: {counted or 'no changes'}")
        for line in lines:
            words = f"{line['before'] or 'nothing'} → {line['after'] or 'nothing'}"
            self.stdout.write(f"  {line['effect']:<9} lead {line['lead']} reply {line['message']}: {words}")
