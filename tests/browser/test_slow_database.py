"""The database does not answer in time: what was written is not lost, and a part that did not come says why."""

import re

import psycopg
import pytest
from django.db import connection
from playwright.sync_api import expect

from tests import factories
from tests.serving import database_url


@pytest.fixture
def lock(settings):
    """`lock(table)`: from now on nobody reads the table; its own `rollback()` ends it."""
    with psycopg.connect(database_url(connection.settings_dict)) as other:

        def locked(table: str) -> psycopg.Connection:
            settings.PAGE_STATEMENT_TIMEOUT_MS = 500
            other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            return other

        yield locked


def test_what_was_written_stays_in_the_form_and_can_be_sent_again(workspace, user, open_page, lock):
    factories.make_integration(workspace)
    lead = factories.make_lead(
        workspace, first_name="Dana", last_name="", last_inbound_at=factories.ago(hours=1)
    )
    factories.make_message(lead, sent_at=lead.last_inbound_at)
    page = open_page(user)
    page.goto(f"/w/{workspace.pk}/inbox/{lead.pk}/")
    page.get_by_label("Message to Dana").fill("Tuesday at nine, then?")
    held = lock("inbox_lead")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("status").last).to_contain_text(re.compile("Your text to Dana is still here"))
    expect(page.get_by_label("Message to Dana")).to_have_value("Tuesday at nine, then?")
    held.rollback()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#answer")).to_contain_text("Going out")


def test_a_part_that_did_not_come_says_why(workspace, user, open_page, lock):
    factories.make_integration(workspace)
    page = open_page(user)
    page.goto(f"/w/{workspace.pk}/integrations/")
    lock("integrations_integration")
    page.get_by_role("button", name=re.compile("^Test ")).first.click()
    expect(page.get_by_role("status").last).to_contain_text("Holdfast stopped after")
    expect(page.get_by_role("status").last).to_contain_text("Check, then try again.")
