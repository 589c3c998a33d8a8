"""The banner on the admin's pages, and what it offers: the worst account that is down, of those that one may see."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from admin import roles
from inbox.models import AuditEntry, HiddenBanner
from integrations.health import writer
from integrations.health.writer import Signal, SignalKind
from integrations.models import WorkspaceIntegrationHealth
from tests import factories

pytestmark = pytest.mark.django_db
LIST = "admin:inbox_campaign_changelist"
BANNER = "admin:integrations_workspaceintegrationhealth_banner"
ACT = "admin:integrations_workspaceintegrationhealth_act"


@pytest.fixture(autouse=True)
def _start():
    writer.forget_successes()
    roles.fill()


@pytest.fixture
def northwind():
    return factories.make_workspace("Northwind")


def client_of(user) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def in_group(name: str) -> Client:
    user = factories.make_user(is_staff=True)
    user.groups.add(Group.objects.get(name=name))
    return client_of(user)


def break_account(workspace, provider: str = "unipile", hours: int = 3) -> WorkspaceIntegrationHealth:
    account = factories.make_integration(workspace, provider, name="Jane Doe")
    writer.record(account, Signal(SignalKind.REFUSED), at=timezone.now() - timedelta(hours=hours))
    return WorkspaceIntegrationHealth.objects.get(integration=account)


def act(client: Client, health: WorkspaceIntegrationHealth, what: str, **fields):
    return client.post(reverse(ACT, args=[health.pk]), {"do": what, **fields})


def test_every_page_of_the_admin_has_the_banner_of_the_worst_account(northwind):
    break_account(northwind)
    break_account(factories.make_workspace("Bluebird"), "emailbison", hours=1)
    client = in_group(roles.OPERATOR)

    for address in (reverse(LIST), reverse("admin:index"), reverse("admin:jobs_tick_crons")):
        page = client.get(address).content.decode()
        assert "LinkedIn is disconnected for Jane Doe (Northwind)" in page, address
        assert "+1 more" in page and "Check now" in page and "Get a link for the owner" in page


def test_an_admin_sees_the_banner_of_the_own_workspaces_alone(northwind):
    break_account(factories.make_workspace("Bluebird"))
    client = client_of(factories.make_member(northwind, role="admin"))
    assert "Bluebird" not in client.get(reverse(LIST)).content.decode()

    break_account(northwind, "emailbison")

    page = client.get(reverse(LIST)).content.decode()
    assert "EmailBison is disconnected for Jane Doe (Northwind)" in page and "Enter new key" in page


def test_support_reads_the_banner_and_can_press_nothing(northwind):
    health = break_account(northwind)
    client = in_group(roles.SUPPORT)

    page = client.get(reverse(LIST)).content.decode()

    assert "LinkedIn is disconnected" in page and "Check now" not in page
    for what in ("check", "hide", "reconnect", "owner-link"):
        assert act(client, health, what).status_code == 403
    assert not AuditEntry.objects.exists() and not HiddenBanner.objects.exists()


def test_another_workspaces_account_is_not_found(northwind):
    health = break_account(factories.make_workspace("Bluebird"))
    client = client_of(factories.make_member(northwind, role="admin"))

    assert act(client, health, "hide").status_code == 404
    assert not HiddenBanner.objects.exists()


def test_who_may_not_look_at_accounts_sees_no_banner(northwind):
    break_account(northwind)

    page = client_of(factories.make_user(is_staff=True)).get(reverse("admin:index")).content.decode()

    assert "LinkedIn is disconnected" not in page


def test_an_open_page_is_told_when_the_banner_changes_and_only_then(northwind):
    client = in_group(roles.OPERATOR)
    assert client.get(reverse(BANNER), {"seen": ""}).status_code == 204
    health = break_account(northwind)

    fragment = client.get(
        reverse(BANNER),
        {"seen": ""},
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/admin/inbox/lead/"},
    ).content.decode()

    assert "LinkedIn is disconnected" in fragment and 'name="next" value="/admin/inbox/lead/"' in fragment
    assert reverse(ACT, args=[health.pk]) in fragment
    seen = re.search(r"\?seen=([^\"]+)", fragment)[1]
    assert client.get(reverse(BANNER), {"seen": seen}).status_code == 204


def test_hiding_is_for_one_person_and_is_kept_in_the_audit(northwind):
    health = break_account(northwind)
    client = in_group(roles.OPERATOR)

    back = act(client, health, "hide", next=reverse(LIST))

    assert back.url == reverse(LIST)
    assert "LinkedIn is disconnected" not in client.get(reverse(LIST)).content.decode()
    assert "LinkedIn is disconnected" in in_group(roles.OPERATOR).get(reverse(LIST)).content.decode()
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.workspace, entry.object_id) == (
        "health.hide",
        northwind,
        str(health.integration_id),
    )


def test_the_link_for_the_owner_is_shown_to_operators_too(northwind):
    page = act(in_group(roles.OPERATOR), break_account(northwind), "owner-link").content.decode()

    assert "/reconnect/" in page and "Reconnect LinkedIn for Jane Doe" in page


def test_the_page_of_an_account_says_what_is_the_matter_and_what_can_be_done(northwind):
    health = break_account(northwind)

    page = (
        in_group(roles.OPERATOR)
        .get(reverse("admin:integrations_workspaceintegrationhealth_change", args=[health.pk]))
        .content.decode()
    )

    assert "New LinkedIn messages aren’t arriving" in page and "Check now" in page
    assert page.count("LinkedIn is disconnected") == 1


def test_the_page_of_an_account_has_the_banner_of_one_that_is_worse(northwind):
    break_account(northwind)
    health = break_account(factories.make_workspace("Bluebird"), "emailbison", hours=1)

    page = (
        in_group(roles.OPERATOR)
        .get(reverse("admin:integrations_workspaceintegrationhealth_change", args=[health.pk]))
        .content.decode()
    )

    assert "LinkedIn is disconnected" in page and "EmailBison is disconnected" in page


def test_a_form_cannot_lead_to_another_site(northwind):
    health = break_account(northwind)

    back = act(in_group(roles.OPERATOR), health, "hide", next="https://evil.example/")

    assert back.url == reverse("admin:integrations_workspaceintegrationhealth_change", args=[health.pk])


def test_there_is_no_other_action(northwind):
    health = break_account(northwind)

    assert act(in_group(roles.OPERATOR), health, "delete").status_code == 302
    assert not AuditEntry.objects.exists()


def test_the_banner_takes_one_query_while_all_is_well_and_two_when_not(northwind, django_assert_num_queries):
    client = in_group(roles.OPERATOR)
    client.get(reverse(BANNER))
    with django_assert_num_queries(6):  # session, user, two for the rights, memberships, the accounts
        client.get(reverse(BANNER))
    break_account(northwind)
    with django_assert_num_queries(7):  # and what waits for the account
        client.get(reverse(BANNER), {"seen": "x"})
