"""Two people at one desk: what they note for each other, and what each sees of the other."""

import pytest
from playwright.sync_api import Page, expect

from inbox.models import Mention, OutboundSend
from inbox.models.message import OWN
from tests import factories
from tests.browser.audit import audit
from tests.browser.test_desk import leads, row  # noqa: F401  # twenty conversations
from tests.waiting import until


@pytest.fixture
def hers(workspace, user, leads, open_page) -> Page:  # noqa: F811
    """Ana's page, with the first conversation open."""
    page = open_page(user)
    page.goto(f"/w/{workspace.pk}/inbox/{leads[0].pk}/")
    return page


@pytest.fixture
def his(workspace, leads, open_page) -> Page:  # noqa: F811
    """Ben's page, with the list."""
    ben = factories.make_member(workspace, first_name="Ben", last_name="Okoro")
    page = open_page(ben)
    page.goto(f"/w/{workspace.pk}/inbox/")
    return page


def test_a_note_by_keys_alone_leaves_the_reply_as_it_is_and_reaches_whom_it_calls(his, hers):
    text = hers.get_by_label("Message to Lead01")
    text.fill("A thought")
    hers.keyboard.press("Escape")
    hers.keyboard.press("n")
    hers.keyboard.type("@be")
    expect(hers.get_by_role("option", name="@Ben Okoro")).to_have_attribute("aria-selected", "true")
    assert audit(hers) == []
    hers.keyboard.press("Escape")
    expect(hers.get_by_role("option")).to_have_count(0)
    hers.keyboard.press("Backspace")
    hers.keyboard.press("Enter")
    hers.keyboard.type("she decides.")
    hers.keyboard.press("Control+Enter")
    note = hers.locator(".msg.note")
    expect(note).to_contain_text("@Ben Okoro she decides.")
    expect(note).to_contain_text("Notified: Ben Okoro")
    expect(text).to_have_value("A thought")
    expect(hers.get_by_label("Only your team sees this.")).not_to_be_visible()

    mentions = his.locator("#folders a").filter(has_text="For you")
    expect(mentions.locator(".n")).to_have_text("1")
    mentions.click()
    expect(his.locator(".row")).to_contain_text("You were mentioned")
    expect(his.locator(".msg.note")).to_contain_text("she decides.")  # it stands open beside the list
    assert Mention.objects.get().read_at is None
    his.keyboard.press("Enter")
    until(lambda: Mention.objects.get().read_at, "it is read once it is opened")
    expect(mentions.locator(".n")).to_have_count(0)
    assert audit(his) == []


def test_two_in_one_conversation_see_each_other_and_do_not_answer_twice(workspace, leads, his, hers):  # noqa: F811
    his.goto(f"/w/{workspace.pk}/inbox/{leads[0].pk}/")
    expect(hers.locator("#here")).to_have_text("Ben Okoro is viewing")
    text = hers.get_by_label("Message to Lead01")
    text.fill("Mine")
    his.get_by_label("Message to Lead01").fill("His")
    expect(hers.locator("#here")).to_have_text("Ben Okoro is writing")
    expect(his.locator("#here")).to_have_text("Ana Lindqvist is writing")
    assert audit(hers) == []
    his.keyboard.press("Control+Enter")
    until(lambda: OutboundSend.objects.filter(text="His").exists(), "he has answered")

    text.press("Control+Enter")
    expect(hers.get_by_role("alert")).to_contain_text("Ben Okoro has just answered")
    expect(text).to_have_value("Mine")  # while his is on its way, too
    expect(hers.locator("#going")).to_be_visible()
    assert audit(hers) == []
    text.press("Control+Shift+Enter")
    expect(hers.get_by_role("heading", level=1)).to_have_text("Lead02")
    expect(hers.get_by_role("status").last).to_contain_text("Not sent to Lead01")
    hers.goto(f"/w/{workspace.pk}/inbox/{leads[0].pk}/")
    expect(hers.locator("#going")).to_be_visible()
    send = OutboundSend.objects.get()
    OutboundSend.objects.update(state="sent")
    factories.make_message(send.lead, "His", direction="outbound", source=OWN, external_id=str(send.pk))
    expect(text).to_have_value("Mine")
    expect(hers.locator("#going")).to_have_count(0)
    expect(hers.locator(".msg").filter(has_text="His")).to_have_count(1)
    text.press("Control+Enter")
    until(lambda: OutboundSend.objects.filter(text="Mine").exists(), "she has read it and answers too")
