"""Telling people: one Slack notice per account in 24 hours, from the last one that was sent, and always delivered."""

import smtplib
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace

import pytest
import time_machine
from django.core import mail
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inbox.health import comeback, notice_channels, notice_mail
from inbox.models import AuditEntry, User, Workspace
from inbox.workspaces.accounts import slack_of
from integrations import notices
from integrations.errors import CallOutcome
from integrations.health import probes, writer
from integrations.health.writer import Signal, SignalKind
from integrations.http.breaker import breakers
from integrations.models import HealthTransition, Integration, Notice, WorkspaceIntegrationHealth
from integrations.slack.client import SlackClient
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.errors import TransientError
from jobs.kinds import policy_of
from jobs.models import BackgroundJob, JobStep
from jobs.retries import decide
from jobs.worker import drain
from sandbox import SandboxServer
from tests import forms
from tests.factories import make_member, make_workspace
from tests.racing import at_once
from tests.waiting import PATIENCE_S
from tests.world import forget_calls

pytestmark = pytest.mark.django_db(transaction=True)

DOWN = Signal(SignalKind.REFUSED, "errors/disconnected_account")


@pytest.fixture(scope="module")
def sandbox():
    with SandboxServer() as server:
        yield server


@pytest.fixture
def account(sandbox):
    sandbox.reset()
    forget_calls()
    writer.forget_successes()
    workspace = make_workspace()
    make_member(workspace, role="admin", email="ana@northwind.example.com")
    Integration.objects.create(
        workspace=workspace,
        provider="slack",
        credentials={"bot_token": "xoxb-1"},
        config={"channel": "C0SANDBOX01", "base_url": sandbox.url("slack") + "/api"},
    )
    return Integration.objects.create(
        workspace=workspace, provider="unipile", external_account_id="acc", name="Jane Doe"
    )


def row(account) -> WorkspaceIntegrationHealth:
    return WorkspaceIntegrationHealth.objects.get(integration=account)


def break_down(account, at=None) -> None:
    writer.record(account, Signal(SignalKind.REFUSED, "errors/disconnected_account"), at=at)


def tell(account, attempt: int = 1) -> dict:
    return notice_channels.run(context(account, attempt, health_id=row(account).pk))


def context(account, attempt: int = 1, **payload) -> SimpleNamespace:
    job = SimpleNamespace(
        payload=payload,
        workspace_id=account.workspace_id,
        attempt=attempt,
        deadline=Deadline.after_ms(10_000),
    )
    job.row = partial(JobContext.row, job)
    return job


def send_mails() -> None:
    """Run the jobs that send by e-mail, as a worker does."""
    BackgroundJob.objects.exclude(kind=notice_channels.EMAIL).delete()
    BackgroundJob.objects.filter(status="queued").update(run_at=timezone.now())
    drain()


def posts(sandbox) -> list:
    return sandbox.sends(provider="slack", kind="post")


def test_the_notice_names_account_workspace_and_effect(account, sandbox):
    break_down(account)
    assert tell(account) == {"sent": "slack"}
    text = posts(sandbox)[0]["text"]
    assert f"LinkedIn is disconnected for Jane Doe ({account.workspace.name})" in text
    assert "New LinkedIn messages aren’t arriving" in text
    assert "/health/" in text


def test_the_notice_tells_times_as_the_workspace_s_pages_do(account, sandbox):
    Workspace.objects.filter(pk=account.workspace_id).update(timezone="America/New_York")
    with time_machine.travel("2026-03-02T14:30:00Z", tick=False):
        for _ in range(3):
            break_down(account)
            writer.record(account, Signal(SignalKind.WORKED))
        break_down(account)
        tell(account)
    text = posts(sandbox)[0]["text"]
    assert "since 2 Mar 09:30 EST." in text and "Unstable, 4 drops since 09:30." in text


