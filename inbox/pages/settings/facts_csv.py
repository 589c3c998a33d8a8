"""Imports a workspace's facts from a CSV file: plans the change for each row, then carries out the plan.

The columns are kind, question and answer. A question that the workspace already has gets the answer of the file. Facts
that are not in the file stay. A row with a mistake is skipped.
"""

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from inbox.models import User, Workspace, WorkspaceFact
from inbox.models.workspace_fact import MOST, folded
from inbox.pages import csvs
from inbox.pages.access import ADMIN, FORM, WorkspaceRequest, asks_again, workspace_view
from inbox.pages.forms import redirect_to
from inbox.pages.settings.facts import FactForm, Kind
from inbox.workspaces import factbook

COLUMNS = ("kind", "question", "answer")
MAX_ROWS = 500
EXAMPLE = (
    ("answer", "Do you handle interstate moves?", "Yes, in all 48 states. We hold a licence of the FMCSA."),
    ("answer", "How soon can you start?", "Within two weeks of signing."),
    ("price", "A crew of four", "$1,500 a month, cancelled any month. No discounts by email."),
    ("link", "Brochure", "https://example.com/brochure. Only when they ask for material."),
    ("never", "money-back guarantee", "Say that they can cancel any month."),
)


class Unreadable(Exception):
    """The file cannot be read as CSV. The exception's text says what is wrong where, and how to fix it."""


class Moved(Exception):
    """The import would now have other effects than those that the user saw."""


@dataclass(frozen=True, slots=True)
class FactRow:
    """The effect of one row of the file.

    `row` is its number in a spreadsheet, where the heading is row 1. `do` is "add", "change", "same" or "refuse";
    `problem` is the reason for "refuse". `before` is the fact's answer before the import, and `fact` the row to be
    stored. `cells` are the texts of a refused row.
    """

    row: int
    do: str
    kind: str
    question: str
    answer: str
    before: str = ""
    problem: str = ""
    fact: WorkspaceFact = field(default_factory=WorkspaceFact)
    cells: tuple[str, ...] = ()


class Plan:
    """The rows of the file, in their order (`lines`) and grouped by their effect."""

    def __init__(self, lines: list[FactRow]) -> None:
        self.lines = lines
        self.added, self.changed, self.same, self.refused = (
            [line for line in lines if line.do == do] for do in ("add", "change", "same", "refuse")
        )

    @property
    def digest(self) -> str:
        """A hash of the import's effects. It is the same as long as the same facts would get the same changes."""
        what = [(row.do, row.kind, row.question, row.answer, row.before) for row in self.added + self.changed]
        return hashlib.sha256(repr(what).encode()).hexdigest()[:32]

    @property
    def refused_text(self) -> str:
        """The heading and the refused rows as CSV, to be corrected and imported again; "" if no row was refused."""
        rows, out = [line.cells for line in self.refused], io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([COLUMNS, *rows] if rows else [])
        return out.getvalue()


def plan(workspace: Workspace, text: str) -> Plan:
    """Returns the effects of the CSV `text`. Raises Unreadable for no CSV, missing columns, and 0 or over 500 rows."""
    facts = {(fact.kind, fact.folded): fact for fact in WorkspaceFact.objects.filter(workspace=workspace)}
    first: dict[tuple[str, str], int] = {}
    room, lines = MOST - len(facts), list[FactRow]()
    for row, cells in _rows(text):
        line = _line(workspace, row, cells, facts)
        key = (line.kind, folded(line.question))
        if line.do != "refuse" and key in first:
            line = _refused(row, cells, f"Duplicate of row {first[key]}. Remove one of them.")
        elif line.do == "add" and not room:
            line = _refused(row, cells, f"A workspace can have up to {MOST} facts. Delete some first.")
        elif line.do != "refuse":
            first[key] = row
            room -= line.do == "add"
        lines.append(line)
    return Plan(lines)


def apply(workspace: Workspace, by: User, text: str, *, digest: str) -> Plan:
    """Imports the CSV `text` in its own transaction, and returns the effects. Rows that the plan refuses are skipped.

    `digest` is the Plan.digest that the user saw. Raises Unreadable, or Moved if the import would now have other
    effects.
    """
    with transaction.atomic():
        factbook.hold(workspace)
        changes = plan(workspace, text)
        if changes.digest != digest:
            raise Moved()
        for line in (*changes.added, *changes.changed):
            line.fact.question, line.fact.answer = line.question, line.answer
        added, changed = ([line.fact for line in lines] for lines in (changes.added, changes.changed))
        factbook.write_all(workspace, by, added, changed)
    return changes


