"""A person's own page of their log-in, by keyboard, at a phone's width, and dark."""

import pytest
from django.test import Client
from playwright.sync_api import expect

from tests.browser.audit import audit


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

    expect(page.get_by_text("Logged out there.")).to_be_visible()
    assert other.get("/account/").status_code == 302
