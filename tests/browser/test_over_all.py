"""The list over all workspaces in a browser: conversations of several clients, worked down without a page load."""

import re
from random import Random

import pytest
from playwright.sync_api import Locator, Page, expect

from inbox.leads.folders import FOLDERS
from inbox.models import Draft, Lead, LeadLabel, Membership, Message, OutboundSend, User, Workspace
from inbox.pages.desk import conversation_list
from jobs.models import BackgroundJob
from jobs.worker import drain
from sandbox import SandboxServer
from tests import factories, forms
from tests.browser.audit import audit
from tests.factories import ago
from tests.waiting import until
from tests.world import forget_calls, settings_for


@pytest.fixture
def clients(workspace, user):
    """The user's workspace and two more, with three leads each; the hottest have waited longest."""
    workspaces = [workspace, factories.make_workspace("Bluebird"), factories.make_workspace("Larkspur")]
    for place, client in enumerate(workspaces):
        if place:
            Membership.objects.create(workspace=client, user=user, role=Membership.Role.MEMBER)
        factories.make_integration(client, external_account_id=f"acc{place}")
        for number in range(3):
            at = ago(hours=9 - 3 * number - place)
            lead = factories.make_lead(
                client, first_name=f"{client.name[:1]}{number}", last_name="", email=f"l{place}{number}@example.com",
                needs_reply=True, unread=True, last_message_at=at, last_inbound_at=at, score=4 - number,
            )  # fmt: skip
            factories.make_message(lead, f"Words of {lead.first_name}.", sent_at=at)
    return workspaces


@pytest.fixture
def page(user, clients, open_page) -> Page:
    page = open_page(user)
    page.goto("/desk/")
    return page


SENDS = "#convo[data-enter-sends] form[data-ready]"
"""The ready draft that Enter sends."""
TWO_PRESSES = """() => ["first", "second"].forEach(() => document.body.dispatchEvent(
  new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true})))"""
"""Two presses of Enter with no time between them."""


def names(page: Page) -> list[str]:
    return page.locator(".row b").all_inner_texts()


def test_three_clients_are_worked_down_in_one_list_by_keys_without_a_page_load(page, clients):
    first = clients[0].name[:1]
    assert names(page) == [f"{first}0", "B0", "L0", f"{first}1", "B1", "L1", f"{first}2", "B2", "L2"]
    assert len(set(names(page))) == 9
    expect(page.locator("#lead")).to_have_text(f"{first}0")
    loads = []
    page.on("request", lambda request: loads.append(request.url) if request.is_navigation_request() else None)
    page.keyboard.press("e")
    expect(page.locator("#lead")).to_have_text("B0")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/w/{clients[1].pk}/inbox/.*desk=1"))
    page.keyboard.press("r")
    page.keyboard.type("Yes, gladly.")
    page.keyboard.press("Control+Shift+Enter")
    expect(page.locator("#lead")).to_have_text("L0")
    page.keyboard.press("e")
    expect(page.locator("#lead")).to_have_text(f"{first}1")
    page.keyboard.press("z")
    expect(page.locator("#lead")).to_have_text("L0")
    until(lambda: OutboundSend.objects.filter(lead__first_name="B0").exists(), "the answer is sent")
    until(lambda: not Lead.objects.get(first_name=f"{first}0").needs_reply, "the first is done")
    until(lambda: Lead.objects.get(first_name="L0").needs_reply, "the last step is undone")
    assert loads == []
    page.go_back()
    page.reload()
    expect(page.get_by_role("navigation", name="Main")).to_contain_text("All clients")
    expect(page.locator(".row")).not_to_have_count(0)


@pytest.fixture
def drafts(clients):
    """A ready draft for each of the nine leads."""
    type(clients[0]).objects.update(undo_send_s=600, signature="Ana")
    for message in Message.objects.all():
        factories.make_draft(message, "Yes, gladly.\n\nAna", verification={"problems": []})


