"""The desk in a browser: a day by keyboard alone, what comes while somebody works, and the way back to a place."""

import re
from contextlib import suppress
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Error, Page, expect

from inbox.models import Draft, Lead, LeadChange, OutboundSend, Workspace
from tests import factories
from tests.browser.audit import audit
from tests.factories import ago
from tests.waiting import until


@pytest.fixture
def leads(workspace):
    """Twenty who wait for a reply, newest first, each with a message that can be answered."""
    factories.make_integration(workspace)
    found = []
    for number in range(1, 21):
        at = ago(hours=number)
        lead = factories.make_lead(
            workspace, first_name=f"Lead{number:02}", last_name="", email=f"lead{number}@example.com",
            needs_reply=True, unread=True, last_message_at=at, last_inbound_at=at, last_snippet=f"Words of {number}.",
        )  # fmt: skip
        factories.make_message(lead, f"Words of {number}.", sent_at=at)
        found.append(lead)
    return found


@pytest.fixture
def page(workspace, user, leads, open_page) -> Page:
    page = open_page(user)
    page.goto(f"/w/{workspace.pk}/inbox/")
    expect(page.locator("#lead")).to_have_text("Lead01")
    return page


def row(page: Page, name: str):
    return page.locator(".row").filter(has_text=name)


def wrote(lead: Lead, text: str) -> None:
    """The lead writes again, now."""
    now = timezone.now()
    factories.make_message(lead, text, sent_at=now)
    Lead.objects.filter(pk=lead.pk).update(
        last_message_at=now, last_inbound_at=now, last_snippet=text, needs_reply=True, unread=True
    )


def test_a_working_day_by_keyboard_alone_loses_no_key(page, leads):
    """Twenty conversations in at most a hundred keys, each typed at once: nothing waits for a page."""
    loads = []
    page.on("request", lambda request: loads.append(request.url) if request.is_navigation_request() else None)
    keys = (
        ["e"] * 8
        + ["j", "k", "e", "z", "e"]
        + ["Enter", "r", *"Yes", "Control+Enter", "j"]
        + ["u", "j"]
        + ["e"] * 9
    )
    assert len(keys) <= 100
    for key in keys:
        page.keyboard.press(key)
    answered, unread = leads[9], leads[10]
    done = [lead.pk for lead in leads if lead not in (answered, unread)]
    until(lambda: not Lead.objects.filter(pk__in=done, needs_reply=True).exists(), "all are done")
    until(lambda: OutboundSend.objects.filter(lead=answered, text="Yes").exists(), "the answer goes out")
    assert Lead.objects.get(pk=unread.pk).needs_reply and Lead.objects.get(pk=unread.pk).unread
    expect(page.locator(".row")).to_have_count(2)
    assert loads == []


def test_a_decision_that_failed_is_told_and_its_row_comes_back(page, leads):
    newer = timezone.now() + timedelta(seconds=1)
    Lead.objects.filter(pk=leads[0].pk).update(last_inbound_at=newer)  # they wrote after the page was read
    page.route("**/live/**", lambda route: route.fulfill(status=503))
    page.keyboard.press("e")
    expect(page.get_by_role("status").last).to_contain_text("Skipped")
    expect(row(page, "Lead01")).to_be_visible()
    page.route("**/triage/*", lambda route: route.fulfill(status=503))
    page.keyboard.press("e")
    expect(page.get_by_role("status").last).to_contain_text("That didn’t work.")
    expect(page.locator(".row")).to_have_count(20)


