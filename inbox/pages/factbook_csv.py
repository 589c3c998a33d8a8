"""Imports a workspace's facts from a CSV file: plans the change for each row, and carries the plan out.

The columns are kind, question and answer. A question that exists already gets the file's answer. Facts that
the file does not name stay. A row with a mistake is left out, and the other rows count.
"""

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import transaction

from inbox.models import User, Workspace, WorkspaceFact
from inbox.models.workspace_fact import MOST, folded
from inbox.pages import csvs
from inbox.pages.forms.facts import FactForm
from inbox.workspaces import factbook

COLUMNS = ("kind", "question", "answer")
MAX_ROWS = 500
EXAMPLE = (
    ("answer", "Do you handle interstate moves?", "Yes, in all 48 states. We hold a licence of the FMCSA."),
    ("answer", "How soon can you start?", "Within two weeks of signing."),
    ("price", "A crew of four", "$1,500 a month, cancelled any month. No discounts by mail."),
    ("link", "Brochure", "https://example.com/brochure. Only when they ask for material."),
    ("never", "money-back guarantee", "Say that they can cancel any month."),
)


class Unreadable(Exception):
    """An uploaded file of facts cannot be read as CSV. The text says where, and what to do."""


class Moved(Exception):
    """The workspace's facts have changed since the person saw what the file would do to them."""


@dataclass(frozen=True, slots=True)
class FactRow:
    """What happens to one row of an uploaded CSV of facts. `row` is its number as in a spreadsheet, where the heading
    is 1. `do` is "add", "change", "same" (the fact is as in the file) or "refuse", with the reason in `problem`.

    `before` is the fact's answer before the import; `fact` is None if it is not known yet. `cells` are the row's own
    texts, only for a refused one.
    """

    row: int
    do: str
    kind: str
    question: str
    answer: str
    before: str = ""
    problem: str = ""
    fact: WorkspaceFact | None = None
    cells: tuple[str, ...] = ()


@dataclass(slots=True)
class Plan:
    """What importing a CSV file would do to a workspace's facts, row by row."""

    lines: list[FactRow] = field(default_factory=list)

    def of(self, do: str) -> list[FactRow]:
        return [line for line in self.lines if line.do == do]

    @property
    def added(self) -> list[FactRow]:
        return self.of("add")

    @property
    def changed(self) -> list[FactRow]:
        return self.of("change")

    @property
    def same(self) -> list[FactRow]:
        return self.of("same")

    @property
    def refused(self) -> list[FactRow]:
        return self.of("refuse")

    @property
    def digest(self) -> str:
        """A short text that identifies what importing the file would change. The same
        changes to the same facts have the same digest.
        """
        what = [(row.do, row.kind, row.question, row.answer, row.before) for row in self.added + self.changed]
        return hashlib.sha256(repr(what).encode()).hexdigest()[:32]

    @property
    def refused_text(self) -> str:
        """A CSV text of the heading and the rows that cannot be imported, each as it was in the file. A person can
        correct it and import it again. It is "" if there are no such rows.
        """
        return _text([COLUMNS, *(line.cells for line in self.refused)]) if self.refused else ""


def plan(workspace: Workspace, text: str) -> Plan:
    """Works out what importing the CSV `text` would do to the workspace's facts, and changes nothing. Raises
    Unreadable if it is no CSV, lacks a column, is empty or has more than 500 rows.
    """
    facts = {(fact.kind, fact.folded): fact for fact in WorkspaceFact.objects.filter(workspace=workspace)}
    first: dict[tuple[str, str], int] = {}
    room, draft = MOST - len(facts), Plan()
    for row, cells in _rows(text):
        line = _line(row, cells, facts)
        key = (line.kind, folded(line.question))
        if line.do != "refuse" and key in first:
            line = _refused(row, cells, f"The same as row {first[key]}. Take one of the two out.")
        elif line.do == "add" and not room:
            line = _refused(row, cells, f"A workspace holds {MOST} facts. Delete some first.")
        elif line.do != "refuse":
            first[key] = row
            room -= line.do == "add"
        draft.lines.append(line)
    return draft


