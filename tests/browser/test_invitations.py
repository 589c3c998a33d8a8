"""Being asked to join: the pages on a phone and on a desk, in both themes, by keyboard, and without scripts."""

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from inbox.models import Membership
from inbox.workspaces import invitations
from sandbox import SandboxServer, company
from tests import factories, forms
from tests.browser.audit import audit

LONG = "a-rather-long-address-of-somebody-who-was-asked@long-domain.victim.example"
PASSWORD = "correct-horse-battery"


@pytest.fixture
def invitation(workspace, user):
    fields = {"email": LONG, "invited_by": user}
    return factories.make_invitation(workspace, **fields)


@pytest.mark.parametrize(("width", "theme"), forms.spread([375, 1440], ["dark", "light"], one_in=4))
def test_the_pages_of_an_invitation_are_accessible_and_fit(
    width, theme, workspace, user, invitation, open_page, settings
):
    elsewhere = factories.make_workspace("A workspace whose name is rather long, as some are")
    factories.make_invitation(elsewhere, email=user.email, role=Membership.Role.ADMIN)
    user.theme, user.address_proven_at = theme, timezone.now()
    user.save()
    desk, phone = open_page(user, width=width), open_page(width=width, color_scheme=theme)
    problems = {}
    for name, page, path in (
        ("people", desk, reverse("inbox:people", args=[workspace.pk])),
        ("asked", desk, "/"),
        ("mail", phone, invitations.path(invitation)),
        ("mail-other", desk, invitations.path(invitation)),
        ("over", phone, "/invitation/nonsense/"),
    ):
        page.goto(path)
        problems[name] = audit(page)
    user.address_proven_at = None
    user.save()
    desk.goto("/invitations/")
    problems["unproven"] = audit(desk)
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    desk.goto(reverse("inbox:people", args=[workspace.pk]))
    problems["no mail"] = audit(desk)
    assert not any(problems.values()), problems


def test_somebody_new_joins_by_keyboard_and_without_scripts(workspace, invitation, open_page):
    page = open_page(width=375, java_script_enabled=False)
    page.goto(invitations.path(invitation))

    page.get_by_label("New password", exact=True).focus()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Set password and join")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_text("You’ve joined Northwind.")).to_be_visible()


def test_enter_in_a_password_field_joins_and_does_not_decline(workspace, invitation, open_page):
    page = open_page()
    page.goto(invitations.path(invitation))

    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password confirmation").fill(PASSWORD)
    page.keyboard.press("Enter")

    expect(page.get_by_text("You’ve joined Northwind.")).to_be_visible()


def test_somebody_new_joins_by_the_company_where_passwords_are_closed(
    workspace, invitation, open_page, settings, live_server
):
    """The link leads over to another site and back, which the content policy forbids a form."""
    cache.clear()
    settings.OIDC_ONLY, settings.ALLOW_LOOPBACK_PROVIDERS = True, True
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = company.CLIENT, company.SECRET
    settings.PUBLIC_URL = live_server.url
    page = open_page(width=375, color_scheme="dark")
    with SandboxServer() as sandbox:
        sandbox.set_account("company", company.ACCOUNT, properties={"person": {"email": LONG}})
        settings.OIDC_ISSUER = sandbox.url("company")
        page.goto(invitations.path(invitation))
        assert audit(page) == []

        page.get_by_role("link", name="Log in with your company to join").press("Enter")
        page.get_by_role("button", name="Accept: join Northwind").press("Enter")

        expect(page.get_by_text("You’ve joined Northwind.")).to_be_visible()
