"""Notices of a browser: turned on with its leave, told once of what is for who looks elsewhere, and clicked."""

from playwright.sync_api import expect

from inbox.leads import assigning, triage
from inbox.models import Lead, Membership
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

DANA = ["Assigned to you: Dana Reyes", "Dana Reyes, Acme · Northwind"]


def heard(*tabs) -> list[list[str]]:
    """What the notices of these tabs say."""
    return [one for tab in tabs for one in tab.evaluate("told.map(([title, body]) => [title, body])")]


def test_a_browser_tells_once_of_what_is_for_somebody_who_looks_elsewhere(
    workspace, user, live_server, open_page
):
    lead = factories.make_lead(workspace, first_name="Dana", last_name="Reyes", company="Acme")
    by, me = factories.make_member(workspace), Membership.objects.get(workspace=workspace, user=user)
    page = open_page(user, permissions=["notifications"])
    page.context.add_init_script(RECORDED)
    page.goto("/account/")
    assert audit(page) == []
    page.get_by_role("button", name="Show with sound").click()
    expect(page.get_by_text("Notifications are on in this browser with a sound")).to_be_visible()

    other = page.context.new_page()
    for tab in (other, page):
        tab.goto(f"/w/{workspace.pk}/inbox/")
    given = [tab.locator("#folders a").filter(has_text="For you").locator(".n") for tab in (page, other)]
    assigning.give(workspace, by, [triage.Seen.of(factories.make_lead(workspace))], me)
    for count in given:
        expect(count).to_have_text("1")
    assert heard(page, other) == []
    for tab in (page, other):
        tab.evaluate(LOOKS_ELSEWHERE)
    assigning.give(workspace, by, [triage.Seen.of(lead)], me)
    until(lambda: DANA in heard(page, other), "one of both tabs has told it")
    Lead.objects.filter(pk=lead.pk).update(unread=True)  # it changes again, and nothing more is for her
    for tab in (page, other):
        expect(tab.locator("#folders a").filter(has_text="Unread").locator(".n")).to_have_text("1")
    assert heard(page, other).count(DANA) == 1

    teller = page if DANA in heard(page) else other
    teller.evaluate("told.find(([title]) => title.endsWith('Dana Reyes'))[2].onclick()")
    teller.wait_for_url(f"**/inbox/{lead.pk}/")
    expect(given[0]).to_have_text("1")
