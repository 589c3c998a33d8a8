"""A session ends while somebody writes, or somebody logs in in another tab: what they wrote is not lost."""

import re

import pytest
from playwright.sync_api import Page, expect

from inbox.models import Lead, Message, OutboundSend
from tests import factories
from tests.factories import PASSWORD, ago
from tests.waiting import until

TOO_OLD = "responded with a status of 403"
"""How Chromium logs that a form was refused whose token a login has ended."""


@pytest.fixture
def leads(workspace):
    factories.make_integration(workspace)
    found = []
    for hours, name in enumerate(("First", "Second"), start=1):
        at = ago(hours=hours)
        lead = factories.make_lead(
            workspace, first_name=name, last_name="", needs_reply=True, last_message_at=at, last_inbound_at=at
        )
        factories.make_message(lead, f"Words of {name}.", sent_at=at)
        found.append(lead)
    return found


@pytest.fixture
def page(workspace, user, leads, open_page) -> Page:
    page = open_page(user, expected=TOO_OLD)
    page.goto(f"/w/{workspace.pk}/inbox/{leads[0].pk}/?view=needs-reply")
    expect(page.locator("#lead")).to_have_text("First")
    return page


def log_in(page: Page, user) -> None:
    expect(page.get_by_role("heading", name="Log in to Holdfast")).to_be_visible()
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def log_in_elsewhere(page: Page, workspace, user) -> None:
    """Logs `user` in, in another tab of the browser of `page`."""
    other = page.context.new_page()
    other.goto("/login/")
    log_in(other, user)
    other.wait_for_url(f"**/w/{workspace.pk}/**")
    page.bring_to_front()


def without_live(page: Page) -> None:
    """The page does not hear that its session ended before it sends. What it sends waits for `go`, if that is a
    function.

    A route of Playwright would keep the redirect of a request with `keepalive` from its page.
    """
    page.evaluate(
        """() => {
            const ask = window.fetch;
            window.fetch = async (url, options) => {
                if (url.includes("/live/")) throw new Error("away");
                if (url.includes("/message/")) await new Promise((go) => (window.hold ? (window.go = go) : go()));
                return ask(url, options);
            };
        }"""
    )


@pytest.mark.parametrize("lost", ["sessionid", "all"])
def test_after_log_in_one_is_in_the_same_conversation_with_the_text(page, leads, user, lost):
    without_live(page)
    for key in ["r", *"My words"]:
        page.keyboard.press(key)
    page.context.clear_cookies(**({} if lost == "all" else {"name": lost}))
    page.keyboard.press("Control+Enter")
    log_in(page, user)
    page.wait_for_url(f"**/inbox/{leads[0].pk}/?view=needs-reply")
    expect(page.get_by_label("Message to First")).to_have_value("My words")
    assert not OutboundSend.objects.exists()
    page.get_by_label("Message to First").press("Control+Enter")
    until(lambda: OutboundSend.objects.filter(lead=leads[0], text="My words").exists(), "it is sent")


def test_what_waits_for_the_send_before_it_comes_back_too(page, leads, user):
    without_live(page)
    page.evaluate("window.hold = true")
    for key in ["r", *"To First", "Control+Shift+Enter"]:
        page.keyboard.press(key)
    page.wait_for_function("Boolean(window.go)")
    expect(page.locator("#lead")).to_have_text("Second")
    for key in ["r", *"To Second", "Control+Enter"]:
        page.keyboard.press(key)
    page.locator("#noting summary").click()
    page.locator("#note-text").fill("A note")
    page.locator("#note-text").press("Control+Enter")
    page.context.clear_cookies(name="sessionid")
    page.evaluate("window.hold = false, window.go()")
    log_in(page, user)
    page.wait_for_url(f"**/inbox/{leads[1].pk}/**")
    expect(page.get_by_label("Message to Second")).to_have_value("To Second")
    expect(page.locator("#note-text")).to_have_value("A note")
    page.locator(".row").filter(has_text="First").locator("a").click()
    expect(page.get_by_label("Message to First")).to_have_value("To First")
    assert not OutboundSend.objects.exists() and not Message.objects.filter(source="note").exists()


def test_the_page_says_that_the_session_ended_and_keeps_the_text(page, user):
    page.get_by_label("Message to First").fill("My words")
    page.context.clear_cookies(name="sessionid")
    expect(page.get_by_role("status").filter(has_text="You’re logged out.")).to_be_visible()
    page.reload()
    log_in(page, user)
    expect(page.get_by_label("Message to First")).to_have_value("My words")


def test_another_tab_s_log_in_lets_this_one_send(page, workspace, leads, user):
    text = page.get_by_label("Message to First")
    text.fill("My words")
    page.context.clear_cookies(name="sessionid")
    expect(page.get_by_role("status").filter(has_text="You’re logged out.")).to_be_visible()
    log_in_elsewhere(page, workspace, user)
    text.press("Control+Enter")
    until(lambda: OutboundSend.objects.filter(lead=leads[0], text="My words").exists(), "it is sent")
    page.locator(".row").filter(has_text="Second").locator("a").click()
    expect(page.locator("#lead")).to_have_text("Second")
    page.keyboard.press("e")
    until(lambda: not Lead.objects.get(pk=leads[1].pk).needs_reply, "keys work as well")


def test_nothing_is_sent_as_somebody_else_who_logged_in_in_another_tab(page, workspace, user):
    ben = factories.make_member(workspace, email="ben@northwind.example.com", first_name="Ben")
    text = page.get_by_label("Message to First")
    text.fill("My words")
    log_in_elsewhere(page, workspace, ben)
    text.press("Control+Enter")
    expect(page.get_by_text("Someone else has logged in")).to_be_visible()
    expect(text).to_have_value("My words")
    assert not OutboundSend.objects.exists()


def test_an_address_that_only_takes_forms_leads_to_its_page(page, workspace, leads):
    page.goto(f"/w/{workspace.pk}/inbox/{leads[1].pk}/message/?view=needs-reply")
    expect(page).to_have_url(re.compile(f"/inbox/{leads[1].pk}/\\?view=needs-reply$"))
    expect(page.locator("#lead")).to_have_text("Second")