def test_ready_drafts_are_sent_by_one_key_each_without_a_page_load_and_can_be_taken_back(page, drafts):
    page.goto("/desk/")
    page.keyboard.press("2")
    page.wait_for_url("**view=drafts")  # and for its scripts, without which a key does nothing
    expect(page.locator(".row")).to_have_count(9)
    order = names(page)
    loads, keys = [], 0
    page.on("request", lambda request: loads.append(request.url) if request.is_navigation_request() else None)
    page.keyboard.press("j")
    page.keyboard.press("Enter")  # opens
    for name in order[1:4]:
        expect(page.locator("#lead")).to_have_text(name)
        expect(page.locator(SENDS)).to_be_visible()
        page.keyboard.press("Enter")
        keys += 1
    until(lambda: OutboundSend.objects.count() == 3, "three are sent")
    sent = set(OutboundSend.objects.values_list("lead__first_name", flat=True))
    assert sent == set(order[1:4]) and keys == 3 and loads == []
    page.get_by_label(f"Reply to {order[4]}").fill("Changed")
    page.keyboard.press("Escape")
    page.locator(".row", has_text=order[4]).locator("a").focus()
    page.keyboard.press("Enter")  # a changed draft is not sent by one key
    page.keyboard.press("z")
    until(lambda: OutboundSend.objects.count() == 2, "the last one is taken back")
    assert Draft.objects.get(lead__first_name=order[3]).status == "pending"
    assert Draft.objects.get(lead__first_name=order[4]).status == "pending"


def test_a_message_that_counts_down_is_taken_back_after_the_list_has_changed(page, clients, drafts):
    page.goto("/desk/?view=drafts")
    order = names(page)
    page.keyboard.press("Enter")  # opens
    expect(page.locator(SENDS)).to_be_visible()
    page.evaluate(NOTES_ANSWER)
    page.keyboard.press("Enter")
    until(lambda: page.evaluate("window.answered"), "the page knows what to undo")
    for number, address in (("5", "view=declined"), ("2", "view=drafts")):
        page.keyboard.press(number)
        expect(page).to_have_url(re.compile(address))
        expect(page.locator(".toast", has_text=f"To {order[0]} in ")).to_be_visible()
    page.keyboard.press("5")
    expect(page).to_have_url(re.compile("view=declined"))
    expect(page.locator(".toast", has_text=f"To {order[0]} in ")).to_be_visible()
    page.keyboard.press("z")
    until(lambda: not OutboundSend.objects.exists(), "it is taken back")
    expect(page.locator("#lead")).to_have_text(order[0])
    expect(page.get_by_label(f"Reply to {order[0]}")).to_be_focused()
    expect(page.locator(".toast")).to_have_count(0)


NOTES_ANSWER = """() => { const send = window.fetch; window.fetch = (url, options) => {
  if (options?.body?.get("do")?.startsWith("send"))
    addEventListener("holdfast:sent", () => { window.answered = true; }, { once: true });
  return send(url, options); }; }"""
"""Notes that the page has read the answer to a send. It posts one after the other, so no other ends meanwhile."""
SLOW_POSTS = """() => { const send = window.fetch; window.fetch = async (url, options) => {
  if (options?.method === "POST") await new Promise((done) => setTimeout(done, 1500));
  return send(url, options); }; }"""


def test_the_list_goes_on_below_its_page_while_answers_are_on_their_way(page, clients, drafts, monkeypatch):
    monkeypatch.setattr(conversation_list, "PAGE_SIZE", 4)
    page.goto("/desk/?view=drafts")
    expect(page.locator(".row")).to_have_count(4)
    page.evaluate(SLOW_POSTS)
    page.keyboard.press("Enter")  # opens
    letters = (clients[0].name[:1], "B", "L")
    for name in [f"{letter}{number}" for number in range(3) for letter in letters]:
        expect(page.locator("#lead")).to_have_text(name)
        expect(page.locator(SENDS)).to_be_visible()
        page.keyboard.press("Enter")
    until(lambda: OutboundSend.objects.count() == 9, "all are sent")