def test_a_reply_comes_while_one_reads_writes_and_selects(page, workspace, leads):
    """Nothing moves under the reader, what is typed stays, and the new reply is there all the same."""
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lead01")
    text = page.get_by_label("Message to Lead01")
    text.fill("A long thought")
    row(page, "Lead03").hover()
    top = row(page, "Lead02").bounding_box()
    wrote(leads[19], "A new reply of the last one.")
    expect(page.get_by_role("link", name="1 new")).to_be_visible()
    expect(page).to_have_title(re.compile(r"^\(1\) Lead01, Needs reply"))
    assert row(page, "Lead02").bounding_box() == top

    message = page.locator("article").filter(has_text="Words of 1.").locator("p").last
    message.click(click_count=3)
    chosen = page.evaluate("getSelection().toString()")
    wrote(leads[0], "And one more thing.")
    expect(page.get_by_role("log")).to_contain_text("And one more thing.")
    assert page.evaluate("getSelection().toString()") == chosen != ""
    expect(text).to_have_value("A long thought")

    expect(page.locator(".row").nth(1)).to_contain_text(
        "A new reply of the last one."
    )  # the list is read no more

    row(page, "Lead03").hover()
    wrote(leads[18], "Hello?")
    page.get_by_role("link", name="1 new").click()
    expect(page.locator(".row").first).to_contain_text("Hello?")
    expect(text).to_have_value("A long thought")

    draft = factories.make_draft(leads[0].messages.earliest("sent_at"))
    expect(row(page, "Lead01")).to_contain_text("Draft ready")
    type(draft).objects.filter(pk=draft.pk).update(status="sent")
    Lead.objects.filter(pk=leads[0].pk).update(needs_reply=False)  # it belongs to the list no more
    expect(row(page, "Lead01")).not_to_contain_text("Draft ready")
    expect(row(page, "Lead01")).to_be_visible()
    expect(page.locator(".row > a:focus")).to_contain_text("Lead01")
    expect(page.locator(".row > [aria-current]")).to_contain_text("Lead01")
    page.keyboard.press("x")
    expect(page.get_by_label("Select Lead01")).to_be_checked()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Select Lead01")).not_to_be_checked()
    Lead.objects.filter(pk=leads[9].pk).update(needs_reply=False)  # a colleague's answer is nothing new
    expect(row(page, "Lead10")).to_have_attribute("data-gone", "")
    expect(page.locator("#new")).to_be_hidden()


def test_rows_come_in_place_where_nobody_reads_and_counts_follow(page, workspace, leads):
    page.mouse.move(5, 5)
    page.evaluate("document.activeElement.blur()")
    wrote(leads[19], "Now.")
    expect(page.locator(".row").first).to_contain_text("Now.")
    new = factories.make_lead(
        workspace, first_name="Newcomer", last_name="", needs_reply=True, last_inbound_at=ago()
    )
    expect(page.locator(".row").first).to_contain_text("Newcomer")
    expect(page.locator("#count")).to_have_text("21")
    expect(page.locator("#folders [aria-current] .n")).to_have_text("21")
    Lead.objects.filter(pk=new.pk).update(needs_reply=False)
    expect(page.locator(".row")).to_have_count(20)


