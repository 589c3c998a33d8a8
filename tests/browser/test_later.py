"""Send later in a browser: a time in words, the message in Going out until then, and its way back to the composer."""

import re

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
    page.keyboard.press("Control+k")
    page.keyboard.type("send later")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Send later")
    expect(dialog).to_contain_text("In their time zone, Europe/Berlin.")
    status = dialog.get_by_role("status")
    expect(status).to_contain_text("09:00 their time (")
    assert audit(page) == []
    page.keyboard.type("soonish")  # in place of the suggested time
    page.keyboard.press("Enter")
    expect(status).to_contain_text("Send later: “soonish” isn’t a time we understand")
    expect(dialog.get_by_label("When")).to_be_focused()
    expect(dialog.locator("[aria-invalid]")).to_have_value("soonish")
    page.keyboard.type("next Tuesday 9:00")
    expect(status).to_contain_text(re.compile(r"^\s*Tue \d+ \w+, 09:00 their time \(\d\d:00 yours\)"))
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("The message goes out Tue ")
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
