"""The command `evaluate_drafts FILE.jsonl [--json] [--minutes N]`: measures drafts (docs/reference/drafts.md)."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.management.arguments import BAD_INPUT, labelled_replies, model_answers
from inbox.replying import prompts
from inbox.replying.evaluation import drafts
from inbox.replying.evaluation.cases import Case, read_cases
from inbox.replying.evaluation.judging import Drafted
from inbox.replying.evaluation.report import Report
from inbox.replying.prompts import model_calls
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.openai import client as openai
from integrations.openai.errors import AnswerUnusable
from jobs.deadline import Deadline
from jobs.errors import DeadlineExceeded

STOPPED = 130
MINUTES = 240
DRAFT_MS = 300_000
"""The time limit, in milliseconds, of one draft, which takes at most six answers of the model."""
CHECK_MS = 20_000
SANDBOX = "holdfast-sandbox"
"""The owner that the sandbox's list of models states for each model (sandbox/openai.py)."""
SAID_EVERY = 10


class Command(BaseCommand):
    help = "Draft an answer to each labelled reply, and count what it answers and what it makes up."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="Labelled replies (docs/reference/drafts.md).")
        parser.add_argument("--json", action="store_true", help="Print the report as JSON, with every draft.")
        parser.add_argument(
            "--minutes", type=int, default=MINUTES, help=f"Time limit for the whole run (default {MINUTES})."
        )

    def handle(self, *, file: Path, minutes: int, **options: Any) -> None:
        cases = labelled_replies(file, read_cases)
        model = self._model()
        report = Report()
        with drafts.metered() as usage:
            try:
                self._run(cases, report, Deadline.after_ms(minutes * 60_000))
            except KeyboardInterrupt:
                raise CommandError(
                    f"Stopped after {report.n} of {len(cases)} drafts. Nothing was kept.", returncode=STOPPED
                ) from None
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(model, usage), ensure_ascii=False))
        else:
            for line in report.lines(model, usage):
                self.stdout.write(line)

    def _model(self) -> dict[str, Any]:
        """Returns facts about the measured model. It is called first, so that a wrong key costs only one call."""
        try:
            sandbox = openai.check(Deadline.after_ms(CHECK_MS)) == SANDBOX
        except (ProviderError, ProviderMisconfigured, DeadlineExceeded) as error:
            raise CommandError(
                f"The model isn’t available: {error} Correct OPENAI_API_KEY and OPENAI_BASE_URL, or try again later.",
                returncode=BAD_INPUT,
            ) from None
        loaded_prompts = list(map(prompts.load, ("strategy", "email", "linkedin", "sms", "revise", "verify")))
        return {
            "name": "the sandbox"
            if sandbox
            else ", ".join(sorted({prompt.model for prompt in loaded_prompts})),
            "base_url": settings.OPENAI_BASE_URL,
            "sandbox": sandbox,
            "prompts": [prompt.label for prompt in loaded_prompts],
        }

    def _run(self, cases: list[Case], report: Report, deadline: Deadline) -> None:
        for case in cases:
            if deadline.expired:
                raise CommandError(
                    f"Ran out of time after {report.n} of {len(cases)} drafts. Allow more with --minutes.",
                    returncode=1,
                )
            drafted, why = self._write(case, deadline)
            report.add(case, drafted, why)
            if report.n % SAID_EVERY == 0:
                self.stderr.write(f"{report.n} of {len(cases)}")

    def _write(self, case: Case, deadline: Deadline) -> tuple[Drafted | None, str]:
        with model_answers():
            try:
                return drafts.write(case, deadline.within_ms(DRAFT_MS)), ""
            except (model_calls.TextRefused, AnswerUnusable, DeadlineExceeded) as error:
                return None, f"{error}"
