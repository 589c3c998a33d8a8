"""The main job, end to end: a reply comes in; a person logs in, opens it, edits the draft, approves, sees it sent."""

import re

import pytest
from playwright.sync_api import expect

from inbox.models import OutboundSend
from sandbox import SandboxServer
from tests import forms
from tests.factories import PASSWORD
from tests.world import World, forget_calls, settings_for


@pytest.fixture
def world(transactional_db):
    forget_calls()
    with SandboxServer() as sandbox, settings_for(sandbox):
        yield World.make(sandbox)


@pytest.fixture
def message(world):
    found = world.reply("Sure, Thursday after lunch could work. Can you send two or three times?")
    world.work()
    assert world.draft(found) is not None
    return found


def log_in(page, user) -> None:
    page.goto("/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


@pytest.mark.parametrize("width", forms.some([1440, 375], ["1440", "375"], ["375"]))
def test_log_in_open_edit_approve_see_it_sent(width, world, message, open_page):
    page = open_page(width=width)
    log_in(page, world.user)
    expect(page.get_by_role("heading", level=1)).to_have_text("Needs reply")
    page.get_by_role("link", name=re.compile("Dana Reyes")).click()
    expect(page.get_by_role("log")).to_contain_text("Thursday after lunch could work")
    expect(page.get_by_text(re.compile("EmailBison has sent"))).to_be_attached()

    page.get_by_label(re.compile("Reply to Dana Reyes by Email")).fill("Hi Dana, Thursday at 1:00 or 2:30?")
    page.get_by_role("button", name="Send", exact=True).click()
    answer = page.locator("#answer")
    expect(answer).to_contain_text("Going out")

    world.work()
    sent = page.get_by_role("article").filter(has_text="Hi Dana, Thursday at 1:00 or 2:30?")
    expect(sent.last).to_contain_text("Sent")  # by the page's own poll, without a reload
    expect(sent).to_have_count(1)
    expect(answer).not_to_contain_text("Going out")
    expect(page.get_by_label("Message to Dana Reyes")).to_be_editable()
    assert ["1:00 or 2:30" in send["text"] for send in world.posted()] == [True]


def test_a_draft_is_written_anew_before_ones_eyes(world, message, open_page):
    page = open_page()
    log_in(page, world.user)
    page.get_by_role("link", name=re.compile("Dana Reyes")).click()
    world.sandbox.set_answer("Text", {"text": "Hi Dana, this is the second text, is it better?"})
    page.get_by_role("button", name="Rewrite").click()
    expect(page.locator("#answer")).to_contain_text("Rewriting the draft")

    world.work()
    text = page.get_by_label(re.compile("Reply to Dana Reyes by Email"))
    expect(text).to_have_value(re.compile("this is the second text"))


def test_send_that_the_provider_refuses_says_why_and_can_be_sent_again(world, message, open_page):
    page = open_page(world.user)
    page.goto(f"/w/{world.workspace.pk}/inbox/{message.lead_id}/")
    world.sandbox.fault(provider="emailbison", kind="error", status=422, path=r"/reply$", count=1)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#answer")).to_contain_text("Going out")
    world.work()
    failed = page.get_by_role("article").filter(has_text="Failed to send")
    expect(failed).to_contain_text("HTTP 422")

    failed.get_by_role("button", name="Send again").click()
    expect(page.locator("#answer")).to_contain_text("Going out")
    world.work()
    expect(page.get_by_role("article").last).to_contain_text("Sent")
    assert len(world.posted()) == 1


def test_send_whose_outcome_nobody_knows_waits_for_a_person(world, message, open_page):
    page = open_page(world.user)
    page.goto(f"/w/{world.workspace.pk}/inbox/{message.lead_id}/")
    world.sandbox.fault(provider="emailbison", kind="accept_drop", path=r"/reply$", count=1)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#answer")).to_contain_text("Going out")
    world.work()
    expect(page.get_by_text("We don’t know whether the last message was sent")).to_be_visible()
    expect(page.locator("#answer textarea")).to_have_count(0)

    page.get_by_role("button", name="Mark as sent").click()
    expect(page.get_by_label("Message to Dana Reyes")).to_be_editable()
    assert OutboundSend.objects.get().state == "sent"
    assert len(world.posted()) == 1


def test_two_reviewers_one_send(world, message, open_page):
    first, second = open_page(world.user), open_page(world.user)
    for page in (first, second):
        page.goto(f"/w/{world.workspace.pk}/inbox/{message.lead_id}/")
    second.get_by_label(re.compile("Reply to")).fill("My careful edit")
    first.get_by_role("button", name="Send", exact=True).click()
    expect(first.locator("#answer")).to_contain_text("Going out")
    with second.expect_response(lambda response: response.status == 409):
        second.get_by_role("button", name="Send", exact=True).click()
    expect(second.get_by_role("alert")).to_contain_text("approved this draft")
    world.work()
    assert len(world.posted()) == 1


def test_page_works_without_javascript(world, message, open_page):
    page = open_page(java_script_enabled=False)
    log_in(page, world.user)
    page.get_by_role("link", name=re.compile("Dana Reyes")).click()
    page.get_by_label(re.compile("Reply to")).fill("Hi Dana, without a script.")
    page.get_by_role("button", name="Send", exact=True).click()
    world.work()
    page.get_by_role("link", name="Refresh").click()
    expect(page.get_by_role("article").last).to_contain_text("Hi Dana, without a script.")
    conversation = page.locator("#convo")  # until the styles come, the list shows a button of this name, too
    conversation.get_by_role("button", name="Done").click()
    expect(page.get_by_role("status").last).to_contain_text("Done: Dana Reyes")
