"""manage.py new_provider NAME: makes a provider's code, sandbox file, tests and reference page from the example."""

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

EXAMPLE = ("examplemail", "ExampleMail", "Example Mail")
"""The example's name in code, in class names, and for people."""
NAME = re.compile(r"[a-z][a-z0-9]{1,12}")
"""Names of providers. They are short because "<name>_bounce", the source of its bounces, may have 20 characters."""
ALONE = {"player.py": "player", "reference.md": "page"}
LAST_LINE = "]\n"


class Command(BaseCommand):
    help = "Copy the example provider (docs/adding-a-provider.md)."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="2 to 13 small letters and digits, such as lemlist.")
        parser.add_argument("--label", default="", help='What people call it, such as "La Growth Machine".')

    def handle(self, *, name: str, label: str, **options: Any) -> None:
        if not NAME.fullmatch(name):
            raise CommandError("NAME must be 2 to 13 small letters and digits, and begin with a letter.")
        root = Path(settings.BASE_DIR)
        example = root / "tests" / "example_provider"
        if not example.is_dir():
            raise CommandError(f"There is no example in {example}: run this in a checkout of the repository.")
        places = {
            "code": root / "integrations" / name,
            "tests": root / "tests" / "integrations" / name,
            "player": root / "sandbox" / f"{name}.py",
            "page": root / "docs" / "reference" / f"{name}.md",
        }
        if taken := [place for place in places.values() if place.exists()]:
            raise CommandError(f"{taken[0].relative_to(root)} exists already.")
        words = dict(zip(EXAMPLE, (name, name.capitalize(), label or name.capitalize()), strict=True))
        words["tests.example_provider"] = f"integrations.{name}"
        for file in sorted([*example.glob("*.*"), *example.glob("fixtures/*.json")]):
            if target := _target(file.relative_to(example), places):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(_renamed(file.read_text(), words))
                self.stdout.write(str(target.relative_to(root)))
        _add_line(root / "integrations" / "registry.py", name)
        self.stdout.write(f"integrations/registry.py: a line for {name}\nNext: docs/adding-a-provider.md")


def _target(file: Path, places: dict[str, Path]) -> Path | None:
    """Where a file of the example is copied to. None for the file that registers the example for its tests."""
    if file.name == "conftest.py":
        return None
    if file.name in ALONE:
        return places[ALONE[file.name]]
    return places["tests" if file.suffix == ".json" or file.name.startswith("test_") else "code"] / file


def _renamed(text: str, words: dict[str, str]) -> str:
    for word, other in words.items():
        text = text.replace(word, other)
    return text


def _add_line(registry: Path, name: str) -> None:
    before, mark, after = registry.read_text().partition("PROVIDERS = [")
    lines, end, rest = after.partition(LAST_LINE)
    registry.write_text(f'{before}{mark}{lines}    "integrations.{name}",\n{end}{rest}')
