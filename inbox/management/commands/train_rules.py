"""manage.py train_rules [FILE.jsonl …] [--measure]: learn the wording rules again; needs no database."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from inbox.understanding import training
from inbox.understanding.evaluate import BadLine, Case
from inbox.understanding.rules import RULES_VERSION
from inbox.understanding.wording import WEIGHTS

_BAD_INPUT = 2


class Command(BaseCommand):
    help = "Learns the weights of the wording rules from labelled replies (requirements-dev.txt must be installed)."
    requires_system_checks = ()

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "files", nargs="*", type=Path, help="Labelled replies besides the ones kept with the product."
        )
        parser.add_argument(
            "--measure",
            action="store_true",
            help="Write nothing; say how right each rule is on replies left out.",
        )

    def handle(self, *, files: list[Path], measure: bool, **options) -> None:
        cases = self._read([training.LEARNED, *files]) + training.ordinary()
        try:
            for lesson in training.LESSONS:
                self._measure(lesson, cases) if measure else self._learn(lesson, cases)
        except ModuleNotFoundError as error:
            raise CommandError(
                f"{error.name} is missing; pip install -r requirements-dev.txt", returncode=_BAD_INPUT
            ) from None
        if not measure:
            training.write_manifest(timezone.now().date())
            self.stdout.write(
                f"Rules {RULES_VERSION} learned from {len(cases)} replies; raise RULES_VERSION when you keep it."
            )

    def _read(self, paths: list[Path]) -> list[Case]:
        cases = []
        for path in paths:
            try:
                cases += training.read([path])
            except OSError as error:
                raise CommandError(f"{path}: {error.strerror}", returncode=_BAD_INPUT) from None
            except BadLine as error:
                raise CommandError(f"{path}: {error}", returncode=_BAD_INPUT) from None
        return cases

    def _measure(self, lesson: training.Lesson, cases: list[Case]) -> None:
        score = training.measure(lesson, cases)
        self.stdout.write(
            f"{lesson.label}: precision {score.precision:.3f}, recall {score.recall:.3f} (at {lesson.sure})"
        )

    def _learn(self, lesson: training.Lesson, cases: list[Case]) -> None:
        (WEIGHTS / lesson.label).write_bytes(training.learn(training.Examples(lesson, cases)).as_bytes())
        self.stdout.write(f"{lesson.label}: written")
