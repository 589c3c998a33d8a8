"""The strings that people see: beginnings and phrases that read as translated English are refused (docs/voice.md)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.names import ROOMS, ROOT

REFUSED = re.compile(
    r"(?:^|[.!?;] |>)\W*(?:Whoever|Who\b(?!\?| is who)|Of what|What is told)"
    r"|is told of|are told of|stands (?:there|here|too)|Nobody does yet|as they stand|clockwork"
    r"|Take this step out|Look again|perhaps nobody looked|no other answers for it|Connect what your"
    r"|\bby (?:itself|themselves)\b|goes on to work|in anew\b"
)


def python_strings(path: Path) -> Iterator[tuple[int, str]]:
    """The string constants of a module that are no docstring, with their lines."""
    tree = ast.parse(path.read_text())
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def shown() -> Iterator[tuple[str, str]]:
    """Every line of the templates and every string of the modules that can reach a page, with its place."""
    for path in (ROOT / "templates").rglob("*.*"):
        text = re.sub(r"(?s){% comment %}.*?{% endcomment %}", "", path.read_text())
        yield from ((str(path.relative_to(ROOT)), line) for line in text.splitlines())
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            place = path.relative_to(ROOT)
            if room != "sandbox" and not {"migrations", "prompts", "models", "models.py"} & set(place.parts):
                yield from ((f"{place}:{line}", text) for line, text in python_strings(path))


def test_no_string_that_people_see_reads_as_translated():
    assert [f"{place}: {text}" for place, text in shown() if REFUSED.search(text)] == []


def test_a_translated_string_is_refused():
    for text in ("Whoever has it can post events.", "Slack is told of a tag.", "Sent. Who asks may stop it."):
        assert REFUSED.search(text)
    for text in ("Anyone who has it can post events.", "Tell the member who asked.", "Who?"):
        assert not REFUSED.search(text)
