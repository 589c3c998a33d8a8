"""manage.py train_rules: trains the weights of the wording rules again, from labelled replies. Needs no database.

Usage: `train_rules [FILE.jsonl …] [--measure] [--corrections FILE --out DIR]`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from inbox.understanding import installed_weights
from inbox.understanding.evaluate import BadLine, Case, Report
from inbox.understanding.rules import RULES_VERSION
from inbox.understanding.word_weights import WEIGHTS
from training import lessons
from training.lessons import Corrections

_BAD_INPUT = 2
_EXPORTED = b'"corrected_from"'
_PACKAGE = WEIGHTS.parents[1]


class Command(BaseCommand):
    help = "Learns the weights of the wording rules from labelled replies (requirements-dev.txt must be installed)."
    # This command repairs what the check of an installation's own weights reports.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "files", nargs="*", type=Path, help="Labelled replies besides the ones kept with the product."
        )
        parser.add_argument(
            "--measure",
            action="store_true",
            help="Write nothing; say how right each rule is on replies left out.",
        )
        parser.add_argument(
            "--corrections",
            action="append",
            default=[],
            type=Path,
            metavar="FILE",
            help="What a workspace's page of rules exports; may be given several times. The weights are then this "
            "installation's own.",
        )
        parser.add_argument(
            "--out",
            type=Path,
            metavar="DIR",
            help="Where an installation's own weights go; without it to RULE_WEIGHTS_DIR.",
        )

    def handle(self, *, files: list[Path], measure: bool, out: Path | None, **options: Any) -> None:
        paths: list[Path] = options["corrections"]
        folder = self._folder(out, own=bool(paths), measure=measure)
        cases = self._cases(files)
        corrections = self._read(paths, lessons.read_corrections) if paths else None
        try:
            if measure:
                self._measure(cases, corrections)
            else:
                self._learn(cases, corrections, folder)
        except ModuleNotFoundError as error:
            raise CommandError(
                f"{error.name} is missing; pip install -r requirements-dev.txt", returncode=_BAD_INPUT
            ) from None

    def _folder(self, out: Path | None, *, own: bool, measure: bool) -> Path:
        """The folder to write the weights to.

        The product's own folder is refused when corrections of an installation are used.
        """
        named = out or (Path(settings.RULE_WEIGHTS_DIR) if own and settings.RULE_WEIGHTS_DIR else None)
        if named is None:
            if own and not measure:
                raise CommandError(
                    "--corrections: name a folder for this installation's own weights, by --out DIR or in "
                    "RULE_WEIGHTS_DIR.",
                    returncode=_BAD_INPUT,
                )
            return WEIGHTS
        if named.resolve().is_relative_to(_PACKAGE):
            raise CommandError(
                f"--out: {named} is a part of the product; name a folder outside of {_PACKAGE}.",
                returncode=_BAD_INPUT,
            )
        return named

    def _cases(self, files: list[Path]) -> list[Case]:
        cases: list[Case] = self._read([lessons.LEARNED], lessons.read)
        for path in files:
            cases += self._read([path], lessons.read)
            if _EXPORTED in path.read_bytes():
                raise CommandError(
                    f"{path}: an installation's export, of which no text may be kept; give it by --corrections.",
                    returncode=_BAD_INPUT,
                )
        return cases + lessons.ordinary()

    def _read(self, paths: list[Path], read: Callable[[list[Path]], Any]) -> Any:
        for path in paths:
            try:
                read([path])
            except OSError as error:
                raise CommandError(f"{path}: {error.strerror}", returncode=_BAD_INPUT) from None
            except BadLine as error:
                raise CommandError(f"{path}: {error}", returncode=_BAD_INPUT) from None
        return read(paths)

    def _measure(self, cases: list[Case], corrections: Corrections | None) -> None:
        if corrections:
            self._measure_corrections(cases, corrections)
            return
        for lesson in lessons.LESSONS:
            score = lessons.measure(lesson, cases)
            self.stdout.write(
                f"{lesson.label}: precision {score.precision:.3f}, recall {score.recall:.3f} (at {lesson.sure})"
            )

    def _measure_corrections(self, cases: list[Case], corrections: Corrections) -> None:
        before, after = lessons.held_out(cases, corrections.cases)
        self.stdout.write(
            f"{corrections.read} corrections, {len(corrections.cases)} of them in words of their own; each judged by "
            "the product's weights, and by weights that were learned without it:"
        )
        self._table({"product": before, "taught": after})
        with lessons.judging_by({}):
            product = lessons.measured()
        with lessons.judging_by(lessons.learn_all(cases, corrections.cases)):
            taught = lessons.measured()
        self.stdout.write("The product's unseen replies:")
        for name, found in (("product", product), ("taught", taught)):
            for label, counts in found["unseen"].items():
                self.stdout.write(f"  {name:<8}{label:<14} {_said(counts)}")
            self.stdout.write(f"  {name:<8}{'ordinary':<14} {_said(found['ordinary'])}")
        for problem in installed_weights.missed(taught):
            self.stdout.write(f"Not good enough to be kept: {problem}")

    def _table(self, reports: dict[str, Report]) -> None:
        for name, report in reports.items():
            for label, score in report.labels.items():
                counts = {key: value for key, value in score.as_json().items() if isinstance(value, int)}
                self.stdout.write(f"  {name:<8}{label:<14} {_said(counts)}")

    def _learn(self, cases: list[Case], corrections: Corrections | None, folder: Path) -> None:
        weights = lessons.learn_all(cases, corrections.cases if corrections else ())
        if folder != WEIGHTS:
            with lessons.judging_by(weights):
                missed = installed_weights.missed(lessons.measured())
            if missed:
                raise CommandError(
                    f"Nothing is written, as on the product's unseen replies {' '.join(missed)} Look through the "
                    "corrections (--measure compares them), and leave out what is wrong."
                )
        lessons.write(weights, folder, timezone.now().date(), corrections)
        if folder == WEIGHTS:
            self.stdout.write(
                f"Rules {RULES_VERSION} learned from {len(cases)} replies; raise RULES_VERSION when you keep it."
            )
            return
        taught = f" and {len(corrections.cases)} corrections" if corrections else ""
        self.stdout.write(
            f"{folder}: rules {RULES_VERSION} learned from {len(cases)} replies{taught}. They judge from the next "
            f"start with RULE_WEIGHTS_DIR={folder} on."
        )


def _said(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
