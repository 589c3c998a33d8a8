"""What docs/reference and docs/operations.md promise is what the code has."""

import re
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands, load_command_class

from inbox.models import Draft, OutboundSend, WebhookDelivery
from inbox.models.lead import Channel
from inbox.models.message import OWN as OURS
from inbox.models.message import Message
from integrations import registry
from integrations.models import HealthState, WebhookKey
from jobs.models import BackgroundJob
from jobs.ticks import TICKS
from tests import factories
from tests.docs.pages import ROOT, headings

REFERENCE = ROOT / "docs/reference"
OWN = ("demo", "inbox", "insights", "integrations", "jobs", "training")
HEADINGS = (
    "Connecting", "Webhooks", "Idempotency keys", "Calls", "Refusals", "Limits", "Quirks", "Public documentation",
)  # fmt: skip
EVERY_S = {"minute": 60, "5 minutes": 300, "15 minutes": 900, "10 minutes": 600, "hour": 3600}


def section(page: str, heading: str) -> str:
    """The text of a page below `heading`, to the next one."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert found, f"{page} has no {heading}"
    return found[1]


def first_column(text: str) -> list[str]:
    """What stands in `code` in the first column of a section's tables."""
    cells = re.findall(r"^\| ([^|]*`.*?) \|", text, re.M)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def test_each_provider_has_a_page_with_the_same_headings():
    pages = set(registry.specs())
    assert {name for name in pages if (REFERENCE / f"{name}.md").is_file()} == pages
    assert {name: headings(REFERENCE / f"{name}.md")[1:] for name in pages} == dict.fromkeys(pages, HEADINGS)


def test_each_event_that_a_source_takes_stands_on_its_provider_s_page():
    missing = [
        (source.name, event)
        for source in registry.webhook_sources().values()
        for event in source.events
        if not event.startswith("enrichment.")  # our own words, of what a table was asked for
        and event not in ("Appointment", "InboundSMS")  # our own words, as a workflow names none
        and f"`{event}`" not in section(f"{source.provider}.md", "Webhooks")
    ]
    assert missing == []


@pytest.mark.django_db
def test_a_key_has_as_many_bits_as_is_told():
    key = WebhookKey.issue(factories.make_integration(factories.make_workspace())).secret
    told = [
        bits
        for page in ("reference/addresses.md", "runbook.md")
        for bits in re.findall(
            r"\bkey (?:is|has) (\d+) (?:random )?bits", (ROOT / "docs" / page).read_text(), re.I
        )
    ]
    assert told == [str(8 * len(urlsafe_b64decode(f"{key}=")))] * 2


def test_the_addresses_name_every_source_and_verdict():
    told = section("addresses.md", "Webhooks")
    assert all(
        f"`{name}`" in told + section(f"{source.provider}.md", "Webhooks")
        or f"/api/webhooks/{name}/`" in told
        for name, source in registry.webhook_sources().items()
    )
    assert first_column(section("addresses.md", "Verdicts")) == WebhookDelivery.Verdict.values


def test_the_names_are_those_of_the_database():
    tables = {
        model._meta.db_table: {field.column for field in model._meta.concrete_fields}
        for model in apps.get_models()
    }
    named = set(re.findall(r"`([a-z]+_[a-z]+)`", section("names.md", "Tables")))
    assert named and named <= set(tables)
    rows = re.findall(
        r"^\| `(\w+)` \| (`[^|]*) \| ([^|]*)\|$", section("names.md", "Columns and values"), re.M
    )
    assert rows
    for table, columns, values in rows:
        assert table in named
        assert set(re.findall(r"`(\w+)`", columns)) <= tables[table], table
        assert table in VALUES or "docs/" in values or not values.strip(), table
    told = set(first_column(section("names.md", "Sources of messages")))
    assert OURS in told and told <= {OURS, *registry.message_sources()}
    assert [
        name
        for name in registry.message_sources()
        if name not in told and f"`{name}`" not in section(f"{registry.provider_of(name)}.md", "Webhooks")
    ] == []


VALUES = {
    "inbox_message": [*Message.Direction.values, *Channel.values],
    "inbox_outboundsend": OutboundSend.State.values,
    "inbox_draft": Draft.Status.values,
    "jobs_backgroundjob": BackgroundJob.Status.values,
    "integrations_workspaceintegrationhealth": HealthState.values,
}


@pytest.mark.parametrize("table", VALUES)
def test_the_values_are_those_of_the_column(table):
    told = section("names.md", "Columns and values")
    row = re.search(rf"^\| `{table}` \|[^|]*\| ([^|]*) \|$", told, re.M)[1]
    values = [value for part in re.findall(r"`: ([^;]*)", row) for value in re.findall(r"`(\w+)`", part)]
    assert values == VALUES[table]


def test_the_ticks_are_those_that_run():
    rows = re.findall(r"^\| `(\S+)` \| (.+?) \|", section("commands.md", "Ticks"), re.M)
    assert {name: EVERY_S[every] for name, every in rows} == {
        name: tick.every_s for name, tick in TICKS.items()
    }


def test_each_command_stands_in_the_reference_with_options_that_it_has():
    text = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `manage\.py (\w+)((?:[^`]|\\\|)*)`", text, re.M))
    own = {name: app for name, app in get_commands().items() if app in OWN}
    assert set(told) == set(own)
    for name, usage in told.items():
        parser = load_command_class(own[name], name).create_parser("manage.py", name)
        known = {option for action in parser._actions for option in action.option_strings}
        assert set(re.findall(r"--[a-z-]+", usage)) <= known, name


def test_each_make_target_of_the_reference_is_one():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = re.findall(r"`make ([a-z-]+)`", section("commands.md", "make"))
    assert named and set(named) <= targets


def test_each_variable_that_settings_read_stands_in_operations():
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    read = {
        name
        for path in Path(ROOT / "config").glob("*.py")
        for name in re.findall(r'\benv\.\w+\(\s*"([A-Z_]+)"', path.read_text(encoding="utf-8"))
    }
    assert "DATABASE_URL" in read
    assert sorted(name for name in read if f"`{name}`" not in page and not name.startswith("PYTEST_")) == []