def _line(
    workspace: Workspace, row: int, cells: list[str], facts: dict[tuple[str, str], WorkspaceFact]
) -> FactRow:
    kind, problem = cells[0].strip().lower(), ""
    if len(cells) > len(COLUMNS):
        problem = (
            "This row has more cells than the header. Put quotation marks around text that contains a comma."
        )
    elif kind not in WorkspaceFact.Kind.values:
        problem = f"kind: “{kind[:20]}” isn’t a kind. Use answer, price, link or never."
    if problem:
        return _refused(row, cells, problem)
    form = FactForm(kind, {"question": cells[1], "answer": cells[2]})
    if not form.is_valid():
        return _refused(row, cells, " ".join(f"{name}: {errors[0]}" for name, errors in form.errors.items()))
    question, answer = form.cleaned_data["question"], form.cleaned_data["answer"]
    fact = facts.get((kind, folded(question))) or WorkspaceFact(workspace=workspace, kind=kind)
    same = (fact.question, fact.answer) == (question, answer)
    do = "add" if fact._state.adding else "same" if same else "change"
    return FactRow(row, do, kind, question, answer, before=fact.answer, fact=fact)


def _refused(row: int, cells: list[str], problem: str) -> FactRow:
    kind, question, answer = cells[:3]
    return FactRow(row, "refuse", kind, question, answer, problem=problem, cells=tuple(cells))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yields the rows below the heading: number, then kind, question, answer and surplus cells. Raises Unreadable."""
    text = text.removeprefix("\ufeff")
    heading = text.lstrip().partition("\n")[0].lower()
    separator = max(",;\t", key=heading.count)  # in some countries, spreadsheets use another
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
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
                raise Unreadable(f"The file has more than {MAX_ROWS} rows. Split it into smaller files.")
            cells = [csvs.plain(cell) for cell in cells]
            surplus = [cell for cell in cells[width:] if cell.strip()]
            yield row, [cells[at] if at < len(cells) else "" for at in order] + surplus
    except csv.Error as error:
        raise Unreadable(
            f"Row {row + 1} couldn’t be read ({error}). Check for a missing quotation mark."
        ) from error
    if not order:
        raise Unreadable("The file is empty. Start with the header row kind,question,answer.")
    if not count:
        raise Unreadable("There are no rows below the header.")


def _order(heading: list[str]) -> list[int]:
    names = [cell.strip().lower() for cell in heading]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise Unreadable(
            f"The first row must be the header kind,question,answer. It’s missing {', '.join(missing)}."
        )
    return [names.index(name) for name in COLUMNS]


MAX_FILE_BYTES = 1_000_000


class FactFileForm(forms.Form):
    """The `file`, or its `text` once the page has shown the effects. `seen` is the Plan.digest of these effects."""

    file = forms.FileField(
        label="CSV file",
        required=False,
        help_text="Columns: kind, question and answer. Up to 1 MB and 500 rows.",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    text = forms.CharField(
        label="File contents",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        file, text = cleaned.get("file"), cleaned.get("text") or ""
        if file is not None and not self.errors:
            if file.size > MAX_FILE_BYTES:
                self.add_error("file", "The file is larger than 1 MB. Split it into smaller files.")
                return cleaned
            try:
                cleaned["text"] = file.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", "The file isn’t in UTF-8. Save it as “CSV UTF-8” and choose it again.")
        elif not self.errors and not text.strip():
            self.add_error("file", "Choose a file.")
        elif len(text.encode()) > MAX_FILE_BYTES:
            self.add_error("text", "The text is larger than 1 MB. Split it into smaller parts.")
        return cleaned


@workspace_view(ADMIN, FORM)
def import_csv(request: WorkspaceRequest) -> HttpResponse:
    """`…/facts/import/`: shows the effects of a file. `do`=apply imports it if the effects are those of `seen`."""
    if request.method != "POST":
        return render(request, "facts/import.html", {"form": FactFileForm()})
    form = FactFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "facts/import.html", {"form": form}, status=422)
    text, shown, problem = form.cleaned_data["text"], None, ""
    try:
        if request.POST.get("do") == "apply":
            done = apply(request.workspace, request.user, text, digest=form.cleaned_data["seen"])
            summary = f"{len(done.added)} added, {len(done.changed)} changed."
            if not done.refused:
                return redirect_to(request, "inbox:facts", success=summary)
            messages.warning(request, f"{summary} Fix the rows below, then check again.")
            text = done.refused_text
        shown = plan(request.workspace, text)
    except Moved:
        shown = plan(request.workspace, text)
        problem = "The text or the facts have changed, so here’s a new preview."
    except Unreadable as reason:
        problem = str(reason)
    form = FactFileForm(initial={"text": text, "seen": shown.digest if shown else ""})
    context = {"form": form, "plan": shown, "text": text, "problem": problem}
    return render(request, "facts/import.html", context, status=422 if problem else 200)


@workspace_view()
@asks_again(reading=True)
def export_csv(request: WorkspaceRequest) -> HttpResponse:
    """`…/facts/export.csv`: downloads all facts as a CSV file that can be imported again."""
    facts = sorted(factbook.listed(request.workspace), key=lambda fact: Kind.values.index(fact.kind))
    rows = [(fact.kind, fact.question, fact.answer) for fact in facts]
    return csvs.answer(f"facts-{timezone.localdate():%Y-%m-%d}", COLUMNS, rows)


@workspace_view()
def example_csv(request: WorkspaceRequest) -> HttpResponse:
    """`…/facts/example.csv`: downloads an example file with one fact of each kind."""
    return csvs.answer("facts-example", COLUMNS, EXAMPLE)
