"""Telling people: one Slack notice per account in 24 hours, from the last one that was sent, and always delivered."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core import mail
from django.db import connections
from django.utils import timezone

from inbox.health import telling
from integrations import health, notices
from integrations.health import Kind, Signal
from integrations.models import Integration, Notice, WorkspaceIntegrationHealth
from integrations.sandbox import SandboxServer
from jobs.errors import TransientError
from tests.factories import make_member, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def sandbox():
    with SandboxServer() as server:
        yield server


@pytest.fixture
def account(sandbox):
    sandbox.reset()
    health.forget_successes()
    workspace = make_workspace()
    make_member(workspace, role="admin", email="ana@northwind.example.com")
    Integration.objects.create(
        workspace=workspace,
        provider="slack",
        credentials={"bot_token": "xoxb-1"},
        config={"channel": "C1", "base_url": sandbox.url("slack") + "/api"},
    )
    return Integration.objects.create(
        workspace=workspace, provider="unipile", external_account_id="acc", name="Jane Doe"
    )


def row(account) -> WorkspaceIntegrationHealth:
    return WorkspaceIntegrationHealth.objects.get(integration=account)


def break_down(account, at=None) -> None:
    health.record(account, Signal(Kind.REFUSED, "errors/disconnected_account"), at=at)


def tell(account) -> dict:
    return telling.run(
        SimpleNamespace(payload={"health_id": row(account).pk}, workspace_id=account.workspace_id)
    )


def posts(sandbox) -> list:
    return sandbox.sends(provider="slack", kind="post")


def test_the_notice_names_account_workspace_and_effect(account, sandbox):
    break_down(account)
    assert tell(account) == {"sent": "slack"}
    text = posts(sandbox)[0]["text"]
    assert f"LinkedIn is disconnected for Jane Doe ({account.workspace.name})" in text
    assert "New LinkedIn messages are not arriving" in text
    assert "/health/" in text


def test_twenty_flaps_in_an_hour_make_one_notice(account, sandbox):
    began = timezone.now() - timedelta(hours=1)
    for flap in range(20):
        break_down(account, began + timedelta(minutes=3 * flap))
        tell(account)
        if flap < 19:
            health.record(account, Signal(Kind.WORKED), at=began + timedelta(minutes=3 * flap + 1))
    assert len(posts(sandbox)) == 1


def test_the_limit_counts_from_the_last_sent_notice_and_not_by_calendar_day(account, sandbox):
    break_down(account)
    tell(account)
    sent = WorkspaceIntegrationHealth.objects.filter(integration=account)
    sent.update(last_notice_at=timezone.now() - timedelta(hours=23, minutes=59))
    assert notices.due() == []
    sent.update(last_notice_at=timezone.now() - timedelta(hours=24, seconds=1))
    assert [due.pk for due in notices.due()] == [row(account).pk]


def test_a_clear_failure_frees_the_slot_and_the_next_try_delivers(account, sandbox):
    break_down(account)
    sandbox.fault(provider="slack", kind="rate_limit", retry_after="0", count=2)
    for _ in range(2):
        with pytest.raises(TransientError):
            tell(account)
    assert tell(account) == {"sent": "slack"}
    assert len(posts(sandbox)) == 1


def test_an_unknown_outcome_goes_out_by_email_and_never_as_a_second_post(account, sandbox):
    break_down(account)
    sandbox.fault(provider="slack", kind="accept_drop", count=1)
    assert tell(account)["sent"] == "email"
    assert tell(account) == {"skipped": "told already, or well again"}
    assert len(posts(sandbox)) == 1
    assert mail.outbox[0].to == ["ana@northwind.example.com"]


def test_a_slack_that_is_broken_for_good_leaves_it_to_email(account, sandbox):
    sandbox.set_account("slack", "xoxb-1", status="revoked")
    break_down(account)
    assert tell(account) == {"sent": "email"}
    slack = Integration.objects.get(provider="slack")
    assert WorkspaceIntegrationHealth.objects.get(integration=slack).state == "disconnected"


def test_without_slack_the_admins_get_an_email(account):
    Integration.objects.filter(provider="slack").delete()
    break_down(account)
    assert tell(account) == {"sent": "email"}
    assert "LinkedIn is disconnected" in mail.outbox[0].body


def test_a_poster_that_died_is_followed_by_an_email_not_by_a_second_post(account, sandbox):
    break_down(account)
    notices.claim(row(account))
    notice = notices.open_notice(row(account), Notice.Path.SLACK, "LinkedIn is disconnected")
    Notice.objects.filter(pk=notice.pk).update(created_at=timezone.now() - timedelta(minutes=6))
    telling.tick(SimpleNamespace(check=lambda: None))
    notice.refresh_from_db()
    assert (notice.state, len(mail.outbox), posts(sandbox)) == (Notice.State.UNKNOWN, 1, [])
    assert row(account).last_notice_at is not None


def test_the_recovery_edits_the_first_message(account, sandbox):
    break_down(account)
    tell(account)
    health.record(account, Signal(Kind.WORKED))
    from jobs.deadline import Deadline

    slack = telling.slack_of(account.workspace)
    assert notices.turn_green(slack, row(account), "LinkedIn is back", Deadline.after_ms(5000))
    assert [send["kind"] for send in sandbox.sends(provider="slack")] == ["post", "update"]


@pytest.mark.races
def test_fifty_workers_claim_one_slot(account):
    break_down(account)
    found = row(account)
    barrier, claims = threading.Barrier(50), []

    def worker() -> None:
        try:
            barrier.wait(20)
            claims.append(notices.claim(found))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=worker) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len([claim for claim in claims if claim]) == 1
