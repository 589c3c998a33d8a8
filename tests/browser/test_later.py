"""Send later in a browser: a time in words, the message in Going out until then, and its way back to the composer."""

from playwright.sync_api import expect

from inbox.models import OutboundSend
from tests import factories
from tests.browser.audit import audit
from tests.factories import ago


def test_a_text_is_sent_later_shown_in_going_out_and_taken_back(workspace, user, open_page):
    factories.make_integration(workspace)
    at = ago(hours=1)
    lead = factories.make_lead(workspace, needs_reply=True, last_inbound_at=at, phone="+4930901820")
    factories.make_message(lead, "Call me.", sent_at=at)
    page = open_page(user)
    page.goto(f"/w/{workspace.pk}/inbox/{lead.pk}/")
    page.keyboard.press("r")
    page.keyboard.type("Tuesday it is.")
    page.get_by_role("button", name="Send later").click()
    dialog = page.get_by_role("dialog", name="Send later")
    expect(dialog).to_contain_text("In their time zone, Europe/Berlin.")
    assert audit(page) == []
    dialog.get_by_label("When").fill("soonish")
    dialog.get_by_label("When").press("Enter")
    expect(page.locator("#answer-e")).to_contain_text("“soonish” isn’t a time we understand")
    page.get_by_role("button", name="Send later").click()
    dialog.get_by_label("When").fill("next Tuesday 9:00")
    dialog.get_by_label("When").press("Enter")
    entry = page.locator(".msg", has_text="Tuesday it is.")
    expect(entry).to_contain_text("Going out later")
    send = OutboundSend.objects.get()
    assert send.state == OutboundSend.State.LATER and send.called_at is None
    page.goto(f"/w/{workspace.pk}/inbox/?view=scheduled")
    expect(page.locator(".row")).to_contain_text("Goes out")
    expect(page.locator("#tabs a[aria-current=page]")).to_contain_text("Going out 1")
    page.locator(".msg", has_text="Tuesday it is.").get_by_role("button", name="Take back").click()
    expect(page.locator("#reply")).to_have_value("Tuesday it is.")
    expect(page.locator(".msg", has_text="Tuesday it is.")).to_have_count(0)
