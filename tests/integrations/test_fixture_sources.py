"""What each provider's webhooks become has the channel and the sources that its declaration states."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from integrations import registry
from integrations.events import BounceEvent, Event, MessageEvent, PayloadInvalid
from integrations.spec import NONE, Counts, ProviderSpec
from tests.recorded import SOURCE_NAMES, TESTS, documented, traffic

PROVIDERS = [spec.name for spec in registry.specs().values() if spec.webhooks]


def bodies(spec: ProviderSpec) -> Iterator[tuple[str, Any]]:
    for file in sorted((TESTS / "integrations" / spec.name / "fixtures").glob("*.json")):
        yield file.name, json.loads(file.read_text())
    yield from documented(spec.name).items()
    own = {one.name for one in spec.webhooks or ()}
    for line in traffic():
        if SOURCE_NAMES.get(line.source, line.source) in own and line.expect == "accepted":
            yield f"line {line.number}", line.body


def events(spec: ProviderSpec, body: Any) -> list[Event]:
    """The event of a body by each of the provider's addresses that takes it."""
    found = []
    for source in spec.webhooks or ():
        try:
            found.append(source.parse(body, timezone.now()))
        except PayloadInvalid:
            continue
    return found


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_fixture_has_the_channel_and_a_source_of_its_declaration(provider):
    spec = registry.spec_of(provider)
    sources = {} if isinstance(spec.sources, NONE) else {one.name: one for one in spec.sources}
    wrong = []
    for name, body in bodies(spec):
        parsed = events(spec, body)
        assert parsed, f"no address of {provider} takes {name}"
        for event in (one for one in parsed if isinstance(one, MessageEvent)):
            source = sources.get(event.source)
            bounces = isinstance(event, BounceEvent)
            if source is None or event.channel != spec.channel or bounces != (source.counts is Counts.BOUNCE):
                wrong.append((name, event.channel, event.source))
    assert wrong == []