CLIENTS, REPLIES = forms.either((3, 9), (12, 200))
TAKEN_BACK = forms.either((), (30, 95, 160))
"""The places of the answers that the setter takes back once, and sends again."""


@pytest.fixture
def providers(transactional_db):
    """Every provider with nothing in it."""
    forget_calls()
    with SandboxServer() as sandbox, settings_for(sandbox):
        yield sandbox


def a_day(named: str, providers: SandboxServer) -> tuple[User, list[Lead]]:
    """A setter of CLIENTS clients, and REPLIES replies with ready drafts, of mixed age and worth, in the list's order.
    A lead without a score counts as 2.
    """
    settings = {"undo_send_s": 3_600, "signature": "Ana"}
    clients = [factories.make_workspace(f"{named} {number:02}", **settings) for number in range(CLIENTS)]
    setter = factories.make_member(clients[0])
    for number, client in enumerate(clients):
        if number:
            Membership.objects.create(workspace=client, user=setter, role=Membership.Role.MEMBER)
        factories.make_integration(
            client, credentials={"api_key": account_of(client)}, external_account_id=f"{named}{number}",
            config={"base_url": providers.url("emailbison")},
        )  # fmt: skip
    random, leads = Random(35), []
    for number, minutes in enumerate(random.sample(range(1, 3_000), REPLIES)):
        at = ago(minutes=minutes)
        lead = factories.make_lead(
            clients[number % CLIENTS], first_name=f"{named} lead {number:03}", last_name="", needs_reply=True,
            email=f"{named.lower()}{number}@example.com", score=random.choice((4, 3, 2, None, 1)),
            last_message_at=at, last_inbound_at=at,
        )  # fmt: skip
        message = factories.make_message(lead, f"Words of {lead.first_name}.", sent_at=at)
        factories.make_draft(message, f"Gladly, {lead.first_name}.\n\nAna", verification={"problems": []})
        leads.append(lead)
    return setter, sorted(leads, key=lambda lead: (-(lead.score or 2), lead.last_inbound_at))


def account_of(client: Workspace) -> str:
    """The key of the client's account, which is its name at the provider."""
    return f"key-{client.pk}"


class Played:
    """A page in which a setter presses keys and buttons: how many, and how often the page loads."""

    def __init__(self, page: Page, start: str) -> None:
        page.goto(start)
        self.page, self.presses, self.loads = page, 0, 0
        page.on("request", self._count)

    def _count(self, request) -> None:
        self.loads += request.is_navigation_request()

    def press(self, target: str | Locator) -> None:
        self.presses += 1
        if isinstance(target, str):
            self.page.keyboard.press(target)
        else:
            target.click()

    def send(self, lead: Lead) -> None:
        expect(self.page.locator("#lead")).to_have_text(lead.first_name)
        expect(self.page.locator(SENDS)).to_be_visible()
        self.press("Enter")

    def take_back(self, lead: Lead) -> None:
        """Takes the answer to `lead` back, and sends it again."""
        self.press("z")
        expect(self.page.locator("#lead")).to_have_text(lead.first_name)
        expect(self.page.get_by_label(f"Reply to {lead.first_name}")).to_be_focused()
        self.press("Control+Shift+Enter")

    def end(self, way: str, leads: list[Lead]) -> tuple[float, float]:
        """Waits until all are claimed. Prints and returns the presses and the page loads for each answer."""
        sends = OutboundSend.objects.filter(lead__in=leads)
        until(lambda: sends.count() == len(leads), "all are claimed")
        presses, loads = self.presses / len(leads), self.loads / len(leads)
        print(
            f"\n{len(leads)} answers to {CLIENTS} clients {way}: {presses:.2f} presses, {loads:.2f} page loads each."
        )
        return presses, loads


