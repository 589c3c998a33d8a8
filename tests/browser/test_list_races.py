"""The live list beside decisions: a list that was read before a decision was sent never takes the decision back."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from inbox.models import Lead, Membership, OutboundSend, Workspace
from tests import factories
from tests.factories import ago
from tests.waiting import until

HOLD = """() => {
  const send = window.fetch;
  const gates = { decision: [], list: [] };
  window.seen = [];  // the names in the list, each time that an answer has come into it
  window.holds = new Set();
  window.waits = (kind) => gates[kind].length;
  window.release = (kind) => {
    holds.delete(kind);
    for (const open of gates[kind].splice(0)) open();
  };
  addEventListener("holdfast:rows", () =>
    seen.push([...document.querySelectorAll(".row b")].map((name) => name.textContent)));
  window.fetch = async (url, options = {}) => {
    const isList = options.headers?.["HX-Target"] === "threads";
    const kind = options.method === "POST" ? "decision" : isList ? "list" : "";
    const gate = () => holds.has(kind) && new Promise((open) => gates[kind].push(open));
    if (kind === "decision") await gate();  // before the server has it
    const response = await send(url, options);
    if (kind === "list") await gate();  // after the server has read it
    return response;
  };
}"""


def waiting(workspace: Workspace, name: str, hours: float) -> Lead:
    """A lead that has written and waits, with a message that can be answered."""
    at = ago(hours=hours)
    lead = factories.make_lead(
        workspace, first_name=name, last_name="", email=f"{name.lower()}@example.com", needs_reply=True,
        last_message_at=at, last_inbound_at=at,
    )  # fmt: skip
    factories.make_message(lead, f"Words of {name}.", sent_at=at)
    return lead


def done_names() -> set[str]:
    return set(Lead.objects.filter(needs_reply=False).values_list("first_name", flat=True))


def write(lead: Lead) -> None:
    """The lead writes again, now."""
    now = timezone.now()
    factories.make_message(lead, "Once more.", sent_at=now)
    Lead.objects.filter(pk=lead.pk).update(
        last_message_at=now, last_inbound_at=now, last_snippet="Once more."
    )


@pytest.fixture
def leads(workspace):
    factories.make_integration(workspace)
    return [waiting(workspace, f"Lead{number}", number) for number in range(1, 6)]


@pytest.fixture
def page(workspace, user, leads, open_page) -> Page:
    page = open_page(user)
    page.goto(f"/w/{workspace.pk}/inbox/")
    expect(page.locator("#lead")).to_have_text("Lead1")
    page.mouse.move(5, 5)
    page.evaluate(HOLD)
    return page


def hold(page: Page, *kinds: str) -> None:
    page.evaluate("(kinds) => kinds.forEach((kind) => holds.add(kind))", kinds)


def wait_for(page: Page, kind: str) -> None:
    page.wait_for_function(f"() => waits('{kind}') > 0")


def release(page: Page, kind: str) -> None:
    page.evaluate("(kind) => release(kind)", kind)


def names(page: Page) -> list[str]:
    return page.locator(".row b").all_inner_texts()


def test_a_list_that_was_read_before_a_decision_arrived_is_not_followed_and_the_next_one_is(page, leads):
    hold(page, "decision", "list")
    page.keyboard.press("e")
    wait_for(page, "decision")
    write(leads[4])
    wait_for(page, "list")
    page.evaluate("addEventListener('holdfast:sent', () => (window.sent = true))")
    release(page, "decision")
    page.wait_for_function("() => window.sent")  # the server has decided
    release(page, "list")
    page.wait_for_function("() => seen.length > 0")
    assert page.evaluate("seen[0]") == ["Lead2", "Lead3", "Lead4", "Lead5"]
    expect(page.locator(".row").first).to_contain_text("Lead5")
    assert "Lead1" not in sum(page.evaluate("seen"), [])
    assert names(page) == ["Lead5", "Lead2", "Lead3", "Lead4"]
    expect(page.locator("#count")).to_have_text("4")


def test_a_list_that_waited_for_its_reader_does_not_bring_back_a_lead_that_is_done_meanwhile(page, leads):
    page.locator(".row", has_text="Lead3").hover()
    write(leads[4])
    expect(page.get_by_role("link", name="1 new")).to_be_visible()
    hold(page, "decision")
    page.keyboard.press("e")
    wait_for(page, "decision")
    page.get_by_role("link", name="1 new").click()
    assert "Lead1" not in names(page)
    release(page, "decision")
    expect(page.locator(".row").first).to_contain_text(
        "Lead5"
    )  # the pill was pressed, so nobody is asked again
    assert names(page) == ["Lead5", "Lead2", "Lead3", "Lead4"]
    expect(page.locator("#new")).to_be_hidden()


def test_a_pill_goes_where_nothing_is_new_any_more(page, workspace):
    page.locator(".row", has_text="Lead3").hover()
    newcomer = waiting(workspace, "Newcomer", 0)
    expect(page.get_by_role("link", name="1 new")).to_be_visible()
    Lead.objects.filter(pk=newcomer.pk).update(needs_reply=False)  # a colleague was faster
    expect(page.locator("#new")).to_be_hidden()


@pytest.fixture
def drafts(workspace, leads):
    """A ready draft for each lead."""
    Workspace.objects.filter(pk=workspace.pk).update(undo_send_s=600, signature="Ana")
    for lead in leads:
        factories.make_draft(lead.messages.get(), "Yes, gladly.\n\nAna", verification={"problems": []})


SENDS = "#convo[data-enter-sends] form[data-ready]"


def send(page: Page, name: str) -> None:
    expect(page.locator("#lead")).to_have_text(name)
    expect(page.locator(SENDS)).to_be_visible()
    page.keyboard.press("Enter")


def test_a_conversation_that_comes_while_nobody_looks_is_neither_opened_nor_read(
    page, workspace, leads, drafts
):
    Lead.objects.exclude(pk=leads[0].pk).update(needs_reply=False)
    page.reload()
    page.evaluate(HOLD)
    hold(page, "decision")
    page.keyboard.press("Enter")  # opens
    send(page, "Lead1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Needs reply")  # the list has ended
    page.evaluate("document.hasFocus = () => false")
    newcomer = waiting(workspace, "Newcomer", 9)
    Lead.objects.filter(pk=newcomer.pk).update(unread=True)
    expect(page.locator(".row.unread", has_text="Newcomer")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/inbox/(\?.*)?$"))
    release(page, "decision")
    until(lambda: OutboundSend.objects.exists(), "the answer is sent")
    assert Lead.objects.get(pk=newcomer.pk).unread


def test_a_user_who_presses_nothing_but_enter_is_watching(page, workspace, leads, drafts):
    Lead.objects.exclude(pk=leads[0].pk).update(needs_reply=False)
    page.reload()
    page.evaluate(HOLD)
    hold(page, "decision")
    page.keyboard.press("Enter")  # opens
    page.evaluate("() => { const now = Date.now; Date.now = () => now() + 60_000 }")
    send(page, "Lead1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Needs reply")  # the list has ended
    newcomer = waiting(workspace, "Newcomer", 9)
    expect(page).to_have_url(re.compile(f"/inbox/{newcomer.pk}/"))
    release(page, "decision")


def test_a_lead_who_wrote_again_after_an_answer_is_offered_at_the_end_of_the_list(page, leads, drafts):
    Lead.objects.filter(pk__in=[lead.pk for lead in leads[2:]]).update(needs_reply=False)
    page.reload()
    page.evaluate(HOLD)
    page.keyboard.press("Enter")  # opens
    send(page, "Lead1")
    expect(page.locator("#lead")).to_have_text("Lead2")
    until(lambda: OutboundSend.objects.count() == 1, "the first is answered")
    write(leads[0])
    expect(page.locator(".row", has_text="Lead1")).to_contain_text("Once more.")
    send(page, "Lead2")
    expect(page.locator("#lead")).to_have_text("Lead1")
    expect(page.get_by_role("log")).to_contain_text("Once more.")


def test_where_one_workspace_refuses_only_its_rows_return_and_z_undoes_the_others(
    page, workspace, user, leads
):
    other = factories.make_workspace("Bluebird")
    Membership.objects.create(workspace=other, user=user, role=Membership.Role.MEMBER)
    for name in ("Kim", "Leo"):
        waiting(other, name, 9)
    page.goto("/desk/")
    page.route(f"**/w/{other.pk}/inbox/triage/*", lambda route: route.fulfill(status=503))
    for name in ("Lead1", "Lead2", "Lead3", "Kim", "Leo"):
        page.get_by_role("checkbox", name=f"Select {name}").check(force=True)
    page.keyboard.press("e")
    expect(page.locator(".toast", has_text="Not changed")).to_contain_text(
        "Done: 3 conversations. Not changed: 2 conversations."
    )
    assert sorted(names(page)) == ["Kim", "Lead4", "Lead5", "Leo"]
    expect(page.locator("#count")).to_have_text("4")
    until(lambda: done_names() == {"Lead1", "Lead2", "Lead3"}, "the others are done, and they alone")
    page.keyboard.press("z")
    expect(page.locator(".toast", has_text="Undone")).to_have_text("Undone: Done, 3 conversations")
    until(lambda: not done_names(), "all wait again")