def test_what_is_typed_outlives_another_page_and_goes_when_its_person_logs_out(page, workspace, leads):
    def typed() -> str:
        return page.evaluate(
            "Object.entries(sessionStorage).filter(([key]) => key.startsWith('typed')).join()"
        )

    page.keyboard.press("j")
    page.get_by_label("Message to Lead02").fill("Half an answer")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("Half a note")
    page.goto(f"/w/{workspace.pk}/snippets/")
    assert "Half an answer" in typed()

    factories.make_draft(leads[1].messages.get(), text="A newer draft")
    page.goto(f"/w/{workspace.pk}/inbox/")
    page.keyboard.press("j")
    expect(page.locator("#reply")).to_have_value("Half an answer")
    expect(page.locator("#note-text")).to_have_value("Half a note")
    page.locator("#reply").fill("Half an answer, and more")
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    expect(page.get_by_role("status").last).to_contain_text("Your text has changed since")
    expect(page.locator("#reply")).to_have_value("Half an answer, and more")

    Draft.objects.update(text="The newest draft")
    page.goto(f"/w/{workspace.pk}/inbox/")
    page.keyboard.press("j")
    toast = page.get_by_role("status").filter(has_text="replaced a newer draft")
    expect(toast).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator("#lead")).to_have_text("Lead03")
    page.keyboard.press("z")
    expect(page.locator("#lead")).to_have_text("Lead02")
    expect(page.locator("#reply")).to_have_value("The newest draft")
    expect(toast).to_have_count(0)

    page.get_by_role("button", name="account and theme").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login/**")
    assert typed() == ""


def test_place_and_focus_survive_esc_undo_reload_and_the_back_button(page, leads):
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lead02")
    with page.expect_response(lambda it: "/triage/" in it.url and "done" in (it.request.post_data or "")):
        page.keyboard.press("e")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lead03")
    held = hold(page, leads[1])
    with page.expect_response("**/undo/"):
        page.keyboard.press("z")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lead02")
    expect(page.get_by_label("Message to Lead02")).to_be_visible()  # nothing waits for a page
    let_go(page, leads[1], held)
    expect(page).to_have_url(re.compile(f"/{leads[1].pk}/"))
    assert Lead.objects.get(pk=leads[1].pk).needs_reply
    page.reload()
    expect(page.locator(".row > a:focus")).to_contain_text("Lead02")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text("Needs reply")
    page.keyboard.press("j")
    expect(page.locator("#lead")).to_have_text("Lead03")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lead02")
    assert audit(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("#lead")).to_have_text("Lead03")
    page.goto("/")
    page.go_back()
    expect(page.locator(".row > a:focus")).to_contain_text("Lead03")
    expect(page.locator("#lead")).to_have_text("Lead03")
    expect(page.locator(".row > [aria-current]")).to_contain_text("Lead03")


def test_the_first_conversation_stands_open_unread_and_opening_reads_it(page, leads):
    page.keyboard.press("j")
    expect(page.locator("#lead")).to_have_text("Lead02")
    assert Lead.objects.filter(unread=False).count() == 0
    assert audit(page) == []
    page.keyboard.press("Enter")
    until(lambda: not Lead.objects.get(pk=leads[1].pk).unread, "it is read")
    assert Lead.objects.filter(unread=False).count() == 1


def test_one_tab_asks_for_all_and_each_hears_of_it(page, workspace, leads):
    other = page.context.new_page()
    other.goto(f"/w/{workspace.pk}/inbox/?view=unread")
    wrote(leads[19], "Both see it.")
    expect(other.get_by_text("Both see it.").first).to_be_attached()
    expect(page.get_by_text("Both see it.").first).to_be_attached()
    asked = set()
    for _ in range(4):
        with page.context.expect_event("request", lambda request: "/live/?" in request.url) as found:
            pass
        asked.add(found.value.frame.page)
    assert len(asked) == 1


def test_a_page_that_slept_longer_than_changes_are_kept_reads_everything_anew(page, leads):
    """Nobody tells it of what came meanwhile, as the trace of it is deleted."""
    held = []
    page.route("**/live/**", lambda route: held.append(route))
    wrote(leads[19], "Said while it slept.")
    LeadChange.objects.all().delete()
    page.evaluate("() => { const now = Date.now; Date.now = () => now() + 2 * 3600 * 1000 }")
    page.unroute("**/live/**")
    for ask in held:
        with suppress(Error):  # `unroute` may have let it go
            ask.continue_()
    expect(page.get_by_text("Said while it slept.").first).to_be_attached()


def test_a_countdown_that_comes_later_runs(page):
    page.evaluate(
        "() => new Promise((resolve) => setTimeout(resolve, 1500))"
    )  # a look for countdowns each second
    page.evaluate(
        """() => {
            const until = new Date(Date.now() + 90_000).toISOString();
            document.querySelector("#lead").insertAdjacentHTML("afterend", `<time data-until="${until}">-</time>`);
        }"""
    )
    expect(page.locator("[data-until]")).to_have_text(re.compile(r"^1:\d\d$"))