def let_all_go_out(leads: list[Lead], providers: SandboxServer) -> None:
    """Ends the countdowns. Each client's account has then sent the drafts of its own leads once, and no draft waits."""
    sends, past = OutboundSend.objects.filter(lead__in=leads), ago(seconds=1)
    sends.update(send_at=past)
    BackgroundJob.objects.filter(kind="reply.send").update(run_at=past)
    drain()
    assert [send.state for send in sends.exclude(state=OutboundSend.State.SENT)] == []
    mails = [(mail["account"], mail["to"]) for mail in providers.sends(provider="emailbison")]
    ours = {lead.email for lead in leads}
    assert sorted(mail for mail in mails if mail[1] in ours) == sorted(
        (account_of(lead.workspace), lead.email) for lead in leads
    )
    assert not Draft.objects.filter(lead__in=leads, status=Draft.Status.PENDING).exists()


@pytest.mark.shortened
@pytest.mark.timeout(3_600)
def test_a_day_of_replies_takes_fewer_keys_in_one_list_than_by_switching(open_page, providers, capsys):
    setter, leads = a_day("Desk", providers)
    desk = Played(open_page(setter), "/desk/?view=drafts")
    expect(desk.page.locator("#lead")).to_have_text(leads[0].first_name)
    desk.press("Enter")  # opens the first
    for place, lead in enumerate(leads):
        desk.send(lead)
        if place in TAKEN_BACK:
            desk.take_back(lead)
    with capsys.disabled():
        over_all = desk.end("in one list", leads)
    expect(desk.page.locator(".row")).to_have_count(0)
    let_all_go_out(leads, providers)

    setter, leads = a_day("Switch", providers)
    switching = Played(open_page(setter), f"/w/{leads[0].workspace_id}/inbox/")
    here = leads[0].workspace
    for lead in leads:
        if lead.workspace != here:
            here = lead.workspace
            switching.press(switching.page.locator("#ws summary"))
            switching.press(switching.page.locator("#ws a", has_text=here.name))
        switching.press(switching.page.locator(f"#row-{lead.pk} > a"))
        switching.send(lead)
    with capsys.disabled():
        by_switching = switching.end("by switching", leads)
    let_all_go_out(leads, providers)
    assert over_all[0] <= 2 and over_all[1] == 0
    assert by_switching[0] > over_all[0] and by_switching[1] > 0.5


EVERY = tuple(key for key, folder in FOLDERS.items() if folder.counted)
LEFT = forms.either(("needs-reply", "hot", "declined"), EVERY)
"""The folders that a setter leaves for the hot replies. "declined" is empty."""


@pytest.mark.shortened
def test_one_press_opens_the_next_hot_reply_from_every_page_of_the_list(page, clients, monkeypatch):
    monkeypatch.setattr(conversation_list, "PAGE_SIZE", 4)
    hottest, second = f"{clients[0].name[:1]}0", "B0"
    page.goto("/desk/?view=needs-reply")
    later = page.get_by_role("link", name="Next").get_attribute("href")
    lead = Lead.objects.get(first_name="L2")
    opened = f"/w/{lead.workspace_id}/inbox/{lead.pk}/?view=unread&desk=1"
    for address in ("/desk/", *(f"/desk/?view={folder}" for folder in LEFT), later, opened):
        played = Played(page, address)
        played.press("1")
        expect(page).to_have_url(re.compile(r"/desk/\?view=hot$"))
        expect(page.locator("#lead")).to_have_text(hottest)
        expect(page.locator(".row")).to_have_count(4)
        assert (played.presses, played.loads) == (1, 1), address
    page.keyboard.press("e")
    expect(page.locator("#lead")).to_have_text(second)
    page.goto(opened)
    page.get_by_label("Message to L2").fill("A text that is not sent yet")
    page.locator("#tabs a", has_text="Hot").click()  # a key would write a letter
    expect(page.locator("#lead")).to_have_text(second)


def test_a_second_press_of_enter_does_not_send_the_next_draft_before_it_is_read(page, drafts):
    page.goto("/desk/?view=drafts")
    order = names(page)
    page.keyboard.press("Enter")  # opens
    page.keyboard.press("Enter")
    expect(page.locator("#lead")).to_have_text(order[0])
    expect(page.locator(SENDS)).to_be_visible()
    page.evaluate(TWO_PRESSES)
    expect(page.locator("#lead")).to_have_text(order[1])
    until(lambda: OutboundSend.objects.exists(), "the first is sent")
    assert [send.lead.first_name for send in OutboundSend.objects.all()] == [order[0]]


