"""The first steps of a workspace: each is told from facts, each has its test, and samples prove nothing."""

import re

import pytest
from django.core import mail
from django.test import Client, override_settings
from django.utils import timezone

from inbox.models import AuditEntry, Draft, Lead, Membership, OutboundSend, Workspace
from inbox.pages.start.first_steps import FirstSteps
from inbox.workspaces import creation
from integrations.health import writer
from integrations.models import HealthState, Notice, WebhookKey, WorkspaceIntegrationHealth
from integrations.models.health import lost
from jobs.worker import drain
from sandbox import SandboxServer
from tests import factories
from tests.world import World, forget_calls, settings_for

NO_MAIL = "django.core.mail.backends.dummy.EmailBackend"


@pytest.fixture
def fresh(db):
    """A workspace as `create_workspace` makes it, and its owner."""
    return creation.create("Fresh", "owner@fresh.example.com", "correct horse battery")


@pytest.fixture
def owner(fresh, client):
    client.force_login(fresh.admin)
    return client


@pytest.fixture
def world(transactional_db):
    forget_calls()
    with SandboxServer() as sandbox, settings_for(sandbox):
        yield World.make(sandbox)


def states(workspace) -> dict[str, str]:
    return {step.key: step.state for step in FirstSteps(workspace).steps}


def well(account, state=HealthState.CONNECTED) -> None:
    writer.row(account)
    now = timezone.now()
    WorkspaceIntegrationHealth.objects.filter(integration=account).update(
        state=state, since=now, last_success_at=now
    )


def connect(workspace, provider="emailbison"):
    account = workspace.integrations.get(provider=provider)
    account.credentials = {"api_key": "key-1"}
    account.save()
    return account


@override_settings(OPENAI_API_KEY="", EMAIL_BACKEND=NO_MAIL)
def test_a_fresh_workspace_says_what_to_do_first_and_what_waits_for_it(fresh, owner):
    assert states(fresh.workspace) == {
        "sender": "open",
        "address": "later",
        "event": "later",
        "model": "failed",
        "persona": "open",
        "notice": "open",
        "colleague": "open",
        "draft": "later",
    }
    page = owner.get(f"/w/{fresh.workspace.pk}/start/").content.decode()
    assert "First steps: 0 of 8" in page and "Connect EmailBison" in page
    assert re.search(
        r'aria-current="step"[^§]*?<h2 id="next-h">Connect the account your replies come to</h2>', page
    )
    assert "OPENAI_API_KEY" in page and "Send a test event" not in page


def test_each_step_is_done_by_its_own_fact_and_by_no_other(fresh, settings):
    settings.OPENAI_API_KEY = "key-openai"
    workspace, done = fresh.workspace, set()

    def proves(step: str) -> None:
        done.add(step)
        assert {key for key, state in states(workspace).items() if state == "done"} == done

    account = connect(workspace)
    assert states(workspace)["sender"] == "checking"
    well(account)
    proves("sender")
    WebhookKey.objects.filter(integration=account).update(last_used_at=timezone.now())
    proves("address")
    lead = factories.make_lead(workspace)
    message = factories.make_message(lead)
    factories.make_delivery(workspace, verdict="ignored", lead=lead)
    proves("address")
    factories.make_delivery(workspace, integration=account, verdict="accepted", lead=lead, message=message)
    proves("event")
    openai = factories.make_integration(workspace, "openai", credentials={})
    well(openai)
    proves("model")
    workspace.persona_name = "Ana Ruiz"
    workspace.save()
    proves("persona")
    Notice.objects.create(workspace=workspace, kind="trial", path="slack", state="failed", text="x")
    assert states(workspace)["notice"] == "failed"
    Notice.objects.create(
        workspace=workspace, kind="health", path="email", state="sent", text="x", finished_at=timezone.now()
    )
    proves("notice")
    invitation = factories.make_invitation(workspace, invited_by=fresh.admin, email="ben@fresh.example.com")
    proves("colleague")
    invitation.delete()
    factories.make_member(workspace)
    proves("colleague")
    draft = factories.make_draft(message)
    assert states(workspace)["draft"] == "open"
    Draft.objects.filter(pk=draft.pk).update(status="approved", decided_by=fresh.admin)
    proves("draft")
    assert FirstSteps(workspace).all_done


