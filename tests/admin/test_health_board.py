"""The staff's health board: all workspaces, the worst first, looked at and checked again."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inbox.models import AuditEntry, Membership
from integrations.health import writer
from integrations.health.writer import Signal, SignalKind
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
        (SignalKind.WORKED, "slack"),
        (SignalKind.SLOWED, "ghl"),
        (SignalKind.DOWN, "instantly"),
        (SignalKind.REFUSED, "unipile"),
    ):
        account = factories.make_integration(factories.make_workspace(), provider, name=str(kind))
        writer.record(account, Signal(kind, f"because {kind}"), at=timezone.now() - timedelta(hours=2))
        found[kind] = WorkspaceIntegrationHealth.objects.get(integration=account)
    return found


def shown(client, **query) -> list[WorkspaceIntegrationHealth]:
    response = client.get(reverse(LIST), query)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def test_the_worst_comes_first_over_all_workspaces(staff, rows):
    assert shown(staff) == [
        rows[kind] for kind in (SignalKind.REFUSED, SignalKind.DOWN, SignalKind.SLOWED, SignalKind.WORKED)
    ]


def test_it_is_sorted_by_the_name_of_the_workspace(staff, rows):
    for row, name in zip(rows.values(), ["Delta", "Alpha", "Charlie", "Bravo"], strict=True):
        row.workspace.name = name
        row.workspace.save()
    by_name = sorted(rows.values(), key=lambda row: row.workspace.name)
    page = staff.get(reverse(LIST), {"o": "2"})
    assert list(page.context["cl"].result_list) == by_name
    assert "o=-2" in page.content.decode()  # the heading turns the order round
    assert shown(staff, o="-2") == by_name[::-1]


def test_it_is_filtered_by_provider_and_state(staff, rows):
    assert shown(staff, provider="ghl") == [rows[SignalKind.SLOWED]]
    assert shown(staff, state="disconnected") == [rows[SignalKind.REFUSED]]


def test_it_says_why_what_waits_and_where(staff, rows):
    down = rows[SignalKind.REFUSED]
    lead = factories.make_lead(down.workspace)
    factories.make_send(factories.make_draft(factories.make_message(lead, channel="linkedin")))
    page = staff.get(reverse(LIST)).content.decode()
    assert "because refused" in page and "1 message waiting" in page and "Needs reconnect" in page
    assert reverse("admin:inbox_workspace_change", args=[down.workspace_id]) in page


def test_the_number_of_queries_grows_neither_with_healthy_accounts_nor_with_those_that_are_down(staff, rows):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            shown(staff)
        return len(captured)

    queries()  # the first request of a session writes it down
    few = queries()
    for number in range(12):
        account = factories.make_integration(factories.make_workspace(), "unipile" if number % 2 else "ghl")
        writer.row(account)
        if number % 3:
            writer.record(account, Signal(SignalKind.REFUSED))

    assert queries() == few <= 10


def test_each_account_is_shown_with_what_waits_for_it(staff, rows):
    down = rows[SignalKind.REFUSED]
    writer.record(
        factories.make_integration(factories.make_workspace(), "unipile"), Signal(SignalKind.REFUSED)
    )
    for _ in range(2):
        message = factories.make_message(factories.make_lead(down.workspace), channel="linkedin")
        factories.make_send(factories.make_draft(message))

    waiting = {row.pk: [str(one) for one in row.waiting] for row in shown(staff)}

    assert waiting.pop(down.pk) == ["2 messages waiting"]
    assert not any(waiting.values())


def test_check_now_asks_first_and_then_has_the_ticked_accounts_probed(staff, rows):
    ticked = [rows[SignalKind.REFUSED].pk, rows[SignalKind.DOWN].pk]
    form = {"action": "check_now", "_selected_action": ticked}

    asked = staff.post(reverse(LIST), form).content.decode()

    assert "Check now?" in asked and "LinkedIn" in asked and rows[SignalKind.DOWN].workspace.name in asked
    assert not BackgroundJob.objects.filter(kind="health.probe").exists()
    staff.post(reverse(LIST), form | {"confirmed": "yes"})
    assert BackgroundJob.objects.filter(kind="health.probe").count() == 2
    assert [entry.action for entry in AuditEntry.objects.all()] == ["health.check"] * 2


def test_staff_who_are_no_superusers_see_their_own_workspaces(rows):
    user = factories.make_member(rows[SignalKind.DOWN].workspace, Membership.Role.ADMIN)
    user.groups.clear()
    user.user_permissions.set(Permission.objects.filter(codename="view_workspaceintegrationhealth"))
    client = Client()
    client.force_login(user)
    assert shown(client) == [rows[SignalKind.DOWN]]
    form = {"action": "check_now", "_selected_action": [rows[SignalKind.DOWN].pk], "confirmed": "yes"}
    client.post(reverse(LIST), form)
    assert not BackgroundJob.objects.filter(kind="health.probe").exists()


def test_the_history_of_an_account_is_on_its_page(staff, rows):
    page = staff.get(
        reverse("admin:integrations_workspaceintegrationhealth_change", args=[rows[SignalKind.REFUSED].pk])
    ).content.decode()
    assert "because refused" in page and HealthTransition.objects.exists()


def test_a_drill_s_account_is_nobody_s_trouble(staff, rows):
    drill = factories.make_workspace("Fire drill", drill_of=rows[SignalKind.DOWN].workspace)
    account = factories.make_integration(drill, "unipile")
    writer.record(account, Signal(SignalKind.REFUSED))
    assert len(shown(staff)) == len(rows)
