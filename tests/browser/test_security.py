"""A person's own page of their login, by keyboard, at a phone's width, and dark."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from playwright.sync_api import expect

from inbox.models import Workspace
from inbox.workspaces.identity import PROVEN
from tests.browser.audit import audit
from tests.factories import PASSWORD
from tests.factors import code_of


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_person_logs_out_another_browser_on_a_phone(open_page, user, scheme):
    other = Client(headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0"})
    other.force_login(user)
    other.get("/account/")
    page = open_page(user, width=375, color_scheme=scheme)

    page.goto("/account/security/")
    expect(page.get_by_text("this browser")).to_be_visible()
    assert audit(page) == []
    page.get_by_role("button", name="Log out of Firefox on Windows").press("Enter")

    expect(page.get_by_text("Firefox on Windows is logged out.")).to_be_visible()
    assert other.get("/account/").status_code == 302


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_person_sets_up_their_phone_loses_it_and_gets_back_in(open_page, user, workspace, scheme):
    """At a phone's width, led through it by a workspace that requires it, by keyboard."""
    Workspace.objects.update(requires_second_factor=True)
    page = open_page(user, width=375, color_scheme=scheme)
    page.goto(f"/w/{workspace.pk}/people/security/")
    expect(page.get_by_text(f"{workspace.name} requires two-step login.")).to_be_visible()
    assert audit(page) == []
    page.get_by_label("Enter the six digits").fill("123")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("That code didn’t work.")
    assert audit(page) == []
    page.get_by_label("Enter the six digits").fill(code_of(user.second_factor))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Save your recovery codes")).to_be_visible()
    assert audit(page) == []
    recovery = page.get_by_role("list", name="Recovery codes").get_by_role("listitem").first.inner_text()
    page.get_by_role("link", name="I’ve saved them").press("Enter")
    expect(page.get_by_text("Password and code")).to_be_visible()
    assert audit(page) == []

    page.context.clear_cookies()
    page.goto("/account/security/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Enter the code from your phone")).to_be_visible()
    assert audit(page) == []
    page.get_by_role("textbox", name="Code").fill(recovery)
    page.keyboard.press("Enter")

    expect(page.get_by_text("9 recovery codes left.")).to_be_visible()
    assert audit(page) == []


def test_what_was_typed_is_there_after_the_question(open_page, user, workspace):
    page = open_page(user, width=375)
    page.goto(
        f"/w/{workspace.pk}/settings/retention/?keep_messages_days=365&keep_bodies_days=7&keep_model_calls_days=30"
    )
    for session in Session.objects.all():
        store = session.get_session_store_class()(session.pk)
        store[PROVEN] = 0
        store.save()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Confirm it’s you")).to_be_visible()
    assert audit(page) == []
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")

    expect(page.get_by_text("Older data is deleted within the hour.")).to_be_visible()
    workspace.refresh_from_db()
    assert workspace.keep_messages_days == 365
