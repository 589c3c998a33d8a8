"""manage.py evaluate_replies FILE.jsonl [--json] (contract, Commands); needs no database."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from inbox.understanding.evaluate import BadLine, Report, evaluate, read_cases
from inbox.understanding.rules import RULES_VERSION

_BAD_INPUT = 2


class Command(BaseCommand):
    help = "Precision and recall of the rules on labelled replies, one JSON object a line."
    requires_system_checks = ()

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", type=Path, help="Labelled replies (contract, evaluate_replies).")
        parser.add_argument("--json", action="store_true", help="Print the report as JSON.")

    def handle(self, *, file: Path, **options) -> None:
        try:
            with file.open("rb") as lines:
                cases = list(read_cases(lines))
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}", returncode=_BAD_INPUT) from None
        except BadLine as error:
            raise CommandError(f"{file}: {error}", returncode=_BAD_INPUT) from None
        if not cases:
            raise CommandError(f"{file}: no labelled replies in it", returncode=_BAD_INPUT)
        report = evaluate(cases)
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
        else:
            self._print(report, len(cases))

    def _print(self, report: Report, total: int) -> None:
        self.stdout.write(f"{total} replies, rules {RULES_VERSION}\n")
        self.stdout.write(f"{'label':<14}{'precision':>10}{'recall':>8}{'tp':>6}{'fp':>6}{'fn':>6}")
        for label, score in report.labels.items():
            self.stdout.write(
                f"{label:<14}{score.precision:>10.3f}{score.recall:>8.3f}{score.tp:>6}{score.fp:>6}{score.fn:>6}"
            )
        share = f"{report.exact / report.n:.3f}" if report.n else "-"
        self.stdout.write(f"{'newest_text':<14}{share:>10} exact ({report.exact} of {report.n})")
        for miss in report.misses:
            self.stdout.write(
                f"{miss['id']}  {miss['label']}: expected {miss['expected']!r}, got {miss['got']!r}"
            )
