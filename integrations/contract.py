"""Compares webhook requests with the contract of their address, which `contract.toml` declares.

Only names of fields and headers are compared, and the words in the fields that hold a state. No other value is read.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured

from integrations.payload import field_at

FILE = "contract.toml"
PROXIES = Path(__file__).with_name("proxies.toml")
ANY = "*"
NAME = re.compile(r"(?!.*\d{4})[A-Za-z_$][\w$-]{0,39}")
"""Names that contain no personal data. Any other name, such as an address, an id or a person's name, becomes ANY."""
WORD = r"(?!.*\d{4})(?!.{65})[A-Za-z][\w.:-]*( [\w.:-]+){0,2}"
"""Matches event types and states: at most three words, so that it matches no sentence."""


class Difference(NamedTuple):
    """The differences between a request and the known form of the event type `event`: the fields that only one has."""

    event: str
    more: list[str]
    fewer: list[str]


@dataclass(frozen=True, slots=True)
class Contract:
    """The contract of one webhook address. A field's path joins the names of nested objects with dots, and skips list
    indexes.

    `types` are the paths at which the event's type may be. `free` are the paths of objects whose field names people
    choose; ANY stands for the whole body.
    """

    types: tuple[str, ...]
    type_pattern: re.Pattern[str]
    events: Mapping[str, frozenset[str]]
    fields: frozenset[str]
    free: frozenset[str]
    words: Mapping[str, frozenset[str]]
    headers: re.Pattern[str]

    def event_of(self, body: Any) -> str:
        """Returns the event's type in `body`, else the known type that one of its fields has as its name, else ""."""
        for path in self.types:
            node = field_at(body, *path.split("."))
            if isinstance(node, str) and node:
                return node if self.type_pattern.fullmatch(node) else ""
        return next((event for event in self.events if isinstance(body, dict) and event in body), "")

    def deviations(self, body: Any, headers: Mapping[str, str]) -> set[tuple[str, str]]:
        """Returns what the contract lacks of the request: pairs of kind (event, field, header or status) and name."""
        names = [name for name in map(str.lower, headers) if not self.headers.fullmatch(name)]
        new = {("header", name if NAME.fullmatch(name) else ANY) for name in names}
        event = self.event_of(body)
        if event and event not in self.events:
            new.add(("event", event))
        for path, part in self.paths(body):
            if path not in self.fields:
                new.add(("field", path))
            elif path in self.words and isinstance(part, str) and part.casefold() not in self.words[path]:
                new.add(("status", f"{path}: {part if re.fullmatch(WORD, part) else ANY}"))
        return new

    def paths(self, node: Any, above: str = "") -> Iterator[tuple[str, Any]]:
        """Yields the path and value of each field in `node`, except fields inside free or unknown objects."""
        if isinstance(node, list):
            for part in node:
                yield from self.paths(part, above)
        elif isinstance(node, dict):
            for name, part in node.items():
                path = above + (name if NAME.fullmatch(name) else ANY)
                if path in self.fields or not (ANY in self.free and not above):
                    yield path, part
                if path in self.fields and path not in self.free:
                    yield from self.paths(part, f"{path}.")

    def nearest(self, body: Any) -> Difference | None:
        """Compares `body` with the known form of its type, else of the most similar one; None if it has no fields."""
        paths = {path for path, _ in self.paths(body)}
        if not paths:
            return None
        event = self.event_of(body)
        if event not in self.events:
            forms = self.events
            event = max(forms, key=lambda name: len(paths & forms[name]) / len(paths | forms[name]))
        form = self.events[event]
        fewer = sorted(path for path in form - paths if path.rpartition(".")[0] not in form - paths)
        return Difference(event, sorted(paths - form), fewer)


def contract_of(payloads: Any, source: str) -> Contract:
    """Returns the contract of the webhook address `source`, stored beside `payloads`. Raises ImproperlyConfigured."""
    path = Path(payloads.__file__).with_name(FILE)
    try:
        return _read(tomllib.loads(path.read_text())[source])
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        words = f"{path} does not declare what “{source}” receives ({type(error).__name__}: {error})."
        raise ImproperlyConfigured(words) from None


def _read(table: dict[str, Any]) -> Contract:
    fields = {
        f"{above}.{name}".lstrip(".") for above, names in table["fields"].items() for name in names.split()
    }
    words = {
        path: frozenset(["", *map(str.casefold, words.split() if isinstance(words, str) else words)])
        for path, words in table["words"].items()
    }
    forms = {names: _form(fields, parts.split()) for names, parts in table["events"].items()}
    return Contract(
        types=tuple(table["type"].split()),
        type_pattern=re.compile(table.get("type_pattern", WORD)),
        events={name: form for names, form in forms.items() for name in names.split()},
        fields=frozenset(fields),
        free=frozenset(table["free"].split()),
        words=words,
        headers=re.compile("|".join(map(translate, [*_proxies(), *table["headers"].split()]))),
    )


def _form(fields: set[str], parts: list[str]) -> frozenset[str]:
    """Returns the `fields` that equal one of `parts`, are inside one, or contain one."""
    return frozenset(
        field
        for field in fields
        if any(f"{field}.".startswith(f"{part}.") or part.startswith(f"{field}.") for part in parts)
    )


@cache
def _proxies() -> list[str]:
    names: str = tomllib.loads(PROXIES.read_text())["headers"]
    return names.split()