def apply(workspace: Workspace, by: User, text: str, *, digest: str) -> Plan:
    """Imports the CSV `text` into the workspace's facts, in a transaction of its own, and returns what it did. Rows
    that are refused are left out. `digest` is that of the plan that the person saw.

    Raises Unreadable if the text is no CSV, and Moved if the import would do something else by now.
    """
    with transaction.atomic():
        factbook.hold(workspace)
        changes = plan(workspace, text)
        if changes.digest != digest:
            raise Moved()
        added = [
            WorkspaceFact(workspace=workspace, kind=row.kind, question=row.question, answer=row.answer)
            for row in changes.added
        ]
        changed = []
        for line in changes.changed:
            assert line.fact is not None  # a row that changes a fact has found that fact
            line.fact.question, line.fact.answer = line.question, line.answer
            changed.append(line.fact)
        factbook.write_all(workspace, by, added, changed)
    return changes


def _line(row: int, cells: list[str], facts: dict[tuple[str, str], WorkspaceFact]) -> FactRow:
    kind, problem = cells[0].strip().lower(), ""
    if len(cells) > len(COLUMNS):
        problem = "It has more cells than the heading. Put quotation marks around a text with a comma in it."
    elif kind not in WorkspaceFact.Kind.values:
        problem = f"kind: “{kind[:20]}” is none. Write answer, price, link or never."
    if problem:
        return _refused(row, cells, problem)
    form = FactForm(kind, {"question": cells[1], "answer": cells[2]})
    if not form.is_valid():
        return _refused(row, cells, " ".join(f"{name}: {errors[0]}" for name, errors in form.errors.items()))
    question, answer = form.cleaned_data["question"], form.cleaned_data["answer"]
    fact = facts.get((kind, folded(question)))
    if fact is None:
        return FactRow(row, "add", kind, question, answer)
    same = (fact.question, fact.answer) == (question, answer)
    return FactRow(row, "same" if same else "change", kind, question, answer, before=fact.answer, fact=fact)


def _refused(row: int, cells: list[str], problem: str) -> FactRow:
    kind, question, answer = cells[:3]
    return FactRow(row, "refuse", kind, question, answer, problem=problem, cells=tuple(cells))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows below the heading: kind, question, answer, and cells that are too many. Raises Unreadable."""
    text = text.removeprefix("\ufeff")
    heading = text.lstrip().partition("\n")[0].lower()
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(heading), strict=True)
    order: list[int] = []
    row = count = 0
    try:
        for row, cells in enumerate(reader, start=1):
            if not any(cell.strip() for cell in cells):
                continue
            if not order:
                order = _order(cells)
                width = len(cells)
                continue
            count += 1
            if count > MAX_ROWS:
                raise Unreadable(f"The file has more than {MAX_ROWS} rows. Split it, and import the parts.")
            cells = [csvs.plain(cell) for cell in cells]
            yield (
                row,
                [cells[at] if at < len(cells) else "" for at in order]
                + [cell for cell in cells[width:] if cell.strip()],
            )
    except csv.Error as error:
        raise Unreadable(
            f"Row {row + 1} cannot be read ({error}). Look whether a quotation mark is missing there."
        ) from error
    if not order:
        raise Unreadable("It is empty. The first row names the columns: kind,question,answer.")
    if not count:
        raise Unreadable("There is no row below the heading.")


def _delimiter(heading: str) -> str:
    """The character between the cells. It differs by the country of the spreadsheet."""
    return max(",;\t", key=heading.count)


def _order(heading: list[str]) -> list[int]:
    names = [cell.strip().lower() for cell in heading]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise Unreadable(
            f"The first row must name the columns kind,question,answer; it lacks {', '.join(missing)}."
        )
    return [names.index(name) for name in COLUMNS]


def _text(rows: list[tuple[str, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
