"""manage.py new_provider NAME: creates a provider's code, sandbox file, tests and reference page from the example."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.spec import CHANNELS

EXAMPLE = ("examplemail", "ExampleMail", "Example Mail")
"""The example's name in code, in class names, and in texts for people."""
NAME = re.compile(r"[a-z][a-z0-9]{1,12}")
"""Valid provider names. Names are short because "<name>_bounce", the source of bounces, may have only 20 characters."""
ALONE = {"player.py": "player", "reference.md": "page"}
LAST_LINE = "]\n"
MAIL_ALONE = re.compile(r"^ *# e-mail: .*\n(?s:(.*?))^ *# end of e-mail\n", re.MULTILINE)
"""Matches the lines of the example that only a provider for e-mail needs."""
KNOWN_BY = {
    "sms": ("phone", "+14155550123", "person.phone"),
    "linkedin": (
        "linkedin_url",
        "https://www.linkedin.com/in/dana-reyes",
        'f"https://www.linkedin.com/in/{person.linkedin_member_id}"',
    ),
}
"""By channel: the field of Person by which the provider knows a lead, the lead of the copied tests, and the field that
identifies the person of a test event.
"""
OTHER_CHANNEL = (
    ('channel="email"', 'channel="{channel}"'),
    ('"channel": "email"', '"channel": "{channel}"'),
    ('"lead": person.email', '"lead": {sample}'),
    ('bounces="{name}_bounce"', 'bounces=spec.NONE("Messages on this channel do not bounce.")'),
    (', "bounced": None', ""),
    ('BOUNCED = "bounced"\n', ""),
    (", BOUNCED)", ")"),
    (" A bounce by the id of the mail that came back.", ""),
    ("lead: NeededMail", "lead: ExternalId"),
    ("data.lead.address", "data.lead"),
    (" or data.lead.name", ""),
    ("mailbox(message.lead).address", "message.lead"),
    ("mailbox(message.lead)", "message.lead"),
    ("lead.address", "lead"),
    ("[one.address for one in message.to]", "[message.person.{field}]"),
    ("[one.address for one in message.cc]", "[]"),
    ("Dana Reyes <dana.reyes@reyesroofing.example.com>", "{person}"),
    ("dana.reyes@reyesroofing.example.com", "{person}"),
    ("dana@example.org", "{person}"),
    ('"email"', '"{field}"'),
    ("'email'", "'{field}'"),
    ("email=", "{field}="),
    (".email", ".{field}"),
)
"""The replacements for the example's words in a copy for a channel other than e-mail."""


class Command(BaseCommand):
    help = "Copy the example provider (docs/adding-a-provider.md)."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="2 to 13 lowercase letters and digits, such as lemlist.")
        parser.add_argument("--label", default="", help='Display name, such as "La Growth Machine".')
        parser.add_argument("--channel", choices=CHANNELS, default="email", help="Its channel.")

    def handle(self, *, name: str, label: str, channel: str, **options: Any) -> None:
        if not NAME.fullmatch(name):
            raise CommandError("NAME must be 2 to 13 lowercase letters and digits, and begin with a letter.")
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
        if existing := [place for place in places.values() if place.exists()]:
            raise CommandError(f"{existing[0].relative_to(root)} exists already.")
        words = _words(name, label or name.capitalize(), channel)
        for file in sorted([*example.glob("*.*"), *example.glob("fixtures/*.json")]):
            if (channel == "email" or file.stem != "bounced") and (
                target := _target(file.relative_to(example), places)
            ):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(_renamed(file.read_text(), words, mail=channel == "email"))
                self.stdout.write(str(target.relative_to(root)))
        _tidy(root, [places["code"], places["tests"], places["player"]])
        registry = root / "integrations" / "registry.py"
        before, end, after = registry.read_text().partition(LAST_LINE)
        registry.write_text(f'{before}    "integrations.{name}",\n{end}{after}')
        self.stdout.write(f"integrations/registry.py: a line for {name}\nNext: docs/adding-a-provider.md")


def _target(file: Path, places: dict[str, Path]) -> Path | None:
    """Returns where a file of the example is copied to; None for the file that registers the example in its tests."""
    if file.name == "conftest.py":
        return None
    if file.name in ALONE:
        return places[ALONE[file.name]]
    return places["tests" if file.suffix == ".json" or file.name.startswith("test_") else "code"] / file


def _words(name: str, label: str, channel: str) -> dict[str, str]:
    article = "an" if label[0].lower() in "aeiou" else "a"
    words = {f"{an} Example Mail": f"{an[0]}{article[1:]} Example Mail" for an in ("an", "An")}
    words |= dict(zip(EXAMPLE, (name, name.capitalize(), label), strict=True))
    words["tests.example_provider"] = f"integrations.{name}"
    if channel != "email":
        field, person, sample = KNOWN_BY[channel]
        facts = {"name": name, "channel": channel, "field": field, "person": person, "sample": sample}
        words |= {word.format(**facts): new_word.format(**facts) for word, new_word in OTHER_CHANNEL}
    return words


def _renamed(text: str, words: dict[str, str], *, mail: bool) -> str:
    text = MAIL_ALONE.sub(r"\1" if mail else "", text)
    for word, new_word in words.items():
        text = text.replace(word, new_word)
    return text


def _tidy(root: Path, places: list[Path]) -> None:
    """Sorts imports and wraps lines, because both depend on the provider's name."""
    for command in (["check", "--fix", "--quiet"], ["format", "--quiet"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command, *places], cwd=root, check=False)
        if done.returncode:
            raise CommandError("ruff cannot tidy the copied files: see above. Install requirements-dev.txt.")