def test_what_was_sent_is_taken_back_from_the_next_conversation_and_other_tabs_see_it(
    page, workspace, user, leads, open_page
):
    Workspace.objects.filter(pk=workspace.pk).update(undo_send_s=600)
    page.reload()
    for key in ["Enter", "r", *"My words", "Control+Shift+Enter"]:
        page.keyboard.press(key)
    expect(page.get_by_role("heading", level=1)).to_have_text("Lead02")
    expect(page.get_by_role("status").last).to_contain_text(re.compile(r"To Lead01 in \d+:\d\d"))
    until(lambda: OutboundSend.objects.filter(state="intent", text="My words").exists(), "it is claimed")
    plain = open_page(user, java_script_enabled=False)
    plain.goto(f"/w/{workspace.pk}/inbox/{leads[0].pk}/")
    expect(plain.get_by_text(re.compile(r"Goes out in \d+:\d\d"))).to_be_visible()
    other = page.context.new_page()
    other.goto(f"/w/{workspace.pk}/inbox/{leads[0].pk}/")
    expect(other.get_by_text(re.compile(r"Goes out in \d+:\d\d"))).to_be_visible()
    assert audit(other) == []

    page.bring_to_front()
    page.keyboard.press("z")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lead01")
    text = page.get_by_label("Message to Lead01")
    expect(text).to_have_value("My words")
    expect(text).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="To Lead01")).to_have_count(0)
    other.bring_to_front()
    expect(other.get_by_label("Message to Lead01")).to_have_value("My words")

    page.bring_to_front()
    page.keyboard.press("Control+Enter")
    page.get_by_label("Answer").get_by_role("button", name="Undo").click()
    expect(text).to_have_value("My words")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Goes out in")).to_be_visible()
    until(lambda: OutboundSend.objects.filter(state="intent").exists(), "it is claimed once more")
    plain.reload()
    plain.get_by_label("Answer").get_by_role("button", name="Undo").click()
    expect(plain.get_by_label("Message to Lead01")).to_have_value("My words")

    expect(text).to_have_value("My words")
    page.locator("#noting summary").click()
    note = page.locator("#note-text")
    note.fill("Half a note")
    text.press("Control+Enter")
    expect(page.get_by_text("Goes out in")).to_be_visible()
    expect(note).to_have_value("Half a note")
    row(page, "Lead03").locator("a").click()
    expect(page.get_by_label("Message to Lead03")).to_be_visible()
    row(page, "Lead01").locator("a").click()
    expect(note).to_have_value("Half a note")
    page.get_by_label("Answer").get_by_role("button", name="Undo").click()  # of this one, not of those before
    expect(text).to_have_value("My words")
    assert {send.state for send in OutboundSend.objects.all()} == {"taken_back"}


def test_what_became_of_a_send_is_not_put_where_the_page_has_changed(page, workspace, leads):
    """The page's script has no error either, which the fixture looks at."""
    Workspace.objects.filter(pk=workspace.pk).update(undo_send_s=600)
    page.reload()
    for key in ["Enter", "r", *"My words", "Control+Enter"]:
        page.keyboard.press(key)
    expect(page.get_by_text("Goes out in")).to_be_visible()
    held = []
    page.route("**/outgoing/**", lambda route: held.append(route))
    with page.expect_request("**/outgoing/**"):
        pass
    OutboundSend.objects.update(state="taken_back")
    wrote(leads[0], "One more thing.")
    text = page.get_by_label("Message to Lead01")
    text.fill("Other words")
    with page.expect_response("**/outgoing/**"):
        held[0].continue_()
    page.wait_for_timeout(500)

    expect(text).to_have_value("Other words")


def hold(page: Page, lead: Lead) -> list:
    """The requests for this conversation from now on, which nobody answers until `let_go`."""
    held = []
    page.route(re.compile(f"/inbox/{lead.pk}/"), lambda route: held.append(route))
    return held


def let_go(page: Page, lead: Lead, held: list) -> None:
    page.unroute(re.compile(f"/inbox/{lead.pk}/"))
    for route in held:
        with suppress(Error):  # the page has given it up
            route.continue_()


