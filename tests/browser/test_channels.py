"""Choosing a channel in a browser: beside a draft, while another channel waits, and where only one is left."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from inbox.models import OutboundSend
from tests import factories, forms
from tests.browser.audit import audit
from tests.factories import ago


@pytest.fixture
def lead(workspace):
    factories.make_integration(workspace, "ghl")
    wrote_at = ago(minutes=5)
    lead = factories.make_lead(
        workspace,
        first_name="Dana",
        last_name="Reyes",
        phone="+12125550123",
        last_channel="email",
        last_inbound_at=wrote_at,
        score=3,
        score_reason="Reply: Interested (3 of 4). Is: Owner, company and phone known (4 of 4).",
    )
    factories.make_message(lead, "Sure, what would it cost?", sent_at=wrote_at)
    return lead


def beside_a_draft(lead):
    factories.make_draft(lead.messages.get(), "Hi Dana,\n\nThursday at 1:00?\n\nAlex")


def uncertain(lead):
    draft = factories.make_draft(lead.messages.get(), status="approved")
    factories.make_send(draft, state="unknown", called_at=ago(minutes=1))


def bounced(lead):
    lead.bounced_at = ago(minutes=1)
    lead.save()


STATES = {
    "beside_a_draft": beside_a_draft,
    "uncertain": uncertain,
    "bounced": bounced,
    "free": lambda lead: None,
}
THEMES = {1440: "light", 375: "dark"}
"""By the page's width."""


@pytest.mark.parametrize(("state", "width"), forms.spread(STATES, THEMES, one_in=2))
def test_the_answer_area_is_usable_in_every_state(state, width, workspace, user, lead, open_page):
    user.theme = THEMES[width]
    user.save()
    STATES[state](lead)
    page = open_page(user, width=width)
    page.goto(reverse("inbox:conversation", args=[workspace.pk, lead.pk]))
    if state == "beside_a_draft":
        page.get_by_text("Message on another channel").click()
    assert audit(page) == []


def test_a_text_goes_to_a_lead_who_wrote_by_mail(workspace, user, lead, open_page):
    page = open_page(user)
    page.goto(reverse("inbox:conversation", args=[workspace.pk, lead.pk]))
    to_mail, to_phone = (page.locator(f"[data-way={channel}] summary") for channel in ("email", "sms"))
    expect(to_mail).to_be_visible()
    page.get_by_role("radio", name="SMS").check()
    expect(to_phone).to_have_text("To +12125550123 · From GoHighLevel SMS for Outreach")
    expect(to_mail).to_be_hidden()
    page.get_by_label("Message to Dana Reyes").fill("Hi Dana, may I call you?")
    page.reload()
    expect(page.get_by_label("Message to Dana Reyes")).to_have_value("Hi Dana, may I call you?")
    expect(to_phone).to_be_visible()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#answer")).to_contain_text("Going out")

    send = OutboundSend.objects.get()
    assert (send.channel, send.text) == ("sms", "Hi Dana, may I call you?")


def test_an_admin_chooses_the_tags_that_slack_is_told_of(workspace, user, open_page):
    page = open_page(user, width=375)
    page.goto(reverse("inbox:notices", args=[workspace.pk]))
    page.get_by_role("checkbox", name="Call Requested").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Slack notifications: Call Requested.")).to_be_visible()
    assert audit(page) == []

    workspace.refresh_from_db()
    assert workspace.notice_tags == ["Call Requested"]
