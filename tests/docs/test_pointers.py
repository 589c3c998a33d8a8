"""Whatever code or a page points to is there: a page, its heading, a decision, a file behind a link."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, files, headings, slug

POINTER = re.compile(r"(?<![\w/.-])(docs/[\w./-]*?\.(?:md|png))(?:, (?=[A-Z`])(.{,120}))?")
DECISION = re.compile(r"(?:(?<![\w/.-])docs/adr/|\bADR )(\d{4})(?![\w-])")
BARE = re.compile(r"(?:\bdocs/adr/|\bADR )(\d{4})(?!-)")
BESIDE = re.compile(r"[(,] ?(0\d{3})(?=[,)])")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def faults(path: Path, text: str) -> Iterator[str]:
    """What `text`, of the file `path`, points to and is not there."""
    plain = re.sub(r"\s*\n\s*(?:# )?", " ", text)
    for name, words in POINTER.findall(plain):
        if not (ROOT / name).is_file():
            yield f"{name} is no file"
        elif words and not any(
            words.replace("`", "").startswith(one.replace("`", "")) for one in headings(ROOT / name)
        ):
            yield f"{name} has no heading that begins “{words[:40]}”"
    decisions = DECISION.findall(plain)
    if path.parent.name == "adr":
        decisions += BESIDE.findall(plain)
    for number in decisions:
        if len(list((ROOT / "docs/adr").glob(f"{number}-*.md"))) != 1:
            yield f"there is no decision {number}"
    if path.suffix == ".md":
        yield from _broken_links(path, text)
    else:
        yield from (f"decision {number} is named by its number alone" for number in BARE.findall(plain))


def _broken_links(path: Path, text: str) -> Iterator[str]:
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, fragment = target.partition("#")
        page = path.parent / name if name else path
        if not page.exists():
            yield f"{target} leads nowhere"
        elif fragment and fragment not in map(slug, headings(page)):
            yield f"{target} names a heading that is not there"


@pytest.mark.parametrize("ending", [".py", ".md", ".html", ".toml", "Makefile"])
def test_what_is_pointed_to_is_there(ending):
    broken = [
        f"{path.relative_to(ROOT)}: {fault}"
        for path in files(ending)
        if path != Path(__file__)
        for fault in faults(path, path.read_text(encoding="utf-8"))
    ]
    assert broken == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("See docs/nowhere.md.", "docs/nowhere.md is no file"),
        ('"""Why\n(docs/adr/README.md, Reasons)."""', "docs/adr/README.md has no heading"),
        ("# as docs/adr/9999 says", "there is no decision 9999"),
        ("as decided (0002, 0998)", "there is no decision 0998"),
        ("[a page](nowhere.md)", "nowhere.md leads nowhere"),
        ("[a part](README.md#reasons)", "README.md#reasons names a heading"),
        (
            "See docs/adr/README.md, Decisions, [all](README.md#decisions) of https://example.com/docs/x.md.",
            "",
        ),
    ],
)
def test_what_is_not_there_is_found(text, said):
    found = list(faults(ROOT / "docs/adr/README.md", text))
    assert len(found) == bool(said)
    assert not said or found[0].startswith(said)


def test_code_names_a_decision_by_the_file_that_carries_its_title():
    """A number that is mistyped names another decision; a file name that is mistyped names none."""
    text = "Nothing is guessed (docs/adr/0042)."
    assert list(faults(ROOT / "integrations/spec.py", text)) == ["decision 0042 is named by its number alone"]
    assert list(faults(ROOT / "integrations/spec.py", "(docs/adr/0042-one-declaration-per-provider.md)")) == [
        "docs/adr/0042-one-declaration-per-provider.md is no file"
    ]