def test_an_account_that_breaks_is_not_set_up_any_more(fresh):
    account = connect(fresh.workspace)
    well(account, HealthState.DISCONNECTED)
    step = FirstSteps(fresh.workspace).steps[0]
    assert step.state == "failed" and step.is_next and step.title == "Reconnect EmailBison"
    assert step.link == "Enter new key" and step.url.endswith(f"/integrations/{account.pk}/")


def test_a_lost_mailbox_is_logged_in_to_at_its_provider_and_tested_here(fresh, owner):
    account = connect(fresh.workspace)
    well(account, HealthState.DISCONNECTED)
    mailboxes = ["old@outreach.example.com"]
    WorkspaceIntegrationHealth.objects.filter(integration=account).update(
        lost_mailboxes=mailboxes, reason=lost(mailboxes)
    )
    step = owner.get(f"/w/{fresh.workspace.pk}/start/").content.decode().partition('id="next"')[2]
    assert "Reconnect EmailBison</h2>" in step
    assert "Log in to old@outreach.example.com at EmailBison, then run the test." in step
    assert re.search(r'class="btn primary" id="test-sender"', step) and "Old@" not in step


def test_another_workspaces_facts_prove_nothing(fresh):
    other = factories.make_workspace()
    lead = factories.make_lead(other)
    message = factories.make_message(lead)
    account = factories.make_integration(other)
    well(account)
    WebhookKey.issue(account)
    WebhookKey.objects.filter(integration=account).update(last_used_at=timezone.now())
    factories.make_delivery(other, integration=account, verdict="accepted", lead=lead, message=message)
    factories.make_draft(message, status="approved", decided_by=fresh.admin)
    assert "done" not in states(fresh.workspace).values()


def test_it_takes_few_statements_however_much_there_is(owner, fresh, django_assert_max_num_queries):
    connect(fresh.workspace)
    lead = factories.make_lead(fresh.workspace)
    for _ in range(5):
        factories.make_delivery(
            fresh.workspace, verdict="accepted", lead=lead, message=factories.make_message(lead)
        )
    url = f"/w/{fresh.workspace.pk}/start/live/"
    owner.get(url)
    with django_assert_max_num_queries(7):  # three of them are session, user and membership
        owner.get(url)


def test_the_live_part_is_sent_only_when_a_step_says_something_else(owner, fresh):
    url = f"/w/{fresh.workspace.pk}/start/live/"
    key = FirstSteps(fresh.workspace).key
    assert owner.get(url, {"key": key}).status_code == 204
    connect(fresh.workspace)
    answer = owner.get(url, {"key": key})
    assert answer.status_code == 200 and "Checking " in answer.content.decode()


def test_the_address_is_masked_until_an_admin_asks_and_that_is_recorded(owner, fresh):
    account = connect(fresh.workspace)
    key = WebhookKey.objects.get(integration=account)
    base = f"/w/{fresh.workspace.pk}/start/"
    assert key.secret not in owner.get(base).content.decode()
    page = owner.post(f"{base}address/{key.pk}/").content.decode()
    assert f"/api/webhooks/email/{key.secret}/" in page and "Copy" in page
    assert AuditEntry.objects.filter(action="webhook_key.shown", object_id=str(key.pk)).exists()


def test_a_member_sees_what_is_being_set_up_and_no_button_that_is_not_theirs(fresh, client):
    connect(fresh.workspace)
    member = factories.make_member(fresh.workspace)
    client.force_login(member)
    page = client.get(f"/w/{fresh.workspace.pk}/start/").content.decode()
    assert "An owner or admin of Fresh needs to set this up" in page and "Checking " in page
    assert not re.search(r"/start/(address|event|model|notice|hide)/", page) and "••••" not in page