def test_twenty_flaps_in_an_hour_make_one_notice(account, sandbox):
    began = timezone.now() - timedelta(hours=1)
    for flap in range(20):
        break_down(account, began + timedelta(minutes=3 * flap))
        tell(account)
        if flap < 19:
            writer.record(account, Signal(SignalKind.WORKED), at=began + timedelta(minutes=3 * flap + 1))
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
    assert tell(account) == {"skipped": "already sent, or the account is back"}
    send_mails()
    assert len(posts(sandbox)) == 1
    assert mail.outbox[0].to == ["ana@northwind.example.com"]


def may_read(sandbox, token: str = "xoxb-1") -> None:
    sandbox.set_account("slack", token, properties={"scopes": "chat:write,channels:history"})


FAILURES = [{"kind": "server_error"}, {"kind": "error", "code": "internal_error"}, {"kind": "html"}]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: one["kind"])
def test_a_failure_that_slack_answers_is_tried_again_until_slack_takes_the_notice(account, sandbox, failure):
    break_down(account)
    sandbox.fault(provider="slack", path="chat.postMessage", count=3, **failure)
    for attempt in range(1, 4):
        with pytest.raises(TransientError):
            tell(account, attempt)
        assert row(account).last_notice_at is None
    assert tell(account, 4) == {"sent": "slack"}
    assert len(posts(sandbox)) == 1 and not BackgroundJob.objects.filter(kind=notice_channels.EMAIL).exists()
    assert row(account).last_notice_at is not None


def test_a_failure_of_an_incoming_webhook_is_tried_again_too(account, sandbox):
    by_webhook(sandbox)
    break_down(account)
    sandbox.fault(provider="slack", kind="server_error", count=1)
    with pytest.raises(TransientError):
        tell(account)
    assert tell(account, 2) == {"sent": "slack"}


def test_a_notice_that_slack_took_while_it_answered_with_a_failure_is_found_and_not_posted_again(
    account, sandbox
):
    may_read(sandbox)
    break_down(account)
    sandbox.fault(provider="slack", path="chat.postMessage", kind="server_error", processed=True, count=1)
    assert tell(account) == {"sent": "slack"}
    assert len(posts(sandbox)) == 1
    assert Notice.objects.get().provider_message_id
    writer.record(account, Signal(SignalKind.WORKED))
    assert edit(account) == 1


def test_where_the_channel_cannot_be_read_a_failure_costs_a_second_notice_and_never_the_first(
    account, sandbox
):
    break_down(account)
    sandbox.fault(provider="slack", path="chat.postMessage", kind="server_error", processed=True, count=1)
    with pytest.raises(TransientError):
        tell(account)
    assert tell(account, 2) == {"sent": "slack"}
    assert len(posts(sandbox)) == 2
    slack = Integration.objects.get(provider="slack")
    assert WorkspaceIntegrationHealth.objects.filter(integration=slack, state="disconnected").count() == 0


@pytest.mark.parametrize("arrived", [True, False])
def test_a_post_without_an_answer_is_looked_for_where_the_channel_can_be_read(account, sandbox, arrived):
    may_read(sandbox)
    break_down(account)
    sandbox.fault(
        provider="slack", path="chat.postMessage", kind="accept_drop" if arrived else "drop", count=1
    )
    if not arrived:
        with pytest.raises(TransientError):
            tell(account)
    assert tell(account, 2) == {"sent": "slack"}
    assert len(posts(sandbox)) == 1 and not BackgroundJob.objects.filter(kind=notice_channels.EMAIL).exists()


def test_a_message_that_was_seen_late_is_brought_up_to_date_and_not_posted_again(account, sandbox):
    may_read(sandbox)
    break_down(account)
    sandbox.fault(provider="slack", path="chat.postMessage", kind="server_error", processed=True, count=1)
    sandbox.fault(provider="slack", path="conversations.history", kind="server_error", count=3)
    with pytest.raises(TransientError):
        tell(account)
    for _ in range(3):
        writer.record(account, Signal(SignalKind.WORKED))
        break_down(account)
    assert tell(account, 2) == {"sent": "slack"}
    assert [send["kind"] for send in sandbox.sends(provider="slack")] == ["post", "update"]
    assert "Unstable, 4 drops" in last_words(sandbox)


