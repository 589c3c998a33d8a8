"""A label from its making to the file of leads: told, suggested, corrected, filtered, notified and exported."""

import csv
from io import StringIO

import pytest
from django.test import Client
from playwright.sync_api import expect

from inbox.models import Label, LeadLabel
from integrations.models import ApiToken
from tests.inbox.conftest import _sandbox_server, sandbox  # noqa: F401  fixtures
from tests.inbox.pipeline.test_tag_notices import TOKEN, told
from tests.waiting import until
from tests.world import World

WORDS = "Our scheduler RoofTrack does some of it, in a way."


@pytest.fixture
def world(sandbox, transactional_db) -> World:  # noqa: F811
    world = World.make(sandbox)
    world.user.memberships.update(role="admin")
    account = world.connect("slack", bot_token=TOKEN)
    account.config = {"base_url": f"{sandbox.url('slack')}/api", "channel": "C0SANDBOX01"}
    account.save()
    return world


def exported(workspace) -> list[str]:
    """The labels of each lead in the file that a program fetches."""
    _, token = ApiToken.issue(workspace=workspace, name="CRM sync", scopes=["export:read"])
    answer = Client().get("/api/v1/exports/leads.csv", headers={"Authorization": f"Bearer {token}"})
    return [row["labels"] for row in csv.DictReader(StringIO(b"".join(answer).decode("utf-8-sig")))]


def test_a_label_is_made_told_suggested_corrected_filtered_notified_and_exported(world, open_page):
    workspace = world.workspace
    page = open_page(world.user)
    for name, meaning in (("Competitor", "They name a scheduler that they have."), ("Board", "")):
        page.goto(f"/w/{workspace.pk}/labels/")
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_label("Meaning").fill(meaning)
        page.get_by_label("Colour").select_option("Amber")
        page.get_by_label("Post in Slack when a lead gets this label").check()
        page.get_by_role("button", name="Add label").click()
        expect(page.get_by_role("link", name=name)).to_be_visible()

    message = world.reply(WORDS)
    world.work()
    page.goto(f"/w/{workspace.pk}/inbox/{message.lead_id}/")
    suggestion = page.get_by_role("region", name="Suggested label")
    expect(suggestion).to_contain_text("RoofTrack")
    expect(page.locator(".row .chip.label")).to_have_count(0)
    page.keyboard.press("Shift+L")
    expect(page.locator(".convo-head .chip.label")).to_have_text("Competitor")
    expect(suggestion).to_have_count(0)

    page.keyboard.press("l")
    dialog = page.get_by_role("dialog", name="Labels")
    dialog.get_by_role("button", name="Board").click()
    until(lambda: LeadLabel.objects.filter(state="on").count() == 2, "both are on")
    expect(page.locator(".convo-head .chip.label")).to_have_text(["Competitor", "Board"])
    page.keyboard.press("l")
    dialog.get_by_role("button", name="Remove Competitor").click()
    until(lambda: LeadLabel.objects.filter(state="off").exists(), "the person took it off")

    label = Label.objects.get(name="Board")
    page.goto(f"/w/{workspace.pk}/inbox/?view=all")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_label("Label", exact=True).select_option("Board")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(f"**label={label.pk}*")  # and for its scripts, without which a key does nothing
    expect(page.locator(".row .chip.label")).to_have_text("Board")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("labels")
    expect(page.get_by_role("option", name="Labels").first).to_be_visible()

    world.work()
    assert sorted(text.partition(":")[0] for text in told(world)) == ["*Board*", "*Competitor*"]
    assert exported(workspace) == ["Board"]
