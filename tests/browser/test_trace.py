"""What happened to one reply, read in a browser: by eye, by keyboard, on a phone, and without script."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from inbox.models import Membership, Message, OutboundSend, SendingPolicy, User
from inbox.replying import review
from sandbox import SandboxServer
from tests import factories, forms
from tests.browser.audit import audit
from tests.waiting import until
from tests.world import World, forget_calls, settings_for


@pytest.fixture
def world(transactional_db):
    forget_calls()
    with SandboxServer() as sandbox, settings_for(sandbox):
        yield World.make(sandbox)


@pytest.fixture
def member(world) -> User:
    return factories.make_member(
        world.workspace,
        Membership.Role.ADMIN,
        email="ana@northwind.example.com",
        first_name="Ana",
        last_name="Lindqvist",
    )


@pytest.fixture
def message(world, member) -> Message:
    """A reply that came twice, was held, approved, sent without a clear answer, and found at the provider."""
    factories.make_policy(world.workspace, mode=SendingPolicy.Mode.AUTO, business_hours_only=False)
    world.workspace.sends_paused = True
    world.workspace.save()
    told = world.sandbox.emit(
        "emailbison", world.key, "LEAD_REPLIED", deliver=False, subject="Re: winter work",
        lead={"email": "ruth@delgado-freight.example.com", "first_name": "Ruth", "last_name": "Delgado"},
        text="Could you show me how it handles two locations? And roughly what it runs.", campaign={"id": 901},
        sender={"id": 311, "email": "alex@outreach.example.com", "name": "Alex"},
    )  # fmt: skip
    message = world.take(told["body"])
    world.take(told["body"])
    world.work()
    world.sandbox.fault(provider="emailbison", kind="accept_drop", path=r"/reply$", count=1)
    send = review.approve(
        world.draft(message), user=member, text="Let us look at it together: Thursday at 1:00?"
    )
    world.work()

    def found() -> bool:
        world.work()
        return OutboundSend.objects.get(pk=send.pk).state == OutboundSend.State.SENT

    until(found, "the send was found in the provider's list")
    return message


def address(world: World, message: Message) -> str:
    return reverse("inbox:trace", args=[world.workspace.pk, "message", message.pk])


@pytest.mark.parametrize(("width", "theme"), forms.spread([1440, 375], ["light", "dark"], one_in=4))
def test_both_pages_are_accessible_and_fit(width, theme, world, member, message, open_page):
    member.theme = theme
    member.save()
    page = open_page(member, width=width)
    find = reverse("inbox:find", args=[world.workspace.pk])
    account = world.workspace.integrations.get(provider="emailbison")
    asked = f"{find}?q=ruth@delgado-freight.example.com&ask={account.pk}"
    for name, path in (
        ("trace", address(world, message)),
        ("trace-find", asked),
        ("trace-none", f"{find}?q=nobody@example.org"),
    ):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert audit(page) == [], name


def test_from_a_message_to_what_happened_and_on_to_the_send_by_keyboard(world, member, message, open_page):
    page = open_page(member)
    page.goto(reverse("inbox:conversation", args=[world.workspace.pk, message.lead_id]))
    page.locator("body").press("i")  # the newest message is our own answer: it tells the same story
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Answered in "))
    page.go_back()
    page.locator(f"#message-{message.pk}").get_by_role("link", name="Trace").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/trace/message/{message.pk}/"))
    steps = page.locator("ol.steps > li")
    expect(steps.filter(has_text="New, not a duplicate")).to_have_count(1)
    expect(steps.filter(has_text="A duplicate, so nothing was stored twice")).to_have_count(1)
    expect(steps.filter(has_text="Automatic answers are off for this workspace.").first).to_be_visible()
    expect(steps.filter(has_text="Not confirmed").first).to_be_visible()

    checks = steps.filter(has_text="Held for a person").locator("summary")
    checks.focus()
    page.keyboard.press("Enter")
    expect(steps.filter(has_text="Held for a person").locator("details li").first).to_be_visible()

    records = page.get_by_role("region", name="Records")
    records.get_by_role("link", name=re.compile("^Send ")).first.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/trace/send/"))
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Answered in "))


def test_without_script_an_address_is_looked_for_and_the_provider_asked(world, member, message, open_page):
    page = open_page(member, java_script_enabled=False)
    page.goto(reverse("inbox:find", args=[world.workspace.pk]))
    page.get_by_label("Email address, phone number or ID").fill("ruth@delgado-freight.example.com")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("heading", name="Records for the address")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Ask EmailBison")).click()
    expect(page.get_by_role("status").first).to_contain_text("lists 2 messages for it")
    page.get_by_role("region", name="Messages", exact=True).get_by_role(
        "link", name="Re: winter work"
    ).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Answered in "))


@pytest.mark.parametrize(("width", "theme"), forms.spread([375, 1440], ["dark", "light"], one_in=4))
def test_in_the_admin_it_is_read_without_words_until_somebody_says_why(
    width, theme, world, message, open_page
):
    root = factories.make_user("root@example.com", is_staff=True, is_superuser=True, theme=theme)
    page = open_page(root, width=width, color_scheme=theme)
    page.goto(reverse("admin:trace", args=["message", message.pk]))
    expect(page.get_by_role("heading", name=re.compile("^Answered in "))).to_be_visible()
    expect(page.locator("ol.steps")).not_to_contain_text("two locations")
    page.locator("#header").evaluate("header => header.remove()")  # Django's own, on every page of the admin
    assert audit(page) == []

    page.get_by_role("link", name="Give a reason to read it").click()
    page.get_by_label(re.compile("^Reason for reading")).fill("They asked why it went out so late.")
    page.get_by_role("button", name="Show text for an hour").click()
    expect(page.locator("ol.steps")).to_contain_text("two locations")
