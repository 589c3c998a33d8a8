"""Prose of the documentation wraps at 120 characters, so that a diff shows the sentence that changed."""

import re

import pytest

from tests.docs.pages import ROOT

WIDTH = 120
WHOLE = re.compile(r"`[^`]+`|\[[^\]]*\]\([^)]*\)")
"""What is not broken: code and links."""
PAGES = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])


def could_be_shorter(line: str) -> bool:
    """Whether a blank between two words stands before the width, and the line goes beyond it."""
    if len(line) <= WIDTH or line.startswith(("|", "#", "    ")):
        return False
    words = WHOLE.sub(lambda match: match[0].replace(" ", "_"), line.strip())
    indent = len(line) - len(line.lstrip())
    return " " in re.sub(r"^(-|\d+\.) +", "", words)[: WIDTH - indent]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_prose_wraps_at_120_characters(page):
    fences = page.read_text(encoding="utf-8").split("```")
    lines = [line for prose in fences[::2] for line in prose.splitlines()]
    assert [line for line in lines if could_be_shorter(line)] == []
