"""An account whose stored secrets no key opens: a state of that account, with its way out."""

import io

import pytest
from django.core.management import call_command
from django.test import Client, override_settings
from django.urls import reverse

from inbox.health import account_tests, banner, comeback, notice_channels, watch
from inbox.models import OutboundSend
from inbox.replying import review
from inbox.workspaces.accounts import connected, slack_of, usable
from integrations import registry
from integrations.errors import SECRETS_UNREADABLE, SecretsUnreadable
from integrations.health import probes, writer
from integrations.health.writer import Signal, SignalKind
from integrations.models import HealthState, Integration, Notice, WorkspaceIntegrationHealth
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh():
    writer.forget_successes()


def account_of(world) -> Integration:
    return Integration.objects.get(workspace=world.workspace, provider="emailbison")


def row(account) -> WorkspaceIntegrationHealth:
    return WorkspaceIntegrationHealth.objects.get(integration=account)


def tick() -> dict[str, int]:
    return watch.tick(Deadline.after_ms(10_000))


@pytest.mark.parametrize("provider", registry.stating("secrets"))
def test_the_tick_finds_it_says_so_once_and_the_banner_names_the_way_out(
    provider, django_capture_on_commit_callbacks
):
    account = factories.make_integration(
        factories.make_workspace("Northwind"),
        provider,
        name="Outreach",
        external_account_id="acc",
        credentials={one.name: f"secret {one.name}" for one in registry.spec_of(provider).secrets},
    )
    writer.record(account, Signal(SignalKind.WORKED))
    factories.lose_key(account)
    with django_capture_on_commit_callbacks(execute=True):
        assert tick()["unreadable"] == 1
        tick()
    known = row(account)
    assert (known.state, known.reason) == (HealthState.DISCONNECTED, SECRETS_UNREADABLE)
    assert known.transitions.count() == 2
    line = banner.line(known, account.workspace)
    assert "stored secrets can’t be read for Outreach (Northwind)" in line.headline
    assert "again in the account’s settings" in line.effect and "FIELD_ENCRYPTION_KEYS" in line.effect
    assert line.needs_key and not line.can_reconnect
    assert BackgroundJob.objects.filter(kind=notice_channels.NOTIFY).count() == 1


def test_it_is_no_missing_account_and_no_other_one_takes_its_place():
    workspace = factories.make_workspace()
    broken = factories.make_integration(workspace, external_account_id="1")
    factories.make_integration(workspace, external_account_id="2")
    factories.lose_key(broken)
    assert usable(broken) and connected(workspace.pk, "emailbison") == broken


def test_an_approved_send_waits_without_an_attempt_and_goes_out_when_the_key_is_back(world):
    draft = world.draft(_answered(world))
    account = account_of(world)
    key = factories.lose_key(account)
    send = review.approve(draft, user=world.user, text="Hi Dana, Thursday works.")
    world.work()
    send.refresh_from_db()
    job = BackgroundJob.objects.get(kind="reply.send")
    assert (send.state, job.status, job.attempts) == (OutboundSend.State.INTENT, "queued", 0)
    assert "secrets can’t be read" in send.reason and world.posted() == []
    tick()

    with override_settings(FIELD_ENCRYPTION_KEYS=[key]):
        assert probes.check_now(account_of(world)).ok
        assert row(account).state == HealthState.CONNECTED
        assert row(account).recovered_from == HealthState.DISCONNECTED
        comeback.account_pauses.resume_sends(world.workspace.pk)
        world.work()
    send.refresh_from_db()
    assert send.state == OutboundSend.State.SENT and len(world.posted()) == 1


def _answered(world):
    message = world.reply("Sure, send me times.")
    world.work()
    return message


def test_events_go_on_to_arrive_and_are_worked(world):
    factories.lose_key(account_of(world))
    message = _answered(world)
    assert world.job(message).status == "succeeded" and world.draft(message) is not None


def test_a_check_and_a_test_say_what_is_the_matter_and_call_nobody(world):
    account = account_of(world)
    factories.lose_key(account)
    assert "FIELD_ENCRYPTION_KEYS" in probes.check_now(account).sentence
    first, *rest = account_tests.run(account)[:-1]
    assert (first.tone, first.said) == ("bad", probes.UNREADABLE) and "the account’s settings" in first.fix
    assert {line.tone for line in rest} == {""}
    assert world.sandbox.requests(provider="emailbison") == []
    assert row(account).reason == SECRETS_UNREADABLE


@pytest.mark.parametrize(
    ("provider", "credentials"),
    [
        ("clay", {"callback_secret": "s" * 20}),
        ("slack", {"webhook_url": "https://hooks.slack.com/services/T/B/x"}),
    ],
)
def test_an_account_that_no_call_can_prove_is_well_when_its_secrets_can_be_read_again(provider, credentials):
    account = factories.make_integration(factories.make_workspace(), provider, credentials=credentials)
    key = factories.lose_key(account)
    tick()
    assert row(account).state == HealthState.DISCONNECTED
    with override_settings(FIELD_ENCRYPTION_KEYS=[key]):
        tick()
    assert row(account).state == HealthState.CONNECTED and row(account).last_success_at is None


