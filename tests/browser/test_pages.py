"""Every page, in both themes and all widths: usable without eyes or a mouse, and never wider than the window."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from inbox.models import GateResult
from inbox.pages.navigation import PAGES
from integrations.health import writer
from integrations.health.writer import Signal, SignalKind
from jobs.ids import uuid7
from tests import factories, forms
from tests.browser.audit import audit
from tests.factories import ago


@pytest.fixture
def lead(workspace):
    """A conversation with a bit of everything, and some others beside it."""
    campaign = factories.make_campaign(workspace, name="Roofing owners, fall")
    for number, channel in enumerate(("sms", "linkedin", "email")):
        factories.make_lead(
            workspace, first_name=channel, needs_reply=True, unread=True, last_channel=channel,
            last_message_at=ago(hours=number + 1),
            last_snippet="A snippet that is much too long for one line of a narrow window, as most of them are.",
        )  # fmt: skip
    lead = factories.make_lead(
        workspace, first_name="Dana", last_name="Reyes", campaign=campaign, needs_reply=True, tag="Interested",
        title="Owner", last_account="a-rather-long-address@outreach.example.com", last_inbound_at=ago(minutes=5),
    )  # fmt: skip
    quoted = "Sure.\n\nOn Tue, Nov 17, 2026 at 9:14 AM Alex <alex@example.com> wrote:\n> Hi"
    files = [
        {"name": "plan.pdf", "type": "application/pdf", "size": 12_345, "url": "https://emailbison.com/1"},
        {"name": f"{'a-rather-long-name-' * 5}.zip", "url": "https://files.example.com/" + "x" * 200},
    ]
    message = factories.make_message(
        lead, "Sure.", raw_text=quoted, raw_html="<p>Sure.</p>", tag="Interested", attachments=files
    )
    factories.make_message(
        lead, "https://example.org/" + "x" * 300, direction="outbound", sent_at=ago(days=2)
    )
    call = {"id": "1", "prompt": "email v2", "model": "gpt-test", "input_tokens": 900, "output_tokens": 80}
    fact = {"key": str(uuid7()), "kind": "price", "question": "The price", "answer": "$1,500 a month, " * 20}
    draft = factories.make_draft(
        message,
        "Hi Dana,\n\nThursday at 1:00?\n\nAlex",
        made_of={"facts": [fact], "slots": [], "messages": 4, "calls": [call | {"cost_microusd": 4_200}]},
    )
    GateResult.objects.create(
        workspace=workspace, draft=draft, stage="draft", gate="hours", position=0, passed=False,
        evidence="It is 18:14 there.", policy_version="1", decided_at=ago(),
    )  # fmt: skip
    failed = factories.make_message(
        lead, "And by text?", channel="sms", source="ghl_message", sent_at=ago(days=1)
    )
    factories.make_send(
        factories.make_draft(failed, status="approved"), state="failed", reason="The carrier rejected it."
    )
    factories.make_delivery(workspace, lead=lead, message=message)
    return lead


def paths(workspace, lead) -> list[str]:
    inbox = f"/w/{workspace.pk}/inbox/"
    newest = lead.messages.order_by("-sent_at")[0]
    return [
        inbox,
        f"{inbox}?view=all&q=dana&channel=email",
        f"{inbox}?view=sent",
        f"{inbox}all/?view=all&channel=email",
        f"{inbox}{lead.pk}/?view=needs-reply",
        reverse("inbox:forward", args=[workspace.pk, newest.pk]),
        reverse("inbox:file", args=[workspace.pk, newest.pk, 2]),
        reverse("inbox:lead-erase", args=[workspace.pk, lead.pk]),
        reverse("inbox:help", args=[workspace.pk, "setters"]),
        reverse("inbox:retention", args=[workspace.pk]) + "?keep_messages_days=90&keep_bodies_days=30",
        *(reverse(page.url_name, args=[workspace.pk]) for page in PAGES),
    ]


@pytest.mark.parametrize(("width", "theme"), forms.spread([1440, 768, 375, 320], ["light", "dark"], one_in=4))
def test_pages_are_accessible_and_fit(width, theme, workspace, user, lead, open_page):
    user.theme = theme
    user.save()
    page = open_page(user, width=width)
    problems = {}
    for path in paths(workspace, lead):
        page.goto(path)
        found = audit(page)
        if found:
            problems[path] = found
    assert problems == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_log_in_is_accessible_in_the_systems_theme(scheme, workspace, open_page):
    page = open_page(width=375, color_scheme=scheme)
    page.goto("/login/")
    page.evaluate("sessionStorage.typed = 'What somebody wrote here'")
    page.get_by_label("Email").fill("ana@example.com")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.wait_for_function("sessionStorage.length === 0")  # by a script, which comes after the words
    assert audit(page) == []
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (ground == "rgb(16, 18, 20)") == (scheme == "dark")


def test_drawers_open_and_close_at_375(workspace, user, lead, open_page):
    page = open_page(user, width=375)
    page.goto(f"/w/{workspace.pk}/inbox/{lead.pk}/")
    for opener, drawer in (("Menu", "Main"), ("Details", "About Dana Reyes")):
        page.get_by_role("button", name=opener, exact=True).click()
        assert audit(page) == []
        page.keyboard.press("Escape")
        expect(page.get_by_label(drawer, exact=True)).to_be_hidden()


def test_the_side_list_of_settings_opens_over_the_page_on_a_phone_and_leads_on(workspace, user, open_page):
    page = open_page(user, width=375)
    page.goto(f"/w/{workspace.pk}/facts/")
    places = page.get_by_role("navigation", name="Settings")
    expect(places).to_be_hidden()
    page.get_by_role("main").get_by_role("button", name="Settings").click()
    assert audit(page) == []
    places.get_by_role("link", name="People").click()
    expect(page.get_by_role("heading", name="People", level=1)).to_be_visible()


def test_list_gives_way_to_the_conversation_on_a_phone_and_comes_back(workspace, user, lead, open_page):
    page = open_page(user, width=375)
    page.goto(f"/w/{workspace.pk}/inbox/")
    page.get_by_role("link", name=re.compile("Dana Reyes")).click()
    expect(page.get_by_role("heading", name="Needs reply")).to_be_hidden()
    page.get_by_role("link", name="Back to the list").click()
    expect(page.get_by_role("heading", name="Needs reply")).to_be_visible()


def test_a_conversation_that_is_closed_before_it_comes_stays_closed(workspace, user, lead, open_page):
    page, held = open_page(user, width=375), []
    page.goto(f"/w/{workspace.pk}/inbox/")
    page.wait_for_function("window.htmx")
    page.route(f"**/inbox/{lead.pk}/", lambda route: held.append(route))
    with page.expect_request(f"**/inbox/{lead.pk}/") as conversation:
        page.get_by_role("link", name=re.compile("Dana Reyes")).click()
    page.get_by_role("link", name="Back to the list").click()
    expect(page.get_by_role("heading", name="Needs reply")).to_be_visible()
    held[0].continue_()
    conversation.value.response().finished()
    page.evaluate("new Promise((done) => setTimeout(done, 100))")
    expect(page.get_by_role("heading", name="Needs reply")).to_be_visible()


def test_a_click_before_the_last_script_has_come_loads_the_conversation(workspace, user, lead, open_page):
    page, held = open_page(user), []
    page.route("**/inbox.js", lambda route: held.append(route))
    page.goto(f"/w/{workspace.pk}/inbox/", wait_until="commit")
    page.get_by_role("link", name=re.compile("Dana Reyes")).click(no_wait_after=True)
    expect(page).to_have_url(re.compile(f"/inbox/{lead.pk}/"))
    expect(page.get_by_role("heading", name="Dana Reyes")).to_be_visible()
    assert held


@pytest.mark.parametrize("script", [True, False])
def test_a_phone_opens_at_the_newest_message_and_leaves_half_of_itself_to_read(
    script, workspace, user, lead, open_page
):
    for number in range(9):
        factories.make_message(lead, f"Long ago, {number}. " * 20, sent_at=ago(days=9, minutes=-number))
    account = factories.make_integration(workspace, "unipile", name="Jane Doe")
    writer.record(account, Signal(SignalKind.REFUSED))
    page = open_page(user, width=375, height=667, java_script_enabled=script)
    page.goto(f"/w/{workspace.pk}/inbox/{lead.pk}/")
    expect(page.get_by_text("LinkedIn is disconnected")).to_be_visible()
    newest = page.locator("#messages article").filter(has_text="Sure.").last
    expect(newest).to_be_in_viewport()
    assert page.locator(".log").bounding_box()["height"] >= 667 / 2
    expect(page.get_by_role("button", name="Done")).to_be_in_viewport(ratio=1)

    send = page.get_by_role("button", name="Send", exact=True)
    expect(send).to_be_in_viewport(ratio=1)
    page.locator("#reply").click()
    expect(send).to_be_in_viewport(ratio=1)
    page.locator("#gates > summary").click()
    made = page.get_by_text("Based on")
    made.click()
    expect(page.get_by_text("The price")).to_be_visible()
    expect(send).to_be_in_viewport(ratio=1)
