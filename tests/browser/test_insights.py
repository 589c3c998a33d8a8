"""Insights in a browser: ask, watch it being built, follow a citation to its message."""

import re

import pytest
from playwright.sync_api import expect

from inbox.models.lead import Tag
from integrations.health import writer
from integrations.health.writer import Signal, SignalKind
from jobs.worker import drain
from sandbox import SandboxServer
from tests import factories, forms
from tests.world import forget_calls, settings_for


@pytest.fixture
def asked_about(workspace):
    """Conversations over a few days, in two campaigns."""
    campaigns = [
        factories.make_campaign(workspace, name=name) for name in ("Roofing owners", "Dental groups")
    ]
    for number in range(9):
        at = factories.ago(days=number % 5, hours=2)
        fields = {"tag": Tag.MEETING_REQUESTED, "booked_at": at} if number % 3 else {"tag": Tag.OBJECTION}
        lead = factories.make_lead(workspace, campaign=campaigns[number % 2], last_message_at=at, **fields)
        factories.make_message(
            lead, "Worth a chat?", direction="outbound", source="emailbison_sent", sent_at=at
        )
        factories.make_message(lead, "Too expensive, but send times.", sent_at=at)


@pytest.fixture
def model():
    forget_calls()
    with SandboxServer() as sandbox, settings_for(sandbox):
        yield sandbox


@pytest.mark.parametrize("width", forms.some([1440, 375], ["1440", "375"], ["375"]))
def test_ask_watch_and_follow_a_citation(width, model, asked_about, workspace, user, open_page):
    page = open_page(user, width=width)
    page.goto(f"/w/{workspace.pk}/insights/packs/")
    page.get_by_label("Question").fill("What gets meetings?")
    page.get_by_role("button", name="Build pack").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What gets meetings?")
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()

    drain()
    expect(page.get_by_role("heading", name="Findings")).to_be_visible()  # by the page's own poll
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    link = page.locator("#syn-h ~ ul a").first
    anchor = re.search(r"#(message-[0-9a-f-]+)$", link.get_attribute("href")).group(1)
    link.click()
    expect(page.locator(f"#{anchor}")).to_be_in_viewport()


def test_a_pack_page_that_is_slow_to_reload_is_loaded_once(model, asked_about, workspace, user, open_page):
    page, loads, polls = open_page(user), [], []
    page.goto(f"/w/{workspace.pk}/insights/packs/")
    page.get_by_label("Question").fill("What gets meetings?")
    page.get_by_role("button", name="Build pack").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    page.route(page.url, lambda route: loads.append(route))
    page.on("request", lambda request: "/progress/" in request.url and polls.append(request))
    drain()
    with page.expect_request(page.url):
        pass
    polls.clear()
    page.wait_for_timeout(5_000)  # two polls of a pack that is being built
    assert not polls
    loads[0].continue_()
    expect(page.get_by_role("heading", name="Findings")).to_be_visible()


@pytest.mark.parametrize("width", forms.some([1440, 375], ["1440", "375"], ["1440"]))
def test_overview_draws_its_charts(width, model, asked_about, workspace, user, open_page):
    page = open_page(user, width=width)
    page.goto(f"/w/{workspace.pk}/insights/")

    expect(page.locator("svg.plot rect").first).to_be_attached()
    expect(page.get_by_role("rowheader", name="Roofing owners")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("colour", forms.some(["light", "dark"], ["light", "dark"], ["dark"]))
def test_a_printed_page_is_its_content_on_white(colour, model, asked_about, workspace, user, open_page):
    """What one presses, and the banner of the day, stay on the screen."""
    account = factories.make_integration(workspace)
    writer.record(account, Signal(SignalKind.REFUSED))
    page = open_page(user, color_scheme=colour)
    page.goto(f"/w/{workspace.pk}/insights/packs/")
    page.get_by_label("Question").fill("What gets meetings?")
    page.get_by_role("button", name="Build pack").click()
    drain()
    expect(page.get_by_role("heading", name="Findings")).to_be_visible()
    shown = ["nav.tabs", ".topbar", "#banner .banner", "form:has(#id_question)", "[data-print]"]
    for part in shown:
        expect(page.locator(part).first).to_be_visible()
    page.emulate_media(media="print")
    for part in [*shown, ".side", ".skip", "#banner"]:
        expect(page.locator(part).first).to_be_hidden()
    expect(page.get_by_role("heading", name="Findings")).to_be_visible()
    expect(page.locator("html")).to_have_css("background-color", "rgb(255, 255, 255)")
    page.goto(f"/w/{workspace.pk}/insights/")
    for part in ["nav.tabs", "#banner", "form.bar", "[data-print]"]:
        expect(page.locator(part).first).to_be_hidden()
    expect(page.get_by_role("heading", name="Replies by day")).to_be_visible()
