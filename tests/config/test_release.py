"""The number of this release stands once, in the settings, and what it brings in CHANGELOG.md."""

import re
from datetime import date
from pathlib import Path

from django.conf import settings

CHANGELOG = Path(__file__).resolve().parents[2] / "CHANGELOG.md"


def test_the_changelog_tells_of_this_release_and_of_what_comes_after_it():
    first, *releases = re.findall(r"^## (.+)$", CHANGELOG.read_text(encoding="utf-8"), re.M)
    assert first == "Unreleased"
    number, day = re.fullmatch(r"(\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)", releases[0]).groups()
    assert number == settings.VERSION and date.fromisoformat(day)
