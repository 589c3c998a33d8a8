"""The keyboard: everything in the table does what it says, never while typing, and single letters can be off."""

import re

import pytest
from playwright.sync_api import expect

from inbox.models import Lead, Membership
from inbox.pages.palette import SHORTCUTS
from tests import factories
from tests.browser.audit import audit
from tests.factories import ago
from tests.waiting import until


@pytest.fixture
def leads(workspace):
    factories.make_integration(workspace)
    return [
        factories.make_lead(
            workspace,
            first_name=name,
            last_name="",
            needs_reply=True,
            last_message_at=ago(hours=hours),
            last_inbound_at=ago(hours=hours),
        )  # fmt: skip
        for name, hours in (("First", 1), ("Second", 2), ("Third", 3))
    ]


@pytest.fixture
def page(workspace, user, leads, open_page):
    page = open_page(user)
    page.goto(f"/w/{workspace.pk}/inbox/")
    return page


def press(page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_move_and_open_and_go_back(page):
    press(page, "j", "j", "k", "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Second")
    press(page, "Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text("Needs reply")


def test_done_in_the_list_and_undo(page):
    press(page, "e")
    expect(page.get_by_role("status").last).to_contain_text("Done: First")
    expect(page.locator(".row")).to_have_count(2)
    press(page, "z")
    expect(page.get_by_role("status").last).to_contain_text("Undone: Done, First")
    expect(page.locator(".row")).to_have_count(3)


def test_assigning_by_key_in_the_list_and_in_a_conversation(page, user, workspace):
    press(page, "k", "m")
    page.get_by_role("dialog").get_by_role("button", name="You").click()
    expect(page.locator(".row .who")).to_have_count(1)
    page.goto(f"/w/{workspace.pk}/inbox/?view=mine")
    press(page, "j", "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("First")
    audit(page)
    press(page, "m", "Enter")  # who looks stands first
    expect(page.get_by_role("status").last).to_contain_text("Assigned to you: First")
    until(lambda: Lead.objects.get(first_name="First").assigned_to == user, "it is assigned")


def test_done_in_a_conversation_goes_on_to_the_next(page):
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("First")
    press(page, "e")
    expect(page.get_by_role("heading", level=1)).to_have_text("Second")


def test_several_selected_are_done_at_once(page):
    """Shift-j and Shift-k select on and go back over what they selected; shift-click selects all between."""
    selected, boxes = page.get_by_role("toolbar").locator("[data-ticked]"), page.get_by_role("checkbox")
    press(page, "j", "h", "Escape")
    expect(page.locator(".row :checked")).to_have_count(0)
    press(page, "x", "Shift+J")
    expect(selected).to_have_text("2 selected")
    expect(page.locator(".row > a:focus")).to_contain_text("Third")
    press(page, "Shift+K", "Shift+K", "Shift+K")
    assert [box.is_checked() for box in boxes.all()] == [True, True, False]
    boxes.nth(0).uncheck()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(selected).to_have_text("3 selected")
    assert page.evaluate("getSelection().isCollapsed")
    boxes.nth(0).click(modifiers=["Shift"])
    expect(page.locator(".row :checked")).to_have_count(0)
    press(page, "x", "Shift+J")
    press(page, "e")
    expect(page.get_by_role("status").last).to_contain_text("Done: 2 conversations")
    press(page, "z")
    expect(page.get_by_role("status").last).to_contain_text("Undone: Done, 2 conversations")
    expect(page.locator(".row:has(> [aria-current]) > a:focus")).to_be_visible()  # what is open has the focus


def test_tagging_by_key_the_selected_and_the_open_conversation(page, leads):
    for lead in leads:
        factories.make_message(lead, sent_at=lead.last_inbound_at)
    dialog = page.get_by_role("dialog", name="Tag as")
    press(page, "j", "x", "Shift+J", "t")
    dialog.get_by_role("button", name="Interested", exact=True).click()
    expect(page.get_by_role("status").last).to_contain_text("Tagged Interested: 2 conversations")
    expect(page.locator(".row").filter(has_text="Interested")).to_have_count(2)
    press(page, "z")  # which a tag does not know: it takes back nothing that was before, either
    expect(page.get_by_role("status").last).to_contain_text("Not undone. 2 conversations: choose another tag")
    press(page, "k", "k", "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("First")
    page.evaluate("document.activeElement.blur()")
    press(page, "t")
    assert audit(page) == []
    dialog.get_by_role("button", name="Wrong Person").click()
    expect(page.locator("#convo .convo-head")).to_contain_text("Wrong person")
    assert [lead.tag for lead in Lead.objects.order_by("-last_message_at")] == [
        "Wrong Person", "Interested", "Interested"
    ]  # fmt: skip


def test_snooze_asks_until_when(page, leads):
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("First")
    press(page, "h")
    dialog = page.get_by_role("dialog", name="Snooze until")
    dialog.get_by_role("button", name="In a week").click()
    expect(page.get_by_role("status").last).to_contain_text("Snoozed, in a week: First")
    until(lambda: Lead.objects.get(pk=leads[0].pk).snoozed_until, "it is snoozed")
    press(page, "h")
    expect(page.get_by_role("textbox", name="In words")).to_be_focused()
    page.keyboard.type("soon")
    expect(page.get_by_role("dialog", name="Snooze until")).to_contain_text(
        "“soon” isn’t a time we understand"
    )
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("tomorrow 2pm")
    expect(page.get_by_role("button", name=re.compile("^Snooze until .* 14:00$"))).to_be_visible()
    assert not Lead.objects.get(pk=leads[1].pk).snoozed_until
    press(page, "Enter")
    expect(page.get_by_role("status").last).to_contain_text(re.compile(r"Snoozed until .* 14:00: Second"))
    until(lambda: Lead.objects.get(pk=leads[1].pk).snoozed_until, "it is snoozed")


def test_unread(page, leads):
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("First")
    press(page, "u")
    expect(page.get_by_role("status").last).to_contain_text("Unread: First")
    until(lambda: Lead.objects.get(pk=leads[0].pk).unread, "it is unread")


def test_reply_writes_and_letters_are_letters_there(page, leads):
    factories.make_message(leads[0], sent_at=leads[0].last_inbound_at)  # an e-mail can only answer one
    page.reload()
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("First")
    press(page, "r", "e", "h", "j", "?")
    expect(page.get_by_label("Message to First")).to_have_value("ehj?")
    expect(page.get_by_role("heading", level=1)).to_have_text("First")


def test_the_hint_of_a_ready_draft_is_the_key_that_works_now(page, workspace, leads):
    type(workspace).objects.update(undo_send_s=60, signature="Ana")
    message = factories.make_message(leads[0], sent_at=leads[0].last_inbound_at)
    factories.make_draft(message, "Yes, gladly.\n\nAna", verification={"problems": []})
    page.reload()
    hints = page.locator("#draft [value=send-next] kbd")
    shown = "hints => hints.filter(hint => hint.checkVisibility()).map(hint => hint.textContent)"
    expect(hints).to_have_count(2)
    assert hints.evaluate_all(shown) == []  # beside the list, Enter opens
    press(page, "Enter")
    expect(hints.first).to_be_visible()
    assert hints.evaluate_all(shown) == ["⏎"]
    press(page, "r")
    expect(hints.last).to_be_visible()
    assert hints.evaluate_all(shown) == ["Ctrl Shift ⏎"]
    press(page, "Escape")
    expect(hints.first).to_be_visible()
    press(page, "r", "!", "Escape")  # a changed draft is not sent by Enter
    expect(page.locator("#draft textarea")).not_to_be_focused()
    assert hints.evaluate_all(shown) == ["Ctrl Shift ⏎"]


def test_control_enter_sends(page, leads):
    factories.make_message(leads[0], sent_at=leads[0].last_inbound_at)
    page.reload()
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("First")
    press(page, "r", "O", "k", "Control+Enter")
    expect(page.locator("#answer")).to_contain_text("Going out")


@pytest.fixture
def drafted(leads):
    """A long draft for the first lead, as the model writes one."""
    message = factories.make_message(leads[0], sent_at=leads[0].last_inbound_at)
    return factories.make_draft(message, text="\n".join(["Hi First,", *["Line"] * 30, "Best, Ana"]))


def test_reply_goes_on_where_the_draft_ends(drafted, page):
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("First")
    press(page, "r")
    page.keyboard.type(" P.S.")
    text = page.get_by_label("Reply to First by Email")
    expect(text).to_have_value(f"{drafted.text} P.S.")
    assert text.evaluate("(it) => it.scrollHeight - it.clientHeight - it.scrollTop < 2")


def test_a_draft_that_is_reached_by_tab_is_gone_on_with_too(drafted, page):
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("First")
    page.get_by_role("button", name="Discard").focus()
    press(page, "Tab", "Tab", "!")  # past who gets it
    expect(page.get_by_label("Reply to First by Email")).to_have_value(f"{drafted.text}!")


def test_reply_comes_back_to_where_the_caret_was(drafted, page):
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("First")
    expect(page.get_by_label("Reply to First by Email")).to_be_visible()
    press(page, "r", "Control+Home", "a", "Escape", "r", "b")
    expect(page.get_by_label("Reply to First by Email")).to_have_value(f"ab{drafted.text}")


def test_a_snippet_is_found_and_put_where_the_caret_stands_and_what_it_lacks_is_filled_in(
    drafted, page, workspace
):
    factories.make_snippet(workspace, name="Price", text="For {company} it is 180.")
    factories.make_snippet(workspace, name="Other")
    Lead.objects.update(company="")
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("First")
    text = page.get_by_label("Reply to First by Email")
    expect(text).to_be_visible()
    press(page, "r", "Control+Home")
    page.keyboard.type("Hi! ")
    press(page, "Escape", ";")
    expect(page.get_by_role("textbox", name="Find")).to_be_focused()
    assert audit(page) == []
    page.keyboard.type("180")
    expect(page.get_by_role("button", name="Other")).to_be_hidden()
    press(page, "Enter")
    expect(text).to_have_value(f"Hi! For {{company}} it is 180.{drafted.text}")
    assert text.evaluate("(it) => it.value.slice(it.selectionStart, it.selectionEnd)") == "{company}"
    press(page, "Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("{company} isn’t filled in")
    expect(text).to_have_value(f"Hi! For {{company}} it is 180.{drafted.text}")


def test_search(page):
    press(page, "/")
    page.keyboard.type("second")
    press(page, "Enter")
    expect(page.locator(".row")).to_have_count(1)
    expect(page.get_by_label("Search Northwind")).to_have_value("second")


def test_sheet_shows_the_table_that_is_bound(page):
    press(page, "?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    for shortcut in [one for one in SHORTCUTS if one.keys]:
        expect(
            sheet.get_by_role("term").filter(has_text=re.compile(f"^{re.escape(shortcut.label)}$"))
        ).to_be_visible()
    press(page, "Escape")
    expect(sheet).to_be_hidden()
    expect(page).to_have_url(re.compile("/inbox/$"))


def test_single_letters_can_be_switched_off(page):
    press(page, "?")
    page.get_by_role("button", name="Turn them off").click()
    press(page, "j", "e", "?", "/")
    expect(page.locator(".row")).to_have_count(3)
    assert page.evaluate("document.activeElement === document.body")


def test_every_bound_action_exists_where_the_modules_come_one_by_one(workspace, user, leads, open_page):
    page = open_page(user, modules=True)
    page.goto(f"/w/{workspace.pk}/inbox/")
    press(page, "j", "Enter")
    expect(page).to_have_url(re.compile(f"/inbox/{leads[1].pk}/"))
    actions = page.evaluate("import('/static/holdfast.js').then(({ actions }) => Object.keys(actions))")
    assert {shortcut.action for shortcut in SHORTCUTS if shortcut.keys} <= set(actions)


def test_hidden_page_asks_for_nothing(page, workspace, leads):
    send = factories.make_send(factories.make_draft(factories.make_message(leads[0]), status="approved"))
    asked = []
    page.clock.install()
    page.goto(f"/w/{workspace.pk}/inbox/{leads[0].pk}/")
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.on("request", lambda request: asked.append(request.url) if "/outgoing/" in request.url else None)
    page.clock.run_for(60_000)
    assert asked == []
    page.evaluate("delete document.hidden")
    with page.expect_request(lambda request: f"/outgoing/{send.pk}" in request.url):
        page.clock.run_for(3_000)


def test_session_that_ended_reloads_instead_of_pasting_the_log_in(page, workspace, leads):
    factories.make_send(factories.make_draft(factories.make_message(leads[0]), status="approved"))
    page.goto(f"/w/{workspace.pk}/inbox/{leads[0].pk}/")
    page.context.clear_cookies()
    expect(page.get_by_role("heading", name="Log in to Holdfast")).to_be_visible()
    assert page.url.startswith(page.url.split("/login/")[0] + "/login/?next=")


def test_theme_is_switched_in_the_menu(page):
    page.get_by_role("button", name="Ana Lindqvist, account and theme").click()
    page.get_by_role("button", name="Theme: dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize(
    ("key", "said", "tag"), [("y", "Confirmed: opt-out.", "Blacklist"), ("N", "Rejected: opt-out.", "New")]
)
def test_one_key_decides_what_a_reply_is_suspected_of(page, leads, workspace, user, key, said, tag):
    message = factories.make_message(
        leads[0], "please leave us alone", suspected="opt_out", suspected_words="please leave us alone"
    )
    Lead.objects.filter(pk=leads[0].pk).update(
        suspected="opt_out", suspected_words="please leave us alone", last_inbound_at=message.sent_at
    )
    page.goto(f"/w/{workspace.pk}/inbox/{leads[0].pk}/")
    expect(page.get_by_role("region", name="Decision")).to_contain_text("please leave us alone")
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    press(page, key)
    expect(page.get_by_role("status").last).to_contain_text(said)
    expect(page.get_by_role("region", name="Decision")).to_have_count(0)
    assert Lead.objects.get(pk=leads[0].pk).tag == tag


def test_others_in_the_same_words_are_looked_at_by_one_key_and_treated_by_another(page, leads, workspace):
    words = {"suspected": "opt_out", "suspected_words": "leave us", "tag": ""}
    for lead in leads[:2]:
        message = factories.make_message(lead, "leave us", **words)
        fields = {"suspected": "opt_out", "suspected_words": "leave us", "last_inbound_at": message.sent_at}
        Lead.objects.filter(pk=lead.pk).update(**fields)
    page.goto(f"/w/{workspace.pk}/inbox/{leads[0].pk}/")
    press(page, "N")
    expect(page.get_by_role("region", name="Similar replies")).to_contain_text("1 other reply")
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    press(page, "a")
    expect(page.get_by_role("heading", level=1)).to_have_text("Apply to similar replies?")
    assert audit(page) == []
    page.get_by_role("button", name="Update all 1").focus()
    press(page, "Enter")
    expect(page.get_by_role("region", name="Updating similar replies")).to_contain_text("Waiting to start")
    assert audit(page) == []


def test_the_palette_offers_theme_density_away_invitations_workspaces_and_labels(
    page, workspace, user, leads
):
    factories.make_label(workspace, name="VIP")
    other, role = factories.make_workspace("Bluebird"), Membership.Role.MEMBER
    Membership.objects.create(workspace=other, user=user, role=role)
    everywhere = {
        "dark": "Theme: dark",
        "compact": "Density: compact rows",
        "away": "Name, notifications and away status",
        "bluebird": "Bluebird",
    }
    here = {"invite": "Invite someone", "vip": "Labels: VIP"}
    for path, offers in (
        (f"/w/{workspace.pk}/inbox/{leads[0].pk}/", everywhere | here),
        ("/desk/", everywhere | {"invite": "Invite someone to Northwind"}),
    ):
        page.goto(path)
        field = page.get_by_role("combobox", name="Search commands")
        for words, name in offers.items():
            press(page, "Control+k")
            expect(field).to_be_focused()
            page.keyboard.type(words)
            expect(page.get_by_role("option", name=name, exact=True)).to_be_visible()
            expect(page.get_by_role("option", name="to Bluebird")).to_have_count(0)  # only admins invite
            press(page, "Escape")
            expect(field).to_be_hidden()
    press(page, "Control+k")
    page.keyboard.type("invite")
    press(page, "Enter")
    expect(page).to_have_url(re.compile(f"/w/{workspace.pk}/people/#add"))


def test_a_palette_that_is_opened_again_at_once_is_empty_and_keeps_what_is_typed(page):
    """The browser sends `close` some time after a dialog has closed: letters may come between."""
    page.evaluate("""() => {
        const [palette, field] = ["palette", "command"].map((id) => document.getElementById(id));
        const press = (key) => document.body.dispatchEvent(
            new KeyboardEvent("keydown", { key, ctrlKey: true, bubbles: true }));
        press("k");
        field.value = "before";
        window.closed = new Promise((resolve) => palette.addEventListener("close", () => setTimeout(resolve)));
        palette.close();
        press("k");
        window.opened = field.value;
        field.setRangeText("aw");
    }""")
    page.evaluate("window.closed")
    field = page.get_by_role("combobox", name="Search commands")
    assert page.evaluate("window.opened") == ""
    expect(field).to_have_value("aw")


def test_the_palette_does_goes_and_finds_by_keyboard_alone(page, workspace, user, leads):
    factories.make_saved_view(workspace, user, name="Roofers", query="view=all&tag=Interested")
    page.reload()
    field, chosen = (
        page.get_by_role("combobox", name="Search commands"),
        page.locator("#commands [aria-selected=true]"),
    )
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/named/" in request.url else None)

    press(page, "j", "Control+k")
    expect(field).to_be_focused()
    assert audit(page) == []
    for name in ("Tag", "Add a note", "Filter the list", "Undo, or take back a send", "Move down"):
        expect(page.get_by_role("option", name=name, exact=True)).to_be_attached()
    page.keyboard.type("tomo")
    expect(chosen).to_contain_text("Snooze until: Tomorrow")
    expect(field).to_have_attribute("aria-activedescendant", chosen.get_attribute("id"))
    press(page, "Enter")
    expect(page.locator(".row")).to_have_count(2)
    until(lambda: Lead.objects.filter(snoozed_until__isnull=False).first(), "the one in focus is snoozed")

    press(page, "Control+k")
    page.keyboard.type("third")
    expect(page.get_by_role("group", name="Leads").get_by_role("option")).to_contain_text("Third")
    assert len(asked) <= 2  # "tomo" may have been asked for, and "third" once
    press(page, "ArrowUp", "ArrowDown", "Enter")
    page.wait_for_url(f"**/inbox/{leads[2].pk}/?view=all")

    press(page, "Control+k")
    page.keyboard.type("roofers")
    press(page, "Enter")
    page.wait_for_url("**/inbox/?view=all&tag=Interested")
    press(page, "Control+k", "Escape")
    expect(field).to_be_hidden()
    press(page, "Control+k")
    page.keyboard.type("nothing like this")
    press(page, "Enter")
    page.wait_for_url("**/inbox/?view=all&q=nothing+like+this")
