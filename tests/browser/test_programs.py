"""The page Programs: an admin makes a token, adds an endpoint, tests it and sees what became of its events."""

import os

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from inbox.events import delivery, endpoints
from integrations.models import ApiToken, WebhookAttempt, WebhookEndpoint
from jobs.models import BackgroundJob
from jobs.worker import drain
from tests import factories, forms
from tests.browser.audit import audit
from tests.inbox.events.receiver import Receiver
from tests.world import forget_calls

SHOTS = os.environ.get("PROGRAM_SHOTS")


def page_like(short: str) -> pytest.MarkDecorator:
    pages = forms.some([(1440, "light"), (375, "dark")], ["wide", "narrow"], [short])
    return pytest.mark.parametrize("page", pages, indirect=True)


@pytest.fixture
def page(user, open_page, request):
    width, theme = request.param
    user.theme = theme
    user.save()
    forget_calls()
    return open_page(user, width=width)


def shoot(page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}-{page.viewport_size['width']}.png", full_page=True)


def deliver() -> None:
    BackgroundJob.objects.all().delete()
    WebhookAttempt.objects.filter(finished_at=None).update(due_at=timezone.now())
    delivery.feed()
    drain()


@page_like("wide")
def test_an_admin_makes_a_token_sees_it_once_and_revokes_it(page, workspace):
    page.goto(f"/w/{workspace.pk}/programs/")
    expect(page.get_by_text("No tokens yet")).to_be_visible()
    assert audit(page) == []
    page.get_by_label("Name").fill("HubSpot sync")
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_role("alert")).to_contain_text("Not created")
    page.get_by_label("Only from these addresses").fill("203.0.113.7")
    page.get_by_role("checkbox", name="leads:read").check()
    page.get_by_role("checkbox", name="events:read").check()
    page.get_by_role("button", name="Create token").click()
    shown = page.get_by_role("textbox", name="Secret")
    token = ApiToken.objects.get()
    assert shown.input_value().startswith(f"hf_{token.visible}_")
    assert token.scopes == ["events:read", "leads:read"] and token.sources == ["203.0.113.7/32"]
    assert audit(page) == []
    shoot(page, "token")
    page.get_by_role("link", name="I’ve saved it").click()
    expect(page.get_by_role("textbox", name="Secret")).to_have_count(0)
    page.get_by_role("button", name="Revoke HubSpot sync").click()
    expect(page.get_by_text("No tokens yet")).to_be_visible()
    token.refresh_from_db()
    assert token.revoked_at


@page_like("narrow")
def test_an_admin_adds_an_endpoint_tests_it_and_sends_what_was_missed(page, workspace):
    with Receiver(204, 410) as receiver:
        page.goto(f"/w/{workspace.pk}/programs/")
        page.get_by_role("link", name="Add endpoint").click()
        page.get_by_role("textbox", name="Address").fill("ftp://nowhere")
        page.get_by_role("button", name="Add endpoint").click()
        expect(page.get_by_role("alert")).to_contain_text("Not saved")
        assert audit(page) == []
        shoot(page, "form")
        page.get_by_role("textbox", name="Address").fill(receiver.url)
        page.get_by_role("button", name="Add endpoint").click()
        endpoint = WebhookEndpoint.objects.get()
        assert page.get_by_role("textbox", name="Secret").input_value() == endpoint.secret
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_role("status").filter(has_text="on its way")).to_be_visible()
        deliver()
        factories.make_lead(workspace)
        deliver()
        page.goto(f"/w/{workspace.pk}/programs/")
        expect(page.get_by_text("it answered “410 Gone”")).to_be_visible()
        page.get_by_text("Last attempts", exact=True).click()
        assert audit(page) == []
        shoot(page, "off")
        page.get_by_role("button", name="Send missed events").click()
        expect(page.get_by_text("Delivering")).to_be_visible()
        deliver()
        assert receiver.types() == ["endpoint.test", "lead.created", "lead.created", "endpoint.disabled"]
        endpoints.change(endpoint, None)
        WebhookEndpoint.objects.update(failing_since=timezone.now())
        page.goto(f"/w/{workspace.pk}/programs/")
        expect(page.get_by_text("Retrying")).to_be_visible()
        assert audit(page) == []
        shoot(page, "failing")
        page.get_by_role("button", name="Rotate secret").click()
        expect(page.get_by_role("textbox", name="Secret")).to_be_visible()
        endpoint.refresh_from_db()
        assert page.get_by_role("textbox", name="Secret").input_value() == endpoint.secret