def test_the_page_leaves_the_menu_by_itself_or_when_hidden_and_can_come_back(owner, fresh):
    base = f"/w/{fresh.workspace.pk}/"
    link = f'<ul aria-label="First"><li><a href="{base}start/"'
    assert link in owner.get(f"{base}people/").content.decode()
    owner.post(f"{base}start/hide/", {"do": "hide"})
    assert link not in owner.get(f"{base}people/").content.decode()
    assert "Show first steps in the menu" in owner.get(f"{base}start/").content.decode()
    owner.post(f"{base}start/hide/", {"do": "show"})
    assert Workspace.objects.get().set_up_at is None
    assert list(AuditEntry.objects.values_list("action", flat=True).order_by("pk")) == [
        "first_steps.hidden",
        "first_steps.shown",
    ]


def test_once_all_of_it_works_an_admins_look_takes_the_page_out_of_the_menu(owner, fresh, monkeypatch):
    monkeypatch.setattr(FirstSteps, "all_done", property(lambda _self: True))
    base = f"/w/{fresh.workspace.pk}/"
    monkeypatch.setattr(FirstSteps, "done", 8)
    for role in ("viewer", "member"):
        looks = Client()
        looks.force_login(factories.make_member(fresh.workspace, role))
        assert "All set" in looks.get(f"{base}start/").text
        assert Workspace.objects.get().set_up_at is None, role
    assert "All set" in owner.get(f"{base}start/").content.decode()
    assert 'aria-label="First"' not in owner.get(f"{base}people/").content.decode()


def test_a_test_event_opens_its_sample_which_proves_no_step_and_one_press_removes_it(owner, fresh):
    account = connect(fresh.workspace)
    before = states(fresh.workspace)
    base = f"/w/{fresh.workspace.pk}/"
    answer = owner.post(f"{base}start/event/{account.pk}/", follow=True)
    lead = Lead.objects.get(sample=True)
    assert answer.redirect_chain[-1][0] == f"{base}inbox/{lead.pk}/"
    page = answer.content.decode()
    assert "This is a sample." in page and "accepted the test event" in page
    assert "Nothing to do. This is a sample." in page
    assert states(fresh.workspace) == before
    assert "Sample</span>" in owner.get(f"{base}inbox/").content.decode()
    assert "Open the sample" in owner.get(f"{base}start/").content.decode()
    owner.post(f"{base}start/sample/remove/")
    assert not Lead.objects.exists()


def test_in_a_sample_the_account_is_the_sender_and_one_can_only_pretend_to_send(owner, fresh):
    account = connect(fresh.workspace)
    base = f"/w/{fresh.workspace.pk}/"
    owner.post(f"{base}start/event/{account.pk}/")
    lead = Lead.objects.get(sample=True)
    account.external_account_id = "42"  # the first check has learned it since
    account.save()
    draft = factories.make_draft(lead.messages.get(), verification={"problems": []})
    page = owner.get(f"{base}inbox/{lead.pk}/").content.decode()
    form = re.search(r'<form[^>]* id="draft".*?</form>', page, re.S)[0]
    assert re.findall(r"<dt>From</dt><dd>(.*?)</dd>", form) == ["EmailBison"]
    assert "not connected" not in form and "Ready:" not in form and "A sample:" in form
    assert re.findall(r'name="do" value="([^"]*)"', form) == ["pretend"] and "Pretend to send" in form

    answer = owner.post(f"{base}drafts/{draft.pk}/", {"do": "pretend", "text": "Hello"}, follow=True)
    assert "This is a sample, so nothing was sent." in answer.content.decode()
    draft.refresh_from_db()
    assert draft.status == "rejected" and not OutboundSend.objects.exists()
    real = factories.make_draft(factories.make_message(factories.make_lead(fresh.workspace)))
    assert owner.post(f"{base}drafts/{real.pk}/", {"do": "pretend"}).status_code == 400
    real.refresh_from_db()
    assert real.status == "pending"


def test_a_test_event_that_cannot_be_sent_says_why(owner, fresh):
    account = connect(fresh.workspace)
    WebhookKey.objects.filter(integration=account).delete()
    answer = owner.post(f"/w/{fresh.workspace.pk}/start/event/{account.pk}/", follow=True)
    assert "has no webhook URL yet" in answer.content.decode() and not Lead.objects.exists()


