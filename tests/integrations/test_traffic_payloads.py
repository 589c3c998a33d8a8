"""Every line of the recorded day, parsed offline: the right kind of event, or the right refusal."""

from collections import defaultdict

import pytest

from integrations.events import (
    AccountStatusEvent,
    BookingEvent,
    Event,
    IgnoredEvent,
    MessageEvent,
    PayloadInvalid,
)
from integrations.registry import keyed_sources
from tests.recorded import Line, brings_its_own_tests, traffic, workspaces

LINES = list(traffic())
DOMAIN_DECIDES = {
    "Instantly event not used",
    "a tag that does not mean stop",
    "nobody in this workspace has that address (reason lead_not_found)",
    "another workspace's lead id ({{lead:WS:EMAIL}}): must not touch it; any verdict but accepted is right",
}
CONFIGURED = {
    "email": ("emailbison", "workspace_id"),
    "ghl/sms": ("ghl", "location_id"),
    "linkedin": ("unipile", "account_id"),
}


def outcome(line: Line) -> str | Event:
    """What parsing and the tenant check alone make of a line."""
    source = keyed_sources()[line.source]
    provider, field = CONFIGURED.get(line.source, ("", ""))
    own = workspaces()[line.workspace].get(provider, {}).get(field, "")
    named = source.account_of(line.body)
    if own and named and own != named:
        return "mismatch"
    try:
        return source.parse(line.body, line.at)
    except PayloadInvalid as error:
        assert error.fields, "a refusal names what is wrong"
        return "invalid"


def is_expected(line: Line, result: str | Event) -> bool:
    if line.note not in DOMAIN_DECIDES and line.expect == "rejected":
        return result == ("mismatch" if "403" in line.note else "invalid")
    if line.note not in DOMAIN_DECIDES and line.expect == "ignored":
        return isinstance(result, IgnoredEvent) and bool(result.reason)
    return isinstance(result, Event) and not isinstance(result, IgnoredEvent)


@pytest.mark.parametrize("source", sorted({line.source for line in LINES}))
def test_each_line_parses_to_what_it_expects(source):
    results = [(line, outcome(line)) for line in LINES if line.source == source]
    wrong = {line.number: (line.note, got) for line, got in results if not is_expected(line, got)}
    assert wrong == {}


def test_every_source_is_in_the_recorded_day():
    own = {name for name, one in keyed_sources().items() if brings_its_own_tests(one.provider)}
    assert {line.source for line in LINES} == set(keyed_sources()) - own


def test_accepted_lines_have_keys_of_their_own_and_duplicates_repeat_one():
    seen = defaultdict(set)
    for line in LINES:
        if line.expect not in ("accepted", "duplicate") or line.note in DOMAIN_DECIDES:
            continue
        event = outcome(line)
        if isinstance(event, AccountStatusEvent) or (
            isinstance(event, MessageEvent) and not event.external_id
        ):
            continue  # known by what came before them, not by a key alone
        key = (event.source, event.external_id) if isinstance(event, MessageEvent) else event.event_key
        assert all(key), line.number
        known = seen[line.workspace, line.source]
        assert (key in known) == (line.expect == "duplicate"), f"line {line.number}: {line.note}"
        known.add(key)


def test_times_are_the_providers_and_aware():
    for line in LINES:
        event = outcome(line)
        if isinstance(event, MessageEvent | BookingEvent):
            assert event.occurred_at.tzinfo is not None
            assert abs((event.occurred_at - line.at).total_seconds()) < 8 * 3600, line.number
