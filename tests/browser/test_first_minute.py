"""Somebody who has never seen it: from a fresh workspace to the first answer, by the screen alone."""

import re

import pytest
from django.test import override_settings
from playwright.sync_api import Locator, expect

from inbox.models import Lead
from inbox.workspaces import creation
from sandbox import SandboxServer
from tests import forms
from tests.browser.audit import audit
from tests.factories import PASSWORD
from tests.world import World, forget_calls, settings_for

MOST_CLICKS = 12
SENDER_KEY = "key-fresh"


@pytest.fixture
def world(transactional_db):
    forget_calls()
    with SandboxServer() as sandbox, settings_for(sandbox, EMAILBISON_BASE_URL=sandbox.url("emailbison")):
        made = creation.create("Fresh", "owner@fresh.example.com", PASSWORD, timezone="America/New_York")
        yield World(sandbox, made.workspace, made.admin, SENDER_KEY)


class Hand:
    """Presses things, and counts how often."""

    clicks = 0

    def press(self, what: Locator) -> None:
        what.click()
        self.clicks += 1


@pytest.mark.parametrize(("width", "theme"), forms.spread([375, 1440], ["dark", "light"], one_in=4))
def test_from_a_fresh_workspace_to_the_first_answer_in_a_few_clicks(width, theme, world, open_page):
    world.user.theme = theme
    world.user.save()
    hand, page = Hand(), open_page(width=width)
    page.goto("/")
    page.get_by_label("Email").fill(world.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    hand.press(page.get_by_role("button", name="Log in"))

    expect(page.get_by_role("heading", name="First steps: 0 of 8")).to_be_visible()
    assert audit(page) == []
    hand.press(page.get_by_role("link", name="Connect EmailBison"))
    page.get_by_label("API key").fill(SENDER_KEY)
    hand.press(page.get_by_role("button", name="Connect"))
    expect(page.get_by_text("Checking EmailBison", exact=True)).to_be_visible()
    world.work()
    expect(page.get_by_text("EmailBison is connected")).to_be_attached()  # by the page's own poll

    hand.press(page.get_by_role("button", name="Show the URL"))
    field = page.get_by_label(re.compile("send events to"))
    expect(field).to_have_value(re.compile("^http[^•]+$"))
    address = field.input_value()
    world.paths["email"] = re.sub(r"^https?://[^/]+", "", address)
    assert audit(page) == []
    world.reply("Sure, Thursday after lunch could work. Can you send two or three times?")
    world.work()
    expect(page.get_by_text("The webhook URL works")).to_be_attached()
    assert audit(page) == []
    hand.press(page.get_by_role("link", name=re.compile("^Open the (reply|draft)$")))
    expect(page.get_by_role("log")).to_contain_text("Thursday after lunch could work")
    if width == 375:  # a tap opens the answer
        hand.press(page.locator("#draft"))
    hand.press(page.get_by_role("button", name=re.compile("^Send( and next)?$")).first)
    expect(page.locator("#answer")).to_contain_text("Going out")
    world.work()
    assert len(world.posted()) == 1
    assert hand.clicks <= MOST_CLICKS

    page.goto(f"/w/{world.workspace.pk}/start/")
    expect(page.get_by_text("The first draft is approved")).to_be_attached()
    expect(page.get_by_text(re.compile("^First steps: [45] of 8$"))).to_be_visible()


@override_settings(OPENAI_API_KEY="")
@pytest.mark.parametrize(("width", "theme"), forms.spread([1440, 375], ["light", "dark"], one_in=4))
def test_a_test_event_shows_a_sample_that_is_marked_and_removed_with_one_press(
    width, theme, world, open_page
):
    world.user.theme = theme
    world.user.save()
    account = world.workspace.integrations.get(provider="emailbison")
    account.credentials = {"api_key": SENDER_KEY}
    account.save()
    page = open_page(world.user, width=width)
    page.goto(f"/w/{world.workspace.pk}/start/")
    page.get_by_role("button", name="Send a test event").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nora Lund")
    expect(page.get_by_text("This is a sample.", exact=True)).to_be_visible()
    world.work()
    page.reload()
    assert audit(page) == []
    expect(page.get_by_text("This is a sample. Nothing you write here is sent.").first).to_be_visible()
    page.goto(f"/w/{world.workspace.pk}/inbox/")
    row = page.get_by_role("listitem").filter(has_text="Nora Lund")
    expect(row).to_contain_text("Sample")
    assert audit(page) == []
    page.goto(f"/w/{world.workspace.pk}/start/")
    page.get_by_role("button", name="Remove the sample").click()
    expect(page.get_by_text("The sample has been removed.")).to_be_visible()
    assert not Lead.objects.exists()
    assert world.posted() == []