def test_the_models_key_is_tried_against_the_provider(world):
    admin = factories.make_member(world.workspace, Membership.Role.ADMIN)
    world.client.force_login(admin)
    base = f"/w/{world.workspace.pk}/start/"
    world.sandbox.fault(provider="openai", kind="error", status=401, count=1)
    page = world.client.post(f"{base}model/", follow=True).content.decode()
    assert "The OpenAI key doesn’t work" in page
    page = world.client.post(f"{base}model/", follow=True).content.decode()
    assert "OpenAI accepted the key." in page and states(world.workspace)["model"] == "done"


def test_a_trial_notice_goes_to_slack_and_says_whether_it_arrived(world):
    admin = factories.make_member(world.workspace, Membership.Role.ADMIN)
    world.client.force_login(admin)
    slack = world.connect("slack", bot_token="xoxb-sandbox")
    slack.config = {"base_url": f"{world.sandbox.url('slack')}/api", "channel": "C0SANDBOX01"}
    slack.save()
    base = f"/w/{world.workspace.pk}/start/"
    world.sandbox.fault(provider="slack", kind="error", status=400, count=1)
    world.client.post(f"{base}notice/")
    assert states(world.workspace)["notice"] == "checking"
    world.work()
    assert states(world.workspace)["notice"] == "failed"
    world.client.post(f"{base}notice/")
    world.work()
    assert states(world.workspace)["notice"] == "done"
    assert Notice.objects.filter(kind="trial", state="sent", destination="C0SANDBOX01").exists()


def test_without_slack_a_trial_notice_goes_by_mail_to_owners_and_admins(owner, fresh):
    owner.post(f"/w/{fresh.workspace.pk}/start/notice/")
    drain()
    assert [message.to for message in mail.outbox] == [["owner@fresh.example.com"]]
    assert mail.outbox[0].subject == "Holdfast: test notification in Fresh"
    assert states(fresh.workspace)["notice"] == "done"


@override_settings(EMAIL_BACKEND=NO_MAIL)
def test_with_no_way_at_all_it_says_what_to_connect(owner, fresh):
    answer = owner.post(f"/w/{fresh.workspace.pk}/start/notice/", follow=True)
    assert "There’s nowhere to send notifications. Connect Slack" in answer.content.decode()
    assert not Notice.objects.exists()


def test_our_own_mail_does_not_prove_that_replies_come_in(fresh):
    account = connect(fresh.workspace)
    well(account)
    lead = factories.make_lead(fresh.workspace)
    sent = factories.make_message(lead, direction="outbound")
    factories.make_delivery(fresh.workspace, integration=account, verdict="accepted", lead=lead, message=sent)
    assert states(fresh.workspace)["event"] == "checking"


@pytest.mark.parametrize(
    ("state", "shown", "title"),
    [
        (HealthState.RATE_LIMITED, "done", "The OpenAI key works"),
        (HealthState.PROVIDER_DOWN, "failed", "OpenAI is having problems on the provider’s side"),
        (HealthState.DISCONNECTED, "failed", "The OpenAI key doesn’t work"),
    ],
)
def test_only_a_refused_key_is_said_not_to_work(fresh, settings, state, shown, title):
    settings.OPENAI_API_KEY = "key-openai"
    well(factories.make_integration(fresh.workspace, "openai", credentials={}), state)
    (step,) = [step for step in FirstSteps(fresh.workspace).steps if step.key == "model"]
    assert (step.state, step.title) == (shown, title)
    assert ("Ask the operator" in step.said) == (state == HealthState.DISCONNECTED)


def test_only_accounts_that_work_are_called_connected(fresh):
    well(connect(fresh.workspace))
    other = connect(fresh.workspace, "instantly")
    assert FirstSteps(fresh.workspace).steps[0].title == "EmailBison is connected"
    well(other, HealthState.DISCONNECTED)
    step = FirstSteps(fresh.workspace).steps[0]
    assert step.state == "failed" and "Instantly" in step.title and str(other.pk) in step.url