def test_a_workspace_that_asks_for_two_enters_arms_with_the_first_and_sends_with_the_second(
    page, clients, drafts
):
    type(clients[0]).objects.update(enter_twice=True)
    page.goto("/desk/?view=drafts")
    order, words = names(page), page.get_by_text("Press Enter again to send. Esc cancels.")

    def arms() -> bool:
        expect(page.locator(SENDS)).to_be_visible()
        page.keyboard.press("Enter")  # the page passes over it if the conversation has just been renewed
        return words.is_visible()

    page.keyboard.press("Enter")  # opens
    expect(page.locator(SENDS)).to_be_visible()
    until(arms, "Enter asks for a second one")
    page.keyboard.press("Escape")
    expect(words).to_have_count(0)
    expect(page.locator(SENDS)).to_be_visible()  # the conversation is still open
    until(arms, "Enter asks for a second one")
    assert not OutboundSend.objects.exists()
    page.keyboard.press("Enter")
    expect(page.locator("#lead")).to_have_text(order[1])
    until(lambda: OutboundSend.objects.exists(), "the first is sent")
    expect(words).to_have_count(0)
    expect(page.locator(SENDS)).to_be_visible()
    until(arms, "Enter asks for a second one")
    assert [send.lead.first_name for send in OutboundSend.objects.all()] == [order[0]]


def test_enter_in_an_open_menu_does_not_send_the_draft_behind_it(page, drafts):
    page.goto("/desk/?view=drafts")
    order = names(page)
    page.keyboard.press("Enter")  # opens
    expect(page.locator(SENDS)).to_be_visible()
    page.get_by_role("button", name="account and theme").click()
    page.locator("#me p").last.click()  # the focus leaves the button
    page.keyboard.press("Enter")
    expect(page.locator(SENDS)).to_be_visible()  # again, half a second after the key
    expect(page.locator("#lead")).to_have_text(order[0])
    assert not OutboundSend.objects.exists()


def test_enter_pressed_before_a_conversation_has_loaded_does_not_send_its_draft(page, drafts):
    slow = []
    page.route(
        re.compile(rf"/inbox/{Lead.objects.get(first_name='B0').pk}/"), lambda route: slow.append(route)
    )
    page.goto("/desk/?view=drafts")
    page.keyboard.press("Enter")  # opens the first
    expect(page.locator(SENDS)).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator("#convo[aria-busy]")).to_be_visible()
    page.keyboard.press("y")
    page.keyboard.press("Enter")
    slow[0].continue_()
    expect(page.locator("form[data-ready]")).to_be_visible()
    expect(page.locator("#lead")).to_have_text("B0")
    assert not OutboundSend.objects.exists()


def test_those_who_declined_are_done_with_by_one_button_and_come_back_by_z(page, clients):
    Lead.objects.filter(first_name__endswith="1").update(tag="Not Interested")
    page.goto("/desk/")
    page.keyboard.press("5")
    page.wait_for_url("**view=declined")  # and for its scripts, without which the button does nothing
    expect(page.locator(".row")).to_have_count(3)
    page.get_by_role("button", name="Mark all shown as done").click()
    until(lambda: Lead.objects.filter(needs_reply=False).count() == 3, "all three are done")
    page.keyboard.press("z")
    until(lambda: not Lead.objects.filter(needs_reply=False).exists(), "all three wait again")


def test_ticked_rows_of_several_clients_are_done_and_undone_together(page, clients):
    for name in ("B0", "L0", "L1"):
        page.get_by_role("checkbox", name=f"Select {name}").check(force=True)
    page.keyboard.press("e")
    expect(page.locator(".row")).to_have_count(6)
    until(lambda: Lead.objects.filter(needs_reply=False).count() == 3, "three are done")
    page.keyboard.press("z")
    expect(page.locator(".row")).to_have_count(9)
    until(lambda: not Lead.objects.filter(needs_reply=False).exists(), "all wait again")


