"""`evaluate_replies`: measures rules (without a database) and model (docs/reference/commands.md, Rules and drafts)."""

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from inbox.management.arguments import labelled_replies, model_answers
from inbox.replying import prompts
from inbox.replying.evaluation.tags import ModelReport, evaluate_model
from inbox.replying.prompts import model_calls, tag_answer, thread
from inbox.understanding.evaluate import Case, Report, evaluate, read_cases
from inbox.understanding.rules import RULES_VERSION
from jobs.deadline import Deadline


def ask_model(case: Case, newest_text: str) -> tag_answer.Judgement | None:
    """Asks the model for a reply's tag as the product does, for a lead who has booked no meeting. Returns None if the
    model refuses or gives no evidence. Raises the other errors of `model_calls.ask`.
    """
    prompt = prompts.load("tag")
    text = thread.reading_of(
        newest_text,
        first_name=case.reply.sender_name.partition(" ")[0],
        channel=case.reply.channel,
        received=case.reply.received_at or timezone.now(),
        zone=ZoneInfo("UTC"),
    )
    try:
        reading = model_calls.ask(
            prompt,
            tag_answer.Reading,
            text,
            workspace_id=None,
            deadline=Deadline.after_ms(prompt.timeout_ms),
        )
    except model_calls.TextRefused:
        return None
    return tag_answer.judge(reading, newest_text, booked=False)


class Command(BaseCommand):
    help = "Measure the rules’ precision and recall on labelled replies, one JSON object per line."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", type=Path, help="Labelled replies (docs/reference/commands.md, Rules and drafts)."
        )
        parser.add_argument(
            "--model", action="store_true", help="Ask the model about replies that no rule decides."
        )
        parser.add_argument("--json", action="store_true", help="Print the report as JSON.")

    def handle(self, *, file: Path, **options: Any) -> None:
        cases = labelled_replies(file, read_cases)
        report = evaluate(cases)
        with model_answers():
            by_model = evaluate_model(cases, ask_model) if options["model"] else None
        if options["json"]:
            more = {"model": by_model.as_json()} if by_model else {}
            self.stdout.write(json.dumps(report.as_json() | more, ensure_ascii=False))
        else:
            self._print(report, len(cases))
            if by_model:
                self._print_model(by_model)

    def _print_model(self, report: ModelReport) -> None:
        self.stdout.write(
            f"{'tag':<14}{report.right:>5} of {report.n} right, {report.asked} sent to the model, "
            f"{report.unproven} of its answers without evidence"
        )
        for (expected, got), count in report.confusions.most_common():
            self.stdout.write(f"{count:>6} x expected {expected!r}, got {got!r}")

    def _print(self, report: Report, total: int) -> None:
        self.stdout.write(f"{total} replies, rules {RULES_VERSION}\n")
        self.stdout.write(
            f"{'label':<14}{'precision':>10}{'recall':>8}{'tp':>6}{'fp':>6}{'fn':>6}{'held':>7}{'wrongly':>9}{'caught':>8}"
        )
        for label, score in report.labels.items():
            self.stdout.write(
                f"{label:<14}{score.precision:>10.3f}{score.recall:>8.3f}{score.tp:>6}{score.fp:>6}{score.fn:>6}"
                f"{score.held_tp:>7}{score.held_fp:>9}{score.caught:>8.3f}"
            )
        share = f"{report.exact / report.n:.3f}" if report.n else "-"
        self.stdout.write(f"{'newest_text':<14}{share:>10} exact ({report.exact} of {report.n})")
        for miss in report.misses:
            self.stdout.write(
                f"{miss['id']}  {miss['label']}: expected {miss['expected']!r}, got {miss['got']!r}"
            )
