"""A promise for answers in a browser: an admin promises one, and the list shows what is left and what is late."""

import re

from playwright.sync_api import expect

from inbox.models import Lead, Membership
from jobs.worker import drain
from tests import factories
from tests.browser.audit import audit
from tests.factories import ago


def waits(workspace, name: str, **since) -> Lead:
    at = ago(**since)
    lead = factories.make_lead(
        workspace,
        first_name=name,
        last_name="",
        needs_reply=True,
        score=4,
        last_message_at=at,
        last_inbound_at=at,
    )
    factories.make_message(lead, "Words.", sent_at=at)
    return lead


def test_an_admin_promises_answers_and_the_list_shows_what_is_left_and_what_is_late(workspace, open_page):
    waits(workspace, "Early", minutes=2)
    waits(workspace, "Late", days=40)
    page = open_page(factories.make_member(workspace, Membership.Role.ADMIN))
    page.goto(f"/w/{workspace.pk}/settings/")
    group = page.get_by_role("form", name="Response times")
    group.get_by_label("Hot replies").select_option("Within 30 min")
    group.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Hot replies: Within 30 min (was No promise).")).to_be_visible()
    assert audit(page) == []
    drain()
    page.goto(f"/w/{workspace.pk}/inbox/?view=hot")
    expect(page.locator(".row", has_text="Early").locator("time").first).to_have_text(
        re.compile(r"(min|h|days?)( \d+ \w+)? left$")
    )
    expect(page.locator(".row", has_text="Late").locator("time").first).to_have_text("waiting 40 days")
    page.keyboard.press("4")
    expect(page.locator("#tabs a[aria-current=page]")).to_contain_text("Overdue 1")
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(".convo-head")).to_contain_text("waiting 40 days")
