"""The staff's health board: all workspaces, the worst first, looked at and checked again."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations import health
from integrations.health import Kind, Signal
from integrations.models import HealthTransition, WorkspaceIntegrationHealth
from jobs.models import BackgroundJob
from tests import factories

pytestmark = pytest.mark.django_db
LIST = "admin:integrations_workspaceintegrationhealth_changelist"


@pytest.fixture
def staff():
    client = Client()
    client.force_login(factories.make_user(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def rows():
    """One account of each kind of trouble, made from the best to the worst."""
    found = {}
    for kind, provider in (
        (Kind.WORKED, "slack"),
        (Kind.SLOWED, "ghl"),
        (Kind.DOWN, "instantly"),
        (Kind.REFUSED, "unipile"),
    ):
        account = factories.make_integration(factories.make_workspace(), provider, name=str(kind))
        health.record(account, Signal(kind, f"because {kind}"), at=timezone.now() - timedelta(hours=2))
        found[kind] = WorkspaceIntegrationHealth.objects.get(integration=account)
    return found


def shown(client, **query) -> list[WorkspaceIntegrationHealth]:
    response = client.get(reverse(LIST), query)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def test_the_worst_comes_first_over_all_workspaces(staff, rows):
    assert shown(staff) == [rows[kind] for kind in (Kind.REFUSED, Kind.DOWN, Kind.SLOWED, Kind.WORKED)]


def test_it_is_filtered_by_provider_and_state(staff, rows):
    assert shown(staff, provider="ghl") == [rows[Kind.SLOWED]]
    assert shown(staff, state="disconnected") == [rows[Kind.REFUSED]]


def test_it_says_why_what_waits_and_where(staff, rows):
    down = rows[Kind.REFUSED]
    lead = factories.make_lead(down.workspace)
    factories.make_send(factories.make_draft(factories.make_message(lead, channel="linkedin")))
    page = staff.get(reverse(LIST)).content.decode()
    assert "because refused" in page and "1 send waits" in page and "Needs reconnect" in page
    assert reverse("admin:inbox_workspace_change", args=[down.workspace_id]) in page


def test_the_number_of_queries_does_not_grow_with_healthy_accounts(
    staff, rows, django_assert_max_num_queries
):
    for _ in range(20):
        health.row(factories.make_integration(factories.make_workspace()))
    with django_assert_max_num_queries(20):
        shown(staff)


def test_check_now_has_the_ticked_accounts_probed(staff, rows):
    ticked = [rows[Kind.REFUSED].pk, rows[Kind.DOWN].pk]
    staff.post(reverse(LIST), {"action": "check_now", "_selected_action": ticked})
    assert set(BackgroundJob.objects.values_list("kind", flat=True)) >= {"health.probe"}
    assert BackgroundJob.objects.filter(kind="health.probe").count() == 2


def test_staff_who_are_no_superusers_see_their_own_workspaces(rows):
    user = factories.make_user(is_staff=True)
    from django.contrib.auth.models import Permission

    user.user_permissions.set(Permission.objects.filter(codename="view_workspaceintegrationhealth"))
    rows[Kind.DOWN].workspace.memberships.create(user=user)
    client = Client()
    client.force_login(user)
    assert shown(client) == [rows[Kind.DOWN]]
    client.post(reverse(LIST), {"action": "check_now", "_selected_action": [rows[Kind.DOWN].pk]})
    assert not BackgroundJob.objects.filter(kind="health.probe").exists()


def test_the_history_of_an_account_is_on_its_page(staff, rows):
    page = staff.get(
        reverse("admin:integrations_workspaceintegrationhealth_change", args=[rows[Kind.REFUSED].pk])
    ).content.decode()
    assert "because refused" in page and HealthTransition.objects.exists()


def test_a_drill_s_account_is_nobody_s_trouble(staff, rows):
    drill = factories.make_workspace("Fire drill", drill_of=rows[Kind.DOWN].workspace)
    account = factories.make_integration(drill, "unipile")
    health.record(account, Signal(Kind.REFUSED))
    assert len(shown(staff)) == len(rows)