def test_a_provider_that_can_be_asked_has_to_answer_before_the_account_is_well_again():
    account = factories.make_integration(factories.make_workspace())
    key = factories.lose_key(account)
    tick()
    with override_settings(FIELD_ENCRYPTION_KEYS=[key]):
        tick()
    assert row(account).state == HealthState.DISCONNECTED


def test_readable_secrets_do_not_end_another_trouble():
    account = factories.make_integration(
        factories.make_workspace(), "clay", credentials={"callback_secret": "s" * 20}
    )
    key = factories.lose_key(account)
    tick()
    writer.record(account, Signal(SignalKind.REFUSED, "forbidden"))
    with override_settings(FIELD_ENCRYPTION_KEYS=[key]):
        account.refresh_from_db()
        probes.look_at_secrets(account)
    assert (row(account).state, row(account).reason) == (HealthState.DISCONNECTED, "forbidden")


def test_where_slack_itself_is_unreadable_the_notice_goes_out_by_e_mail(mailoutbox):
    workspace = factories.make_workspace()
    factories.make_member(workspace, "owner", email="ana@northwind.example.com")
    slack = factories.make_integration(
        workspace, "slack", credentials={"bot_token": "xoxb-1"}, config={"channel": "C1"}
    )
    account = factories.make_integration(workspace, name="Outreach")
    factories.lose_key(slack)
    writer.record(account, Signal(SignalKind.REFUSED, "host_or_key"))
    slack = slack_of(workspace.pk)
    text = notice_channels.news_of(row(account), slack)
    assert notice_channels.tell(row(account), slack, text) == {"sent": "email"}
    assert Notice.objects.get().path == Notice.Path.EMAIL and "Outreach" in mailoutbox[0].body


def test_clay_is_not_asked_for_what_could_not_be_taken_in():
    from integrations.clay.client import ClayClient

    account = factories.make_integration(
        factories.make_workspace(), "clay", credentials={"callback_secret": "s" * 20}
    )
    factories.lose_key(account)
    with pytest.raises(SecretsUnreadable):
        ClayClient.for_integration(account)


@pytest.fixture
def owner(world):
    client = Client()
    client.force_login(factories.make_member(world.workspace, "owner"))
    return client


def settings_url(account) -> str:
    return reverse("inbox:integration-settings", args=[account.workspace_id, account.pk])


def test_the_settings_page_opens_and_new_secrets_replace_what_could_not_be_read(world, owner):
    account = account_of(world)
    factories.lose_key(account)
    tick()
    page = owner.get(settings_url(account))
    assert (
        page.status_code == 200
        and "can’t be read with the current FIELD_ENCRYPTION_KEYS" in page.content.decode()
    )
    form = {"name": "Outreach", "workspace_id": "", "api_key": world.key, "enabled": "on"}
    form["base_url"] = account.config["base_url"]
    assert owner.post(settings_url(account), form).status_code == 302
    account.refresh_from_db()
    assert account.credentials == {"api_key": world.key}
    world.work()
    assert row(account).state == HealthState.CONNECTED


def test_a_setting_can_be_changed_without_them_and_what_is_stored_stays(world, owner):
    account = account_of(world)
    token = factories.lose_key(account) and account.credentials.token
    form = {"name": "Sales", "workspace_id": "", "api_key": "", "base_url": account.config["base_url"]}
    assert owner.post(settings_url(account), form).status_code == 302
    account.refresh_from_db()
    assert (account.name, account.enabled, account.credentials.token) == ("Sales", False, token)


def test_of_two_secrets_the_needed_one_must_come_with_the_other(world, owner):
    account = factories.make_integration(
        world.workspace, "calendly", credentials={"api_key": "a" * 20, "signing_key": "b" * 20}
    )
    factories.lose_key(account)
    form = {"name": "", "api_key": "", "signing_key": "c" * 20, "enabled": "on"}
    refused = owner.post(settings_url(account), form)
    assert refused.status_code == 422
    assert refused.context["form"].errors == {
        "api_key": ["Enter this again too. The stored secret can’t be read."]
    }
    account.refresh_from_db()
    assert account.is_unreadable
    assert owner.post(settings_url(account), form | {"api_key": "d" * 20}).status_code == 302
    account.refresh_from_db()
    assert account.credentials == {"api_key": "d" * 20, "signing_key": "c" * 20}


def test_the_command_overwrites_what_cannot_be_read(world, monkeypatch):
    account = account_of(world)
    factories.lose_key(account)
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-from-a-pipe\n"))
    call_command(
        "connect_integration",
        str(world.workspace.pk),
        "emailbison",
        "--set",
        "api_key=@-",
        stdout=io.StringIO(),
    )
    account.refresh_from_db()
    assert account.credentials == {"api_key": "sk-from-a-pipe"}


def test_the_command_keeps_what_it_is_not_given(world):
    account = account_of(world)
    factories.lose_key(account)
    token = account.credentials.token
    call_command(
        "connect_integration",
        str(world.workspace.pk),
        "emailbison",
        "--set",
        "name=Sales",
        stdout=io.StringIO(),
    )
    account.refresh_from_db()
    assert (account.name, account.credentials.token) == ("Sales", token)
