"""The decisions and their index say the same, and every page begins alike."""

import re

import pytest

from tests.docs.pages import ROOT

FOLDER = ROOT / "docs/adr"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))
HEAD = re.compile(
    r"# (?P<number>\d{4}) (?P<title>.+)\n\n"
    r"(?P<state>Accepted|Superseded by (?P<by>\d{4})), (?P<date>\d{4}-\d{2}-\d{2})\.\n\n"
)
ROW = re.compile(r"^\| \[(\d{4})\]\((\S+)\) \| (.+) \| (.+) \| (\S+) \|$", re.M)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_begins_with_its_number_title_state_and_day(page):
    head = HEAD.match(page.read_text(encoding="utf-8"))
    assert head, f"{page.name} must begin as docs/adr/README.md says."
    assert page.name.startswith(f"{head['number']}-")
    assert not head["by"] or list(FOLDER.glob(f"{head['by']}-*.md"))


def test_no_two_decisions_have_one_number():
    numbers = [page.name[:4] for page in PAGES]
    assert sorted(set(numbers)) == numbers


def test_the_index_names_every_decision_as_it_names_itself():
    heads = [(page, HEAD.match(page.read_text(encoding="utf-8"))) for page in PAGES]
    own = [
        (head["number"], page.name, head["title"], head["state"][0].lower() + head["state"][1:], head["date"])
        for page, head in heads
        if head
    ]
    assert ROW.findall((FOLDER / "README.md").read_text(encoding="utf-8")) == own
