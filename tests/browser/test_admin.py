"""The admin in a browser, as an admin of a workspace and an operator use it: by eye, by keyboard and on a phone."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from inbox.models import Membership
from tests import factories, forms
from tests.browser.audit import audit

SECRET_TEXT = "Only the team may read this sentence."


@pytest.fixture
def message(workspace):
    return factories.make_message(factories.make_lead(workspace), SECRET_TEXT)


@pytest.mark.parametrize(("width", "theme"), forms.spread([1440, 375], ["light", "dark"], one_in=4))
def test_pages_of_the_admin_are_accessible_and_fit(width, theme, workspace, user, message, open_page):
    user.theme = theme
    user.save()
    Membership.objects.create(workspace=factories.make_workspace("Bluebird"), user=user, role="owner")
    page = open_page(user, width=width, color_scheme=theme)
    change = reverse("admin:inbox_message_change", args=[message.pk])
    found = {}
    for address in (
        reverse("admin:index"),
        reverse("admin:inbox_message_changelist"),
        change,
        reverse("admin:inbox_workspace_change", args=[workspace.pk]),
        reverse("admin:inbox_workspace_history", args=[workspace.pk]),
        reverse("admin:inbox_membership_changelist"),
    ):
        page.goto(address)
        if problems := audit(page):
            found[address] = problems
    assert found == {}


def test_the_switcher_narrows_by_keyboard_alone(workspace, user, message, open_page):
    other = factories.make_workspace("Bluebird")
    Membership.objects.create(workspace=other, user=user, role="owner")
    page = open_page(user)
    page.goto(reverse("admin:inbox_message_changelist"))
    expect(page.locator("#result_list tbody tr")).to_have_count(1)

    page.get_by_role("button", name="All workspaces").press("Enter")
    page.get_by_role("button", name="Bluebird").press("Enter")

    expect(page.locator("#branding").get_by_role("button", name="Bluebird")).to_be_visible()
    expect(page.locator("#result_list tbody tr")).to_have_count(0)


def test_a_superuser_says_why_before_they_read_a_text(message, open_page):
    page = open_page(factories.make_user("root@example.com", is_staff=True, is_superuser=True))
    page.goto(reverse("admin:inbox_message_change", args=[message.pk]))
    expect(page.get_by_text(SECRET_TEXT)).to_have_count(0)

    page.get_by_role("link", name="Give a reason to read it").click()
    page.get_by_label("Reason for reading this text").fill("The owner asked about a lost reply.")
    assert audit(page) == []
    page.get_by_role("button", name="Show text").click()

    expect(page.get_by_text(SECRET_TEXT).first).to_be_visible()


def test_a_no_in_a_list_is_no_red_cross(workspace, user, message, open_page):
    page = open_page(user)
    page.goto(reverse("admin:inbox_lead_changelist"))
    answer = page.locator("#result_list img[alt=False]").first
    expect(answer).to_have_css("content", re.compile(r"/no\b.*\.svg"))
    assert answer.evaluate("image => image.complete && image.naturalWidth > 0")