def test_ticked_rows_of_several_clients_get_the_label_of_each_and_the_others_are_told(page, clients):
    own = [factories.make_label(client, name="VIP") for client in clients[:2]]
    page.reload()
    for name in ("B0", "L0", "L1", f"{clients[0].name[:1]}0"):
        page.get_by_role("checkbox", name=f"Select {name}").check(force=True)
    page.keyboard.press("l")
    page.get_by_role("dialog", name="Labels").get_by_role("button", name="VIP", exact=True).click()
    skipped = "Larkspur has no label “VIP”: 2 conversations were skipped."
    expect(page.locator(".toast").filter(has_text=skipped)).to_be_visible()
    on = LeadLabel.objects.filter(state="on")
    until(lambda: on.count() == 2, "two have it")
    assert {(row.lead.workspace, row.label) for row in on} == {(label.workspace, label) for label in own}
    expect(page.locator(".row .chip.label")).to_have_count(2)
    page.keyboard.press("z")  # it takes back no earlier step
    expect(page.locator(".toast").filter(has_text="Not undone.")).to_be_visible()


def test_ticked_rows_of_several_clients_are_assigned_and_unassigned_together(page, clients, user):
    for name in ("B0", "L0"):  # of two clients, neither of which is that of the open conversation
        page.get_by_role("checkbox", name=f"Select {name}").check(force=True)
    page.keyboard.press("m")
    page.get_by_role("dialog", name="Assign to").get_by_role("button", name="You").click()
    owned = Lead.objects.filter(assigned_to=user)
    until(lambda: set(owned.values_list("first_name", flat=True)) == {"B0", "L0"}, "both are assigned")
    page.keyboard.press("z")
    until(lambda: not owned.exists(), "nobody is assigned again")


def test_a_client_that_refuses_leaves_the_others_assigned_and_one_toast_says_so(page, clients):
    ben = factories.make_member(clients[0], first_name="Ben", last_name="Okoro")
    for client in clients[1:]:
        Membership.objects.create(workspace=client, user=ben, role=Membership.Role.MEMBER)
    page.reload()
    first = clients[0].name[:1]
    for name in (f"{first}0", "B0", "L0"):
        page.get_by_role("checkbox", name=f"Select {name}").check(force=True)
    page.keyboard.press("m")
    Membership.objects.filter(user=ben).exclude(workspace=clients[0]).delete()
    page.get_by_role("dialog", name="Assign to").get_by_role("button", name="Ben Okoro").click()
    toast = page.locator("#toasts .toast")
    for client in clients[1:]:
        expect(toast).to_contain_text(f"Choose a member who can answer in {client.name}.")
    expect(toast).to_contain_text(f"Assigned to Ben Okoro: {first}0.")
    expect(toast).to_have_count(1)
    owned = Lead.objects.filter(assigned_to=ben)
    until(lambda: owned.count() == 1, "the client that did not refuse has assigned")
    toast.get_by_role("button", name="Undo").click()
    until(lambda: not owned.exists(), "the assigned one is taken back")


def test_a_reply_to_another_client_comes_into_the_open_list(page, clients):
    expect(page.locator(".row")).to_have_count(9)
    factories.make_message(factories.make_lead(clients[2], first_name="New", last_name=""), "Hello")
    at = ago(minutes=1)
    Lead.objects.filter(first_name="New").update(
        needs_reply=True, last_message_at=at, last_inbound_at=at, score=4
    )
    expect(page.locator(".row").filter(has_text="New")).to_be_visible()


@pytest.mark.parametrize(
    ("width", "scheme"), [(1440, "light"), (1440, "dark"), (375, "light"), (375, "dark")]
)
def test_the_list_over_all_is_accessible_and_fits(user, clients, open_page, width, scheme):
    page = open_page(user, width=width, color_scheme=scheme)
    page.goto("/desk/")
    expect(page.locator(".row").first).to_be_visible()
    assert audit(page) == []
