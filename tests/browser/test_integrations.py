"""The integrations page, the fire drill and the way back, driven in both themes and on a phone."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from inbox.health import receipts
from integrations.health import probes, writer
from integrations.models import DayReceipt, Integration
from jobs.worker import drain
from sandbox import SandboxServer
from tests import factories, forms
from tests.browser.audit import audit
from tests.world import World, forget_calls, settings_for

ACCOUNT = "uni_acc_pages"


@pytest.fixture
def world(transactional_db):
    forget_calls()
    writer.forget_successes()
    with SandboxServer() as sandbox, settings_for(sandbox):
        yield World.make(sandbox)


@pytest.fixture
def page(world, open_page, request):
    width, theme = request.param
    world.user.theme = theme
    world.user.save()
    world.workspace.memberships.update(role="admin")
    return open_page(world.user, width=width)


def page_like(short: str) -> pytest.MarkDecorator:
    """Both widths and themes, of which `make test` has the one called `short`."""
    pages = forms.some([(1440, "light"), (375, "dark")], ["wide", "narrow"], [short])
    return pytest.mark.parametrize("page", pages, indirect=True)


@page_like("wide")
def test_an_admin_connects_an_account_tests_it_and_sees_its_first_event(page, world):
    page.goto(f"/w/{world.workspace.pk}/integrations/")
    page.get_by_role("link", name="Connect LinkedIn (Unipile)").click()
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("alert")).to_contain_text("Not saved")
    assert audit(page) == []
    page.get_by_label("Account ID").fill(ACCOUNT)
    page.get_by_label("API key", exact=True).fill("key-unipile")
    page.get_by_label("API URL").fill(world.sandbox.url("unipile"))
    page.get_by_role("button", name="Connect").click()
    card = page.get_by_role("region", name="LinkedIn")
    expect(card).to_contain_text("Waiting for the first event")
    card.get_by_role("button", name="Test LinkedIn").click()
    expect(card.get_by_role("list", name="Test of LinkedIn").get_by_role("listitem")).to_have_count(4)
    expect(card).to_contain_text("Connected")
    expect(card).to_contain_text("Paste this card’s webhook URL into the provider")
    assert audit(page) == []

    account = world.workspace.integrations.get(provider="unipile")
    world.add_webhook("linkedin", "linkedin", account)
    body = world.sandbox.emit(
        "unipile", ACCOUNT, "message.received", deliver=False, chat_id="c", text="Hi", message_id="m-1"
    )
    world.take(body["body"], "linkedin")
    expect(card).not_to_contain_text("Waiting for the first event")
    expect(card).to_contain_text("message")
    card.get_by_role("link", name="Settings for LinkedIn").click()
    expect(page.get_by_text("is saved. Leave this empty to keep it")).to_be_visible()
    assert audit(page) == []


@page_like("narrow")
def test_a_drill_is_started_and_shows_its_verdicts(page, world):
    page.goto(f"/w/{world.workspace.pk}/health/")
    page.get_by_role("link", name="Fire drill").click()
    page.get_by_role("button", name="Start the drill").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    drain()
    expect(page.get_by_text("Passed", exact=True).first).to_be_visible()  # by the page's own poll
    expect(page.get_by_text("3 of 3 messages are in the inbox.")).to_be_visible()
    assert audit(page) == []


@page_like("narrow")
def test_the_pages_of_an_outage_are_accessible(page, world, open_page):
    account = world.connect("unipile", ACCOUNT, api_key="key-unipile")
    probes.check_now(account)
    world.sandbox.set_account("unipile", ACCOUNT, "disconnected")
    probes.check_now(account)
    page.goto(f"/w/{world.workspace.pk}/health/")
    expect(
        page.get_by_role("row", name=re.compile("LinkedIn for Outreach.*Needs reconnect"))
    ).to_contain_text("so far")
    assert audit(page) == []
    page.goto(f"/w/{world.workspace.pk}/inbox/")
    assert audit(page) == []
    page.get_by_role("button", name="Get a link for the owner").click()
    link = page.get_by_label("Link for Outreach").input_value()
    assert audit(page) == []
    owner = open_page(width=375)
    owner.goto(link)
    assert audit(owner) == []
    owner.get_by_role("button", name="Reconnect").click()
    log_in = owner.get_by_role("link", name="Continue to log in")
    expect(log_in).to_be_visible()
    assert audit(owner) == []
    log_in.click()
    owner.get_by_role("button", name="Reconnect LinkedIn").click()
    expect(owner.get_by_role("heading", level=1)).to_have_text("Thank you")
    drain()
    owner.get_by_role("link", name="Check again").click()
    expect(owner.get_by_role("heading", level=1)).to_have_text("Your account is connected again")


@page_like("narrow")
def test_receipts_of_an_account_are_read_at_any_width(page, world):
    account, now = world.workspace.integrations.get(provider="emailbison"), timezone.now()
    Integration.objects.update(created_at=now - timedelta(days=3))
    writer.record(account, writer.Signal(writer.SignalKind.WORKED))
    for back in range(3):
        missing = {"reasons": {"No time.": 1}, "missing": 1} if back == 1 else {"missing": 0}
        for kind in receipts.kinds_of("emailbison"):
            DayReceipt.objects.create(
                integration=account,
                day=(now - timedelta(days=back)).date(),
                kind=kind,
                listed=1284,
                held=1284 - missing["missing"],
                fetched=3,
                compared_through=now - timedelta(minutes=20),
                **missing,
            )
    page.goto(f"/w/{world.workspace.pk}/integrations/")
    assert audit(page) == []
    page.get_by_role("link", name="Receipts").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipts for EmailBison for Outreach")
    expect(page.get_by_role("row").filter(has_text="No time.").first).to_contain_text("Incomplete")
    expect(page.get_by_role("region", name="Can’t be compared")).to_contain_text("but not their times")
    assert audit(page) == []
    factories.make_message(factories.make_lead(world.workspace))
    page.goto(f"/w/{world.workspace.pk}/inbox/?view=all")
    expect(page.get_by_role("link", name="Some messages may be missing. See Accounts.")).to_be_visible()
    assert audit(page) == []
