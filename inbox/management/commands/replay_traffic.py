"""`replay_traffic`: posts recorded webhooks to a running server (docs/reference/commands.md, Traffic)."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.webhooks import recorded_traffic
from inbox.workspaces import creation


class Command(BaseCommand):
    help = (
        "Post recorded provider traffic to a running server and compare each verdict with the expected one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        target = parser.add_mutually_exclusive_group(required=True)
        target.add_argument("--workspace", help="Post all lines to this workspace (name or ID).")
        target.add_argument(
            "--map",
            nargs="+",
            metavar="LABEL=WORKSPACE",
            help="The workspace for each label in the file.",
        )
        parser.add_argument("--source", action="append", help="Only lines of this source (may be repeated).")
        parser.add_argument("--url", default=settings.PUBLIC_URL or "http://127.0.0.1:8000")
        pace = parser.add_mutually_exclusive_group()
        pace.add_argument("--speed", type=float, default=0, help="Speed factor (1 is the recorded pace).")
        pace.add_argument("--fast", action="store_true", help="As fast as possible (the default).")
        parser.add_argument("--connections", type=int, default=recorded_traffic.CONNECTIONS)
        parser.add_argument(
            "--repeat", action="store_true", help="Expect duplicates for everything the first run accepted."
        )

    def handle(
        self, *, file: Path, url: str, speed: float, connections: int, repeat: bool, **options: Any
    ) -> None:
        try:
            lines = recorded_traffic.read(file)
            mapping = _mapping(options, lines)
        except (OSError, recorded_traffic.TrafficError, creation.WorkspaceNotFound) as error:
            raise CommandError(str(error)) from None
        wanted = [
            line
            for line in lines
            if line.workspace in mapping and (not options["source"] or line.source in options["source"])
        ]
        replayer = recorded_traffic.Replayer(url.rstrip("/"), mapping, repeat=repeat)
        try:
            report = replayer.run(wanted, speed=speed, connections=connections)
        except recorded_traffic.TrafficError as error:
            raise CommandError(str(error)) from None
        for line, expected, verdict in report.unmet:
            self.stdout.write(f"line {line.number}: expected {expected}, got {verdict} ({line.note})")
        counts = ", ".join(f"{number} {verdict}" for verdict, number in sorted(report.verdicts.items()))
        self.stdout.write(f"{report.posted} posted: {counts}. {len(report.unmet)} not as expected.")
        if report.unmet:
            raise CommandError("Some verdicts were not as expected.")


def _mapping(options: dict[str, Any], lines: list[recorded_traffic.RecordedDelivery]) -> dict[str, Any]:
    labels = sorted({line.workspace for line in lines})
    if options["map"]:
        pairs = dict(pair.partition("=")[::2] for pair in options["map"])
        unknown = set(pairs) - set(labels)
        if unknown:
            raise CommandError(
                f"--map: the file has the labels {', '.join(labels)}, not {', '.join(unknown)}."
            )
        return {label: creation.get_workspace(name) for label, name in pairs.items()}
    workspace = creation.get_workspace(options["workspace"])
    name = workspace.name.lower()
    if name not in labels and len(labels) != 1:
        raise CommandError(
            f"The file has the labels {', '.join(labels)}: say which with --map LABEL=WORKSPACE."
        )
    return {name if name in labels else labels[0]: workspace}
