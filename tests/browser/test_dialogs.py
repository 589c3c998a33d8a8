"""Dialogs of the desk: each opens as it came, and words for a snooze need no second Enter."""

import re

import pytest
from playwright.sync_api import expect

from inbox.models import Lead
from tests import factories
from tests.factories import ago
from tests.waiting import until


@pytest.fixture
def leads(workspace):
    factories.make_integration(workspace)
    found = []
    for hours, name in enumerate(("First", "Second", "Third", "Fourth"), start=1):
        at = ago(hours=hours)
        lead = factories.make_lead(
            workspace, first_name=name, last_name="", needs_reply=True, last_message_at=at, last_inbound_at=at
        )
        factories.make_message(lead, f"Words of {name}.", sent_at=at)
        found.append(lead)
    return found


@pytest.fixture
def page(workspace, user, leads, open_page):
    page = open_page(user)
    page.goto(f"/w/{workspace.pk}/inbox/?assignee=nobody")
    expect(page.locator("#lead")).to_have_text("First")
    return page


def test_snooze_in_words_takes_enter_at_once_and_the_next_one_opens_empty(page, leads):
    page.locator(".row > a").first.focus()
    for lead, words in zip(leads, ("in 3 days", "next monday", "tomorrow 9am"), strict=False):
        page.keyboard.press("h")
        dialog = page.get_by_role("dialog", name="Snooze until")
        expect(dialog.get_by_label("In words")).to_have_value("")
        expect(dialog.get_by_role("status")).to_be_empty()
        page.keyboard.type(words)
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").last).to_contain_text(f": {lead.first_name}")
        until(lambda lead=lead: Lead.objects.get(pk=lead.pk).snoozed_until, "it is snoozed")
    assert Lead.objects.filter(snoozed_until__isnull=True).get() == leads[3]


def test_words_that_are_not_understood_bring_the_conversation_back(page, leads):
    page.locator(".row > a").first.focus()
    page.keyboard.press("h")
    page.keyboard.type("soon")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").last).to_contain_text("“soon” isn’t a time we understand. Try")
    expect(page.locator(".row")).to_have_count(4)
    assert not Lead.objects.exclude(snoozed_until=None).exists()


def test_what_is_told_already_stays_in_its_dialog(page):
    page.locator(".row > a").first.focus()
    page.keyboard.press("h")
    page.keyboard.type("soon")
    dialog = page.get_by_role("dialog", name="Snooze until")
    expect(dialog).to_contain_text("“soon” isn’t a time we understand")
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("In words")).to_have_value("soon")
    page.keyboard.press("Escape")
    page.keyboard.press("h")
    expect(dialog.get_by_label("In words")).to_have_value("")
    expect(dialog.get_by_role("status")).to_be_empty()


FIELDS = "input:not([type=hidden]), select, textarea"
STATE = f"""(dialog) => [...dialog.querySelectorAll("{FIELDS}")]
    .map((field) => [field.id || field.name, field.type === "checkbox" ? field.checked : field.value])
    .concat([...dialog.querySelectorAll("details")].map((part) => ["details", part.open]))"""
CHANGE = f"""(dialog) => {{
    for (const part of dialog.querySelectorAll("details")) part.open = true;
    for (const field of dialog.querySelectorAll("{FIELDS}"))
        if (field.type === "checkbox") field.click();
        else if (field.localName === "select") field.selectedIndex = field.options.length - 1;
        else field.value = field.type === "date" ? "2027-01-31" : "words";
}}"""

SAY_CLOSED = """(dialog) =>
    dialog.addEventListener("close", () => setTimeout(() => console.log("closed")), { once: true })"""


def test_every_dialog_opens_three_times_as_it_came(page, workspace):
    """Those of the list and of the open conversation: whoever adds one is held to it."""
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("First")
    ids = page.evaluate("[...document.querySelectorAll('dialog')].map((dialog) => dialog.id)")
    assert {"snooze-ticked", "tag-ticked", "filter", "save-view", "palette", "keys"} <= set(ids)
    changed = set()
    for name in ids:
        dialog = page.locator(f"[id='{name}']")
        states = []
        for _ in range(3):
            dialog.evaluate("(dialog) => dialog.showModal()")
            if re.search("-(snippets|times)$", name):
                expect(dialog.get_by_role("status")).to_be_visible()
            states.append(dialog.evaluate(STATE))
            dialog.evaluate(CHANGE)
            if dialog.evaluate(STATE) != states[-1]:
                changed.add(name)
            with page.expect_event("console", lambda message: message.text == "closed"):
                dialog.evaluate(SAY_CLOSED)
                page.keyboard.press("Escape")
        assert states[0] == states[1] == states[2], name
    assert {"snooze-ticked", "tag-ticked", "filter", "save-view", "palette"} <= changed