def next_hour(account, clock) -> int:
    """What the tick of the next hour enqueues."""
    clock.shift(timedelta(hours=1))
    return notice_channels.tick(Deadline.after_ms(10_000))["enqueued"]


def test_an_email_in_slacks_place_that_cannot_be_sent_gives_the_slot_back(account, sandbox, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    with time_machine.travel("2026-03-02T10:10:00Z", tick=False) as clock:
        break_down(account)
        sandbox.fault(provider="slack", kind="accept_drop", count=1)
        assert tell(account)["sent"] == "email"
        assert notice_channels.tick(Deadline.after_ms(10_000))["freed"] == 0  # the e-mail is still on its way
        BackgroundJob.objects.filter(kind=notice_channels.NOTIFY).update(
            status="succeeded", finished_at=timezone.now()
        )
        drain()
        first = notice_channels.tick(Deadline.after_ms(10_000))
        assert (first["freed"], first["enqueued"], row(account).last_notice_at) == (1, 0, None)
        assert notice_channels.tick(Deadline.after_ms(10_000))["freed"] == 0
        assert next_hour(account, clock) == 1
        assert tell(account) == {"sent": "slack"}
        assert row(account).last_notice_at is not None


def test_an_email_that_the_mail_server_refuses_to_the_last_gives_the_slot_back(account, sandbox, monkeypatch):
    break_down(account)
    sandbox.fault(provider="slack", kind="accept_drop", count=1)
    tell(account)
    MailServer(monkeypatch, opening=[ConnectionRefusedError()] * 20)
    for _ in range(policy_of(notice_channels.EMAIL).attempts):
        assert notice_channels.tick(Deadline.after_ms(10_000))["freed"] == 0
        send_mails()
    assert BackgroundJob.objects.get(kind=notice_channels.EMAIL).status == "failed"
    assert notice_channels.tick(Deadline.after_ms(10_000))["freed"] == 1
    assert row(account).last_notice_at is None


def test_a_slot_that_is_given_back_remembers_the_notice_before(account, sandbox):
    break_down(account)
    assert tell(account) == {"sent": "slack"}
    told_at = row(account).last_notice_at
    WorkspaceIntegrationHealth.objects.update(last_notice_at=told_at - timedelta(hours=25))
    Notice.objects.update(finished_at=told_at - timedelta(hours=25), created_at=told_at - timedelta(hours=25))
    sandbox.fault(provider="slack", kind="accept_drop", count=1)
    assert tell(account)["sent"] == "email"
    BackgroundJob.objects.filter(kind=notice_channels.EMAIL).update(
        status="cancelled", finished_at=timezone.now()
    )
    assert notice_channels.tick(Deadline.after_ms(10_000))["freed"] == 1
    assert row(account).last_notice_at == told_at - timedelta(hours=25)


def test_an_email_that_was_sent_in_slacks_place_keeps_the_slot(account, sandbox):
    break_down(account)
    sandbox.fault(provider="slack", kind="accept_drop", count=1)
    tell(account)
    send_mails()
    assert (len(mail.outbox), notice_channels.tick(Deadline.after_ms(10_000))["freed"]) == (1, 0)
    assert tell(account) == {"skipped": "already sent, or the account is back"}


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


def test_without_slack_and_mail_server_nobody_was_told_and_it_says_so(account, settings):
    Integration.objects.filter(provider="slack").delete()
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    break_down(account)
    assert "EMAIL_URL isn’t set" in tell(account)["failed"]
    assert (Notice.objects.get().state, row(account).last_notice_at) == (Notice.State.FAILED, None)


def test_a_poster_that_died_is_followed_by_an_email_not_by_a_second_post(account, sandbox):
    break_down(account)
    notices.claim(row(account))
    notice = notices.open_notice(row(account), Notice.Path.SLACK, "LinkedIn is disconnected")
    Notice.objects.filter(pk=notice.pk).update(created_at=timezone.now() - timedelta(minutes=6))
    notice_channels.tick(Deadline.after_ms(10_000))
    send_mails()
    notice.refresh_from_db()
    assert (notice.state, len(mail.outbox), posts(sandbox)) == (Notice.State.UNKNOWN, 1, [])
    assert row(account).last_notice_at is not None


def test_the_recovery_edits_the_first_message(account, sandbox):
    break_down(account)
    tell(account)
    writer.record(account, Signal(SignalKind.WORKED))
    assert edit(account) == 1
    assert [send["kind"] for send in sandbox.sends(provider="slack")] == ["post", "update"]
    assert "LinkedIn is back for Jane Doe" in last_words(sandbox)
    assert edit(account) == 0


def edit(account) -> int:
    return notice_channels.edit(slack_of(account.workspace_id), row(account), Deadline.after_ms(5000))


def last_words(sandbox) -> str:
    return sandbox.sends(provider="slack")[-1]["text"]


def press_mute(account, email: str) -> dict:
    """What the worker does after somebody has pressed "Mute until it recovers" in the newest notice."""
    slack, notice = slack_of(account.workspace_id), Notice.objects.filter(path="slack").latest("created_at")
    pressed = {
        "health_id": row(account).pk,
        "user_id": SlackClient.for_integration(slack).find_user(email, Deadline.after_ms(5_000)),
        "channel_id": notice.destination,
        "message_ts": notice.provider_message_id,
    }
    return notice_channels.mute_pressed(context(account, **pressed))


def test_a_muted_account_is_told_of_no_more_until_it_has_worked(account, sandbox):
    break_down(account)
    tell(account)
    assert press_mute(account, "ana@northwind.example.com") == {"outcome": "muted"}
    assert notice_channels.MUTED in last_words(sandbox)
    assert press_mute(account, "ana@northwind.example.com") == {"outcome": "no longer needed"}
    assert AuditEntry.objects.filter(action="health.mute").count() == 1
    tomorrow = timezone.now() + timedelta(hours=25)
    with time_machine.travel(tomorrow):
        assert notices.due() == [] and notices.claim(row(account)) is None
        writer.record(account, Signal(SignalKind.WORKED))
        break_down(account)
        assert tell(account) == {"sent": "slack"}
    assert len(posts(sandbox)) == 2


def test_only_an_owner_or_admin_mutes_and_a_page_takes_it_back(account, sandbox):
    make_member(account.workspace, email="ben@northwind.example.com")
    make_member(make_workspace(), role="owner", email="eve@other.example.com")
    break_down(account)
    tell(account)
    for email in ("ben@northwind.example.com", "eve@other.example.com"):
        assert press_mute(account, email) == {"outcome": "refused"}
        assert row(account).muted_at is None
    assert notice_channels.REFUSED in str(sandbox.state.account("slack", "xoxb-1").data.messages)

    client = Client()
    client.force_login(User.objects.get(email="ana@northwind.example.com"))
    path = reverse("inbox:health-account", args=[account.workspace_id, account.pk])
    client.post(path, {"do": "mute"})
    assert row(account).muted_at and notices.mute(row(account)) is False
    drain()
    assert notice_channels.MUTED in last_words(sandbox)
    page = client.get(reverse("inbox:health", args=[account.workspace_id])).content.decode()
    assert "Notifications are muted until it recovers." in page and "Unmute notifications" in page
    client.post(path, {"do": "unmute"})
    assert row(account).muted_at is None


def test_a_drop_within_the_24_hours_is_folded_into_the_message_that_stands_there(account, sandbox):
    for _ in range(3):
        break_down(account)
        tell(account)
        writer.record(account, Signal(SignalKind.WORKED))
        edit(account)
    break_down(account)
    assert tell(account) == {"edited": 1}
    assert len(posts(sandbox)) == 1
    assert "LinkedIn is disconnected for Jane Doe" in last_words(sandbox)
    assert "Unstable, 4 drops since " in last_words(sandbox)


def test_a_change_during_the_edit_is_edited_too(account, sandbox, monkeypatch):
    break_down(account)
    tell(account)
    writer.record(account, Signal(SignalKind.WORKED))
    stock = notices.edit

    def edit_and_drop(*args, **kwargs):
        monkeypatch.setattr(notices, "edit", stock)
        edited = stock(*args, **kwargs)
        break_down(account)
        return edited

    monkeypatch.setattr(notices, "edit", edit_and_drop)
    edit(account)
    assert "LinkedIn is disconnected" in last_words(sandbox)


def test_a_slack_that_stays_down_leaves_it_to_email_after_a_few_tries(account, sandbox):
    break_down(account)
    sandbox.fault(provider="slack", kind="rate_limit", retry_after="0")
    for attempt in range(1, notice_channels.SLACK_TRIES + 1):
        with pytest.raises(TransientError):
            tell(account, attempt)
    assert tell(account, notice_channels.SLACK_TRIES + 1) == {"sent": "email"}
    assert mail.outbox[0].to == ["ana@northwind.example.com"]


def test_a_channel_that_is_gone_marks_slack_itself_until_it_is_there_again(account, sandbox):
    sandbox.set_account("slack", "xoxb-1", properties={"channels": {"C9": "other"}})
    sandbox.fault(
        provider="slack", kind="error", path="chat.postMessage", status=404, code="channel_not_found"
    )
    break_down(account)
    assert tell(account) == {"sent": "email"}
    slack = Integration.objects.get(provider="slack")
    assert (row(slack).state, row(slack).reason) == ("disconnected", "channel_not_found")
    probes.check_now(slack)  # the token works, the channel does not
    assert row(slack).state == "disconnected"
    sandbox.set_account("slack", "xoxb-1", properties={"channels": {"C0SANDBOX01": "replies"}})
    probes.check_now(slack)
    assert row(slack).state == "connected"


class MailServer:
    """What a mail server does: `open` and `send` raise what they are given, once for each error."""

    def __init__(self, monkeypatch, *, opening=(), sending=()) -> None:
        self.opening, self.sending, self.taken = list(opening), list(sending), []
        monkeypatch.setattr(notice_mail, "get_connection", lambda: self)

    def open(self) -> None:
        if self.opening:
            raise self.opening.pop()

    def send_messages(self, messages) -> int:
        self.taken += messages
        if self.sending:
            raise self.sending.pop()
        return len(messages)

    def close(self) -> None:
        raise OSError


@pytest.mark.parametrize(
    "refusal",
    [
        {"opening": [ConnectionRefusedError()]},
        {"opening": [smtplib.SMTPAuthenticationError(535, b"no")]},
        {"sending": [smtplib.SMTPRecipientsRefused({})]},
        {"sending": [smtplib.SMTPDataError(451, b"later")]},
    ],
)
def test_a_mail_server_that_says_no_is_tried_again(account, sandbox, monkeypatch, refusal):
    break_down(account)
    sandbox.fault(provider="slack", kind="accept_drop", count=1)
    tell(account)
    MailServer(monkeypatch, **refusal)
    send_mails()
    send_mails()
    assert [notice.state for notice in mails()] == ["failed", "sent"]


@pytest.mark.parametrize("cut", [smtplib.SMTPServerDisconnected(), TimeoutError()])
def test_a_mail_that_may_have_left_is_not_sent_again(account, sandbox, monkeypatch, cut):
    break_down(account)
    sandbox.fault(provider="slack", kind="accept_drop", count=1)
    tell(account)
    server = MailServer(monkeypatch, sending=[cut])
    send_mails()
    send_mails()
    assert (len(server.taken), [notice.state for notice in mails()]) == (1, ["unknown"])


def mails() -> list[Notice]:
    return list(Notice.objects.filter(path=Notice.Path.EMAIL).order_by("created_at"))


def test_a_mail_instead_of_slack_that_may_have_left_uses_the_slot_up(account, monkeypatch):
    Integration.objects.filter(provider="slack").delete()
    break_down(account)
    MailServer(monkeypatch, sending=[TimeoutError()])
    assert tell(account) == {"unknown": "the mail server closed the connection"}
    assert tell(account) == {"skipped": "already sent, or the account is back"}


def test_a_worker_that_died_while_it_mailed_is_not_followed_by_a_second_mail(account, sandbox):
    break_down(account)
    sandbox.fault(provider="slack", kind="accept_drop", count=1)
    tell(account)
    job = BackgroundJob.objects.get(kind=notice_channels.EMAIL)
    JobStep.objects.create(job=job, name="mail", effect="send", status="started", started_at=timezone.now())
    notices.open_notice(row(account), Notice.Path.EMAIL, "LinkedIn is disconnected")
    told_at = row(account).last_notice_at
    Notice.objects.update(created_at=timezone.now() - timedelta(minutes=6))
    send_mails()
    notice_channels.tick(Deadline.after_ms(10_000))
    assert (mail.outbox, [notice.state for notice in mails()]) == ([], ["unknown"])
    assert row(account).last_notice_at == told_at
    assert BackgroundJob.objects.filter(kind=notice_channels.EMAIL).count() == 1


def test_a_worker_that_died_while_it_mailed_instead_of_slack_leaves_the_slot_used_up(account):
    Integration.objects.filter(provider="slack").delete()
    break_down(account)
    notices.claim(row(account))
    notices.open_notice(row(account), Notice.Path.EMAIL, "LinkedIn is disconnected")
    Notice.objects.update(created_at=timezone.now() - timedelta(minutes=6))
    notice_channels.tick(Deadline.after_ms(10_000))
    assert ([notice.state for notice in mails()], mail.outbox) == (["unknown"], [])
    assert tell(account) == {"skipped": "already sent, or the account is back"}


def test_where_the_workspace_asks_for_it_admins_are_told_by_email_too_as_often_as_slack(account, sandbox):
    make_member(account.workspace, role="owner", email="olga@northwind.example.com")
    make_member(account.workspace, role="member", email="mia@northwind.example.com")
    Workspace.objects.filter(pk=account.workspace_id).update(health_emails=True)
    for _ in range(3):  # it comes and goes
        break_down(account)
        tell(account)
        writer.record(account, Signal(SignalKind.WORKED))
    send_mails()
    send_mails()
    assert len(posts(sandbox)) == 1
    assert [sorted(one.to) for one in mail.outbox] == [
        ["ana@northwind.example.com", "olga@northwind.example.com"]
    ]
    assert mail.outbox[0].body == posts(sandbox)[0]["text"]


def test_nobody_is_told_by_email_too_unless_the_workspace_asks_for_it(account, sandbox):
    break_down(account)
    assert tell(account) == {"sent": "slack"}
    assert not BackgroundJob.objects.filter(kind=notice_channels.EMAIL).exists()


def by_webhook(sandbox) -> None:
    Integration.objects.filter(provider="slack").update(
        credentials={"webhook_url": sandbox.url("slack") + "/services/T1/B1"},
        config={"base_url": sandbox.url("slack") + "/api"},
    )


def test_a_webhook_s_channel_hears_of_a_recovery_with_the_next_notice(account, sandbox):
    by_webhook(sandbox)
    with time_machine.travel("2026-03-02T09:00:00Z", tick=False) as clock:
        break_down(account)
        assert tell(account) == {"sent": "slack"}
        clock.shift(timedelta(minutes=22))
        writer.record(account, Signal(SignalKind.WORKED))
        comeback.run(recovering(account))
        clock.shift(timedelta(hours=1))
        break_down(account)
        assert tell(account) == {"skipped": "already sent, or the account is back"}
        clock.shift(timedelta(hours=23))
        assert tell(account) == {"sent": "slack"}
    first, second = [send["text"] for send in sandbox.sends(provider="slack")]
    assert "This message won’t update when the account is back, but the page will." in first
    assert "recovered" not in first
    assert (
        "The account was back after the last message, at 2 Mar 09:22 UTC. The account was down for 22 min"
        in second
    )


def recovering(account) -> SimpleNamespace:
    """A context that runs every step of the recovery, without what it asks the provider."""
    found = context(account, health_id=row(account).pk)
    found.step = lambda name, fn, **_: None if name == "backfill" else fn(found.deadline)
    return found


def test_a_bot_s_notice_says_nothing_of_what_the_changed_message_says_already(account, sandbox):
    break_down(account)
    tell(account)
    assert "won’t update" not in posts(sandbox)[0]["text"]


def test_the_installation_s_bot_posts_where_an_operator_has_named_a_channel(account, sandbox, settings):
    settings.SLACK_BOT_TOKEN = "xoxb-installation"
    settings.SLACK_BASE_URL = sandbox.url("slack") + "/api"
    Integration.objects.filter(provider="slack").update(credentials={})
    break_down(account)
    assert tell(account) == {"sent": "slack"}
    assert posts(sandbox)[0]["account"] == "xoxb-installation"


def test_a_notice_that_nobody_delivered_is_enqueued_again_in_the_next_hour(account):
    with time_machine.travel("2026-03-02T10:59:00Z", tick=False) as clock:
        break_down(account)
        BackgroundJob.objects.update(status="failed", finished_at=timezone.now())
        assert notice_channels.tick(Deadline.after_ms(10_000))["enqueued"] == 0
        clock.move_to("2026-03-02T11:00:00Z")
        assert notice_channels.tick(Deadline.after_ms(10_000))["enqueued"] == 1


@pytest.mark.races
@pytest.mark.shortened
def test_many_workers_at_a_flapping_account_over_midnight_make_one_notice(account, sandbox):
    """Twenty drops between 23:30 and 00:30, each seen by many workers at once; Slack fails twice at the beginning."""
    workers = forms.either(10, 50)
    sandbox.fault(provider="slack", kind="rate_limit", retry_after="0", count=2)
    began = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    with time_machine.travel(began, tick=False) as clock:
        writer.record(account, Signal(SignalKind.WORKED))
        for drop in range(20):
            clock.move_to(began + timedelta(minutes=3 * drop))
            moved = at_once(*[lambda: writer.record(account, DOWN)] * workers)
            assert [state for state in moved if state] == ["disconnected"]
            with suppress(TransientError):
                tell(account)
            clock.move_to(began + timedelta(minutes=3 * drop + 1))
            writer.record(account, Signal(SignalKind.WORKED))
        changes = HealthTransition.objects.filter(health=row(account))
        assert (changes.filter(after="disconnected").count(), changes.filter(after="connected").count()) == (
            20,
            21,
        )
        assert len(posts(sandbox)) == 1
        slack = Notice.objects.filter(path="slack")
        assert [slack.filter(state=state).count() for state in ("failed", "sent", "unknown")] == [2, 1, 0]
        assert mail.outbox == []
        writer.record(account, DOWN)
        clock.move_to(
            began + timedelta(minutes=5, hours=24)
        )  # from the notice that was sent, not from midnight
        assert notices.due() == []
        clock.move_to(began + timedelta(minutes=6, hours=24))
        assert [due.pk for due in notices.due()] == [row(account).pk]


@pytest.mark.races
def test_fifty_workers_claim_one_slot(account):
    break_down(account)
    found = row(account)
    barrier, claims = threading.Barrier(50), []

    def worker() -> None:
        try:
            barrier.wait(PATIENCE_S)
            claims.append(notices.claim(found))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=worker) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len([claim for claim in claims if claim]) == 1


def test_a_notice_does_not_wait_for_the_breaker_and_is_tried_each_quarter_of_a_minute(account, sandbox):
    for _ in range(5):
        breakers.leave(breakers.enter("slack", account.workspace_id), CallOutcome.TIMEOUT)
    break_down(account)
    assert tell(account) == {"sent": "slack"}

    policy, now = policy_of(notice_channels.NOTIFY), timezone.now()
    tries = range(1, notice_channels.SLACK_TRIES)
    waits = [decide(TransientError(), policy=policy, attempts=n, first_run_at=now, now=now) for n in tries]
    assert max((wait.run_at - now).total_seconds() for wait in waits) <= 16
