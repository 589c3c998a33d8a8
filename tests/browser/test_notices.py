"""Notices of a browser: turned on with its leave, told once of what is for who looks elsewhere, and clicked."""

from playwright.sync_api import expect

from inbox.leads import assigning, triage
from inbox.models import Membership
from tests import factories
from tests.browser.audit import audit
from tests.waiting import until

RECORDED = """
    window.told = [];
    window.Notification = class extends Notification {
        constructor(title, options) {
            super(title, options);
            told.push([title, options.body, this]);
        }
    };
"""
LOOKS_ELSEWHERE = "document.hasFocus = () => false; dispatchEvent(new Event('blur'))"


def test_a_browser_tells_once_of_what_is_for_somebody_who_looks_elsewhere(
    workspace, user, live_server, open_page
):
    lead = factories.make_lead(workspace, first_name="Dana", last_name="Reyes", company="Acme")
    by, me = factories.make_member(workspace), Membership.objects.get(workspace=workspace, user=user)
    page = open_page(user, permissions=["notifications"])
    page.context.add_init_script(RECORDED)
    page.goto("/account/")
    assert audit(page) == []
    page.get_by_role("button", name="Tell me with a sound").click()
    expect(page.get_by_text("This browser tells you, with a sound")).to_be_visible()

    other = page.context.new_page()
    for tab in (other, page):
        tab.goto(f"/w/{workspace.pk}/inbox/")
        tab.evaluate(LOOKS_ELSEWHERE)
    assigning.give(workspace, by, [triage.Seen.of(lead)], me)
    for tab in (page, other):
        expect(tab.locator("#folders a").filter(has_text="For you").locator(".n")).to_have_text("1")
    said = "() => told.map(([title, body]) => [title, body])"
    until(lambda: page.evaluate(said) + other.evaluate(said), "one of both tabs has told it")
    assert page.evaluate(said) + other.evaluate(said) == [
        ["Given to you: Dana Reyes", "Dana Reyes, Acme · Northwind"]
    ]

    teller = page if page.evaluate("told.length") else other
    teller.evaluate("told[0][2].onclick()")
    teller.wait_for_url(f"**/inbox/{lead.pk}/")
    expect(teller.locator("#folders a").filter(has_text="For you").locator(".n")).to_have_count(0)