def test_what_is_typed_while_a_conversation_loads_reaches_no_other_one(page, leads):
    slow = leads[4]
    held = hold(page, slow)
    row(page, "Lead04").locator("a").click()
    expect(page.get_by_label("Message to Lead04")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("r")
    page.keyboard.type("Meant for five")
    page.keyboard.press("Control+Enter")

    row(page, "Lead04").locator("a").click()
    page.keyboard.press("r")
    page.keyboard.type("Meant for four")
    expect(page.get_by_label("Message to Lead04")).to_have_value("Meant for four")
    page.keyboard.press("Escape")
    row(page, "Lead12").locator("a").click()
    expect(page.get_by_label("Message to Lead12")).to_have_value("")

    let_go(page, slow, held)
    row(page, "Lead05").locator("a").click()
    expect(page.get_by_label("Message to Lead05")).to_have_value("")
    assert not OutboundSend.objects.exists()


def test_the_text_of_an_answer_that_was_refused_outlives_what_comes_next(page, leads):
    page.keyboard.press("Enter")
    text = page.get_by_label("Message to Lead01")
    text.fill("My answer")
    wrote(leads[0], "One more thing.")
    expect(page.get_by_role("log")).to_contain_text("One more thing.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(text).to_be_focused()
    Lead.objects.filter(pk=leads[0].pk).update(company="Renamed Inc.")
    expect(page.locator(".convo-head")).to_contain_text("Renamed Inc.")
    expect(text).to_have_value("My answer")
    expect(page.get_by_role("alert")).to_be_visible()
    for number in range(2, 18):  # more than are kept
        row(page, f"Lead{number:02}").locator("a").click()
        expect(page.get_by_label(f"Message to Lead{number:02}")).to_be_visible()
    row(page, "Lead01").locator("a").click()
    expect(text).to_have_value("My answer")


def test_a_reply_that_the_pane_has_not_shown_is_neither_read_nor_done(page, leads):
    page.keyboard.press("Enter")
    page.get_by_label("Message to Lead01").fill("A thought")
    until(lambda: not Lead.objects.get(pk=leads[0].pk).unread, "it is read")
    row(page, "Lead02").locator("a").click()
    expect(page.get_by_label("Message to Lead02")).to_be_visible()
    wrote(leads[0], "Stop, I have changed my mind.")
    expect(row(page, "Lead01")).to_contain_text("Stop")
    held = hold(page, leads[0])
    row(page, "Lead01").locator("a").click()
    expect(page.get_by_label("Message to Lead01")).to_have_value("A thought")
    page.keyboard.press("e")
    expect(page.get_by_role("status").filter(has_text="Skipped")).to_be_visible()
    lead = Lead.objects.get(pk=leads[0].pk)
    assert lead.needs_reply and lead.unread

    let_go(page, leads[0], held)
    row(page, "Lead01").locator("a").click()
    expect(page.get_by_role("log")).to_contain_text("Stop, I have changed my mind.")
    expect(page.get_by_label("Message to Lead01")).to_have_value("A thought")
    until(lambda: not Lead.objects.get(pk=leads[0].pk).unread, "it is read")


def test_send_keys_work_wherever_the_focus_is_in_the_conversation_or_say_why_not(page, workspace, leads):
    drafts = [factories.make_draft(lead.messages.get(), f"To {lead.first_name}") for lead in leads[:3]]
    Lead.objects.filter(pk=leads[3].pk).update(opted_out_at=timezone.now())
    page.reload()
    expect(page.locator("#reply")).to_have_value("To Lead01")
    page.locator(".row > a").first.focus()
    page.keyboard.press("Control+Enter")
    until(lambda: OutboundSend.objects.filter(draft=drafts[0]).exists(), "it is sent from its row")
    row(page, "Lead02").locator("a").click()
    expect(page.locator("#reply")).to_have_value("To Lead02")  # its sketch has the words, and no draft
    page.locator("article").filter(has_text="Words of 2.").locator("p").last.click()
    page.keyboard.press("Control+Shift+Enter")
    until(lambda: OutboundSend.objects.filter(draft=drafts[1]).exists(), "it is sent from a message")
    expect(page.locator("#reply")).to_have_value("To Lead03")
    page.get_by_role("button", name="Done").first.focus()
    page.keyboard.press("Control+Enter")
    until(lambda: OutboundSend.objects.filter(draft=drafts[2]).exists(), "it is sent from a button")
    row(page, "Lead04").locator("a").click()
    expect(page.locator("#lead")).to_have_text("Lead04")
    expect(page.locator("#answer")).to_contain_text("You can’t message")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").last).to_contain_text("Not sent. You can’t message Lead04")
    row(page, "Lead05").locator("a").focus()  # the open one is another
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").last).to_contain_text("Press r first")
    page.locator("#q").fill("Lead05")
    page.keyboard.press("Control+Enter")
    assert OutboundSend.objects.count() == 3


def test_the_key_sends_the_text_in_which_it_is_pressed_and_not_the_draft_above_it(page, workspace, leads):
    factories.make_integration(workspace, "ghl", external_account_id="loc", credentials={"api_key": "k"})
    Lead.objects.filter(pk=leads[0].pk).update(phone="+12125550100")
    factories.make_draft(leads[0].messages.get(), "The draft")
    page.goto(f"/w/{workspace.pk}/inbox/{leads[0].pk}/")
    page.get_by_text("Message on another channel").click()
    page.locator("#own-text").fill("By text message")
    page.locator("#own-text").press("Control+Enter")
    until(lambda: OutboundSend.objects.exists(), "it is sent")
    assert OutboundSend.objects.get().text == "By text message"


def test_a_conversation_that_loads_shows_a_skeleton(page, leads):
    page.keyboard.press("j")
    expect(page.locator("#lead")).to_have_text("Lead02")
    held = hold(page, leads[9])
    row(page, "Lead10").locator("a").click()
    expect(page.locator("#lead")).to_have_text("Lead10")
    expect(page.locator(".skeleton")).to_have_count(2)
    expect(page.locator("#convo").get_by_role("status")).to_have_text("Loading the conversation")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").last).to_contain_text("hasn’t loaded yet")
    assert audit(page) == []
    let_go(page, leads[9], held)
    expect(page.get_by_label("Message to Lead10")).to_be_visible()
    expect(page.locator("#convo .skeleton")).to_have_count(0)


def test_a_note_stands_there_at_once_and_grey_until_it_is_kept(page, leads):
    def write(text: str) -> None:
        page.keyboard.press("n")
        page.keyboard.type(text)
        page.keyboard.press("Control+Enter")

    notes = page.locator(".msg.note")
    page.keyboard.press("Enter")
    expect(page.locator("#note-text")).to_be_attached()
    page.evaluate(  # a route of Playwright would keep the redirect of a request with `keepalive` from its page
        """() => {
            const ask = window.fetch;
            window.fetch = async (url, options) => {
                if (url.includes("/note/")) {
                    await new Promise((go) => (window.go = go));
                    window.go = null;
                }
                return ask(url, options);
            };
        }"""
    )
    write("Knows Ben.")
    expect(notes).to_have_text("Knows Ben.")
    expect(notes).to_have_attribute("aria-busy", "true")
    wrote(leads[0], "Meanwhile.")  # what comes takes it not away
    expect(page.get_by_role("log")).to_contain_text("Meanwhile.")
    expect(notes).to_have_text("Knows Ben.")
    page.evaluate("window.go()")
    expect(notes).to_contain_text("Only your team sees this.")
    expect(notes).to_have_count(1)

    page.route("**/note/**", lambda route: route.fulfill(status=503))
    write("Lost?")
    page.wait_for_function("Boolean(window.go)")  # its request has begun
    page.evaluate("window.go()")
    expect(page.get_by_role("status").last).to_contain_text("The note wasn’t saved.")
    expect(notes).to_have_count(1)
    expect(page.locator("#note-text")).to_have_value("Lost?")
