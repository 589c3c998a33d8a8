"""Recorded payloads: one file per event of each provider, and a whole day of traffic."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent
DAY_START = datetime(2026, 10, 14, 12, 0, tzinfo=UTC)
"""When `at_ms` 0 of the traffic was."""
SOURCE_NAMES = {"ghl_sms": "ghl/sms"}


def payload(provider: str, name: str) -> Any:
    """A fresh copy of `tests/integrations/<provider>/fixtures/<name>.json`."""
    return json.loads((TESTS / "integrations" / provider / "fixtures" / f"{name}.json").read_text())


def documented(provider: str, folder: str = "") -> dict[str, Any]:
    """The examples that a provider publishes, by name. Each file states its public address and the day of reading."""
    files = sorted((TESTS / "integrations" / provider / "documented" / folder).glob("*.json"))
    examples = {file.stem: json.loads(file.read_text()) for file in files}
    assert all(example["page"].startswith("https://") and example["read"] for example in examples.values())
    return {name: example["body"] for name, example in examples.items()}


def brings_its_own_tests(provider: str) -> bool:
    """Whether a provider is tested in its own folder alone, as `manage.py new_provider` begins it."""
    file = TESTS / "integrations" / provider / "test_contract.py"
    return file.exists() and "Contract):" in file.read_text()


@dataclass(frozen=True)
class Line:
    """One recorded request, and the verdict it must get."""

    number: int
    at_ms: int
    workspace: str
    source: str
    body: Any
    expect: str
    note: str

    @property
    def at(self) -> datetime:
        return DAY_START + timedelta(milliseconds=self.at_ms)


@cache
def workspaces() -> dict[str, dict]:
    """What the recorded workspaces have configured, by name."""
    return json.loads((TESTS / "fixtures" / "workspaces.json").read_text())


def traffic() -> Iterator[Line]:
    """The recorded day, in order."""
    for number, text in enumerate((TESTS.parent / "demo" / "traffic.jsonl").read_text().splitlines(), 1):
        row = json.loads(text)
        row["source"] = SOURCE_NAMES.get(row["source"], row["source"])
        yield Line(number=number, note=row.pop("note", ""), **row)