def test_a_trial_notice_that_failed_is_told_though_an_earlier_one_arrived(fresh):
    def notice(kind: str, path: str, state: str) -> None:
        Notice.objects.create(
            workspace=fresh.workspace, kind=kind, path=path, state=state, text="x", finished_at=timezone.now()
        )

    notice("health", "slack", "sent")
    assert states(fresh.workspace)["notice"] == "open"  # Slack is not the way any more
    notice("health", "email", "sent")
    assert states(fresh.workspace)["notice"] == "done"
    notice("trial", "email", "failed")
    assert states(fresh.workspace)["notice"] == "failed"
    notice("trial", "email", "claimed")
    assert states(fresh.workspace)["notice"] == "checking"
    notice("health", "email", "sent")
    assert states(fresh.workspace)["notice"] == "done"


def test_who_looks_is_not_told_to_be_their_own_colleague(fresh, client):
    member = factories.make_member(fresh.workspace)
    client.force_login(member)
    page = client.get(f"/w/{fresh.workspace.pk}/start/").content.decode()
    assert "2 people are in this workspace" in page


def test_what_cannot_come_back_to_the_menu_is_not_offered(owner, fresh, monkeypatch):
    monkeypatch.setattr(FirstSteps, "all_done", property(lambda _self: True))
    start = f"/w/{fresh.workspace.pk}/start/"
    owner.get(start)  # this takes it out of the menu
    assert "Show first steps in the menu" not in owner.get(start).content.decode()


def test_an_address_in_full_is_kept_while_the_page_follows_what_happens(owner, fresh):
    key = WebhookKey.objects.get(integration=connect(fresh.workspace))
    start = f"/w/{fresh.workspace.pk}/start/"
    kept = f'id="address-of-{key.pk}" hx-preserve'
    shown = owner.post(f"{start}address/{key.pk}/").content.decode()
    assert key.secret in shown and kept in shown and "start/live/" in shown
    renewed = owner.get(f"{start}live/").content.decode()
    assert kept in renewed and key.secret not in renewed


def test_a_look_at_the_address_in_a_browser_is_no_use_of_it(client, fresh):
    key = WebhookKey.objects.get(integration=connect(fresh.workspace))
    assert client.get(f"/api/webhooks/email/{key.secret}/").status_code == 200
    assert WebhookKey.objects.get(pk=key.pk).last_used_at is None


def test_the_empty_inbox_of_a_new_workspace_holds_its_set_up_with_one_primary_button(owner, fresh, client):
    inbox = f"/w/{fresh.workspace.pk}/inbox/"
    page = owner.get(inbox).content.decode().split("<main")[1].split("<template")[0]
    setup = page.partition('<section class="convo setup"')[2]
    assert "First steps: 0 of 8" in setup and setup.count("primary") == 1 and "Connect EmailBison" in setup
    assert page.count("<h1") == 1
    todo = setup.partition('aria-label="Then"')[2]
    assert re.findall(r'class="who todo" aria-hidden="true">(\d)<', todo) == ["2", "3", "5", "6", "7", "8"]
    assert "#off" not in setup

    assert "convo setup" not in owner.get(f"{inbox}?view=sent").content.decode()
    lead = factories.make_lead(fresh.workspace, needs_reply=True)
    assert "convo setup" not in owner.get(inbox).content.decode()
    lead.delete()
    client.force_login(factories.make_member(fresh.workspace))
    assert "convo setup" not in client.get(inbox).content.decode()


def test_finished_steps_are_folded_but_the_first_reply_stays_in_view_until_a_draft_is_approved(owner, fresh):
    account = connect(fresh.workspace)
    well(account)
    lead = factories.make_lead(fresh.workspace)
    message = factories.make_message(lead)
    factories.make_delivery(
        fresh.workspace, integration=account, verdict="accepted", lead=lead, message=message
    )
    page = owner.get(f"/w/{fresh.workspace.pk}/start/").content.decode()
    then, folded = page.partition('aria-label="Then"')[2].split("<details>", 1)
    assert "Open the reply" in then and "EmailBison is connected" not in then
    assert then.index("Invite a colleague") < then.index("Open the reply"), "open steps come first"
    assert "EmailBison is connected" in folded and "Open the reply" not in folded
    factories.make_draft(message, status="approved", decided_by=fresh.admin)
    page = owner.get(f"/w/{fresh.workspace.pk}/start/").content.decode()
    assert "Open the reply" in page.partition('aria-label="Then"')[2].split("<details>", 1)[1]
