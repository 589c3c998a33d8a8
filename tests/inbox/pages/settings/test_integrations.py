"""The integrations page: cards for everybody, settings and tests for admins, secrets for nobody."""

import re
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from inbox.models import AuditEntry, MailboxAlarm
from inbox.pages.settings.account_form import AccountForm
from integrations import registry
from integrations.health import writer
from integrations.health.writer import Signal, SignalKind
from integrations.models import HealthState, Integration, WebhookKey, WorkspaceIntegrationHealth
from jobs.models import BackgroundJob
from sandbox import SandboxServer
from tests.factories import make_delivery, make_integration, make_lead, make_message, make_workspace
from tests.world import forget_calls

SECRET = "sk-live-0123456789-7f3a"


@pytest.fixture
def account(workspace):
    return make_integration(workspace, "emailbison", name="Outreach", credentials={"api_key": SECRET})


@pytest.fixture
def url(workspace):
    return lambda name, *args: reverse(f"inbox:{name}", args=[workspace.pk, *args])


def text_of(client, address: str) -> str:
    return client.get(address).content.decode()


def test_every_setting_has_a_label():
    for spec in registry.specs().values():
        assert all(setting.label for setting in spec.all_settings), spec.name


def test_card_shows_state_since_and_what_was_received(people, account, url):
    writer.record(account, Signal(SignalKind.REFUSED, "invalid_key"))
    make_delivery(account.workspace, integration=account)
    text = text_of(people.owner, url("integrations"))
    assert "Needs reconnect" in text and "invalid_key" in text and "1 received" in text
    assert "LEAD_REPLIED" in text and "None" not in text and "Last failure" in text


def test_a_broken_account_comes_first(people, account, url):
    calendly = make_integration(account.workspace, "calendly", credentials={"api_key": SECRET})
    writer.record(calendly, Signal(SignalKind.WORKED))
    writer.record(account, Signal(SignalKind.REFUSED, "invalid_key"))
    cards = people.owner.get(url("integrations")).context["cards"]
    assert [card.integration for card in cards][:2] == [account, calendly]


def test_an_account_with_a_mailbox_in_trouble_is_not_shown_as_connected_and_comes_first(people, account, url):
    for row in (make_integration(account.workspace, "calendly", credentials={"api_key": SECRET}), account):
        writer.record(row, Signal(SignalKind.WORKED))
    MailboxAlarm.objects.create(
        integration=account,
        address="a@b.example.com",
        rate="replies",
        count=3,
        mails=44,
        days=7,
        since=timezone.now(),
        last_at=timezone.now(),
    )
    answer = people.owner.get(url("integrations"))
    assert answer.context["cards"][0].integration == account and "Mailbox problem" in answer.text
    page = text_of(people.owner, url("health"))
    assert page.index("Mailbox problem") < page.index("Connected</span>")
    assert "1 with problems" in page and "1 healthy" in page


def test_member_reads_cards_and_gets_no_address_and_no_button(people, account, url):
    key = WebhookKey.issue(account)
    text = text_of(people.member, url("integrations"))
    assert "EmailBison" in text and "Outreach" in text
    assert key.secret[-4:] not in text and "/test/" not in text
    assert f'href="{url("integration-settings", account.pk)}"' not in text


def test_no_page_ever_holds_a_secret(people, account, url):
    for name, args in (("integrations", ()), ("integration-settings", (account.pk,))):
        text = text_of(people.owner, url(name, *args))
        assert SECRET not in text
    assert "••••7f3a is saved" in text


def test_empty_secret_stays_as_it_is(people, account, url):
    form = {"name": "Sales", "workspace_id": "42", "api_key": "", "base_url": "", "enabled": "on"}
    assert people.owner.post(url("integration-settings", account.pk), form).status_code == 302
    account.refresh_from_db()
    assert (account.name, account.credentials) == ("Sales", {"api_key": SECRET})


def test_new_secret_is_stored_checked_and_recorded_without_its_value(people, account, url):
    form = {"name": "Outreach", "workspace_id": "", "api_key": "sk-live-new-key", "enabled": "on"}
    people.owner.post(url("integration-settings", account.pk), form)
    account.refresh_from_db()
    assert account.credentials == {"api_key": "sk-live-new-key"}
    entry = AuditEntry.objects.get(action="integration.changed")
    assert entry.data == {"settings": ["api_key"]}
    assert BackgroundJob.objects.get().kind == "health.probe"


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("api_key", "two words", "contains a space"),
        ("base_url", "http://169.254.169.254/", "must begin with https"),
        ("base_url", "https://evil.example.com", "is not allowed"),
    ],
)
def test_bad_value_is_refused_by_name_and_nothing_is_stored(people, account, url, field, value, error):
    form = {"name": "X", "workspace_id": "", "enabled": "on", field: value}
    response = people.owner.post(url("integration-settings", account.pk), form)
    assert response.status_code == 422
    assert error in str(response.context["form"].errors[field])
    assert "two words" not in response.content.decode()
    account.refresh_from_db()
    assert account.name == "Outreach"


def test_switched_off_account_says_so(people, account, url):
    people.owner.post(url("integration-settings", account.pk), {"name": "Outreach"})
    assert "Turned off" in text_of(people.owner, url("integrations"))


def test_connecting_makes_an_account_with_a_webhook_address(people, workspace, url):
    form = {"name": "Jane Doe", "account_id": "acc-1", "api_key": "key-of-unipile"}
    assert people.owner.post(url("integration-new", "unipile"), form).status_code == 302
    account = Integration.objects.get(workspace=workspace)
    assert (account.external_account_id, account.webhook_keys.count()) == ("acc-1", 1)


def test_connecting_uses_the_account_that_waits_to_be_set_up(people, workspace, url):
    blank = make_integration(workspace, "ghl", name="", credentials={})
    people.owner.post(url("integration-new", "ghl"), {"location_id": "loc-1", "api_key": "key-of-ghl"})
    assert list(Integration.objects.filter(workspace=workspace)) == [blank]


def test_every_provider_that_is_not_connected_yet_is_offered(people, workspace, url):
    make_integration(workspace, "smartlead", credentials={})
    make_integration(workspace, "calendly", credentials={"api_key": SECRET})
    offered = people.owner.get(url("integrations")).context["providers"]
    assert [value for value, _ in offered] == [
        name for name in registry.specs() if name not in ("calendly", "openai")
    ]


def test_location_that_another_workspace_has_is_refused(people, url):
    make_integration(make_workspace(), "ghl", external_account_id="loc-1")
    form = {"location_id": "loc-1", "api_key": "key-of-ghl"}
    response = people.owner.post(url("integration-new", "ghl"), form)
    assert response.status_code == 422
    assert "already connected" in str(response.context["form"].errors["location_id"])


def test_required_settings_are_named(people, url):
    errors = people.owner.post(url("integration-new", "ghl"), {}).context["form"].errors
    assert set(errors) == {"location_id", "api_key"}
    assert "Private Integrations" in str(errors["api_key"])


def test_slack_needs_a_token_and_a_channel(people, url):
    form = people.owner.post(url("integration-new", "slack"), {}).context["form"]
    assert "bot_token" in form.errors
    form = people.owner.post(url("integration-new", "slack"), {"bot_token": "xoxb-123"}).context["form"]
    assert "channel" in form.errors


def test_second_account_of_a_provider_with_one_leads_to_its_settings(people, workspace, url):
    slack = make_integration(workspace, "slack", credentials={"bot_token": "xoxb-123"})
    response = people.owner.get(url("integration-new", "slack"))
    assert response["Location"] == url("integration-settings", slack.pk)


def test_another_account_id_starts_health_over(people, workspace, url):
    account = make_integration(
        workspace, "unipile", external_account_id="acc-1", config={"owner_id": "ACo1", "stranger": False}
    )
    writer.record(account, Signal(SignalKind.REFUSED))
    form = {"name": "Jane", "account_id": "acc-2", "api_key": "", "base_url": "", "enabled": "on"}
    people.owner.post(url("integration-settings", account.pk), form)
    account.refresh_from_db()
    assert account.config == {}
    assert WorkspaceIntegrationHealth.objects.get().state == HealthState.UNKNOWN


def test_first_event_turns_up_by_itself(people, account, url):
    address = url("integration-event", account.pk)
    waiting = text_of(people.member, address)
    assert "Waiting for the first event" in waiting and "hx-trigger" in waiting
    make_delivery(account.workspace, integration=account, received_at=timezone.now())
    arrived = text_of(people.member, address)
    assert "LEAD_REPLIED" in arrived and "hx-trigger" not in arrived


@pytest.mark.django_db(transaction=True)
def test_test_shows_each_check_on_its_own_line_with_a_fix(people, workspace, url):
    forget_calls()
    with SandboxServer() as sandbox:
        config = {"base_url": sandbox.url("emailbison")}
        account = make_integration(workspace, config=config, credentials={"api_key": "key-1"})
        sandbox.set_account("emailbison", "key-1", "revoked")
        fragment = people.owner.post(url("integration-test", account.pk), headers={"HX-Request": "true"})
        page = people.owner.post(url("integration-test", account.pk)).content.decode()
    text = fragment.content.decode()
    assert text.count("<li") == 4 and "Key accepted" in text and "Not tested" in text
    assert "Create a new key in EmailBison" in text and "No events have arrived yet" in text
    assert "Key accepted" in page and "<h1>Accounts</h1>" in page
    assert AuditEntry.objects.filter(action="integration.tested").first().data == {"failed": ["Key accepted"]}


def test_an_event_by_an_old_key_is_pointed_out(people, account):
    from inbox.health.account_tests import webhooks

    old = WebhookKey.issue(account)
    WebhookKey.rotate(account, timedelta(hours=24))
    make_delivery(account.workspace, integration=account)
    WebhookKey.objects.filter(pk=old.pk).update(last_used_at=timezone.now())
    assert webhooks(account).tone == "warn"
    WebhookKey.objects.exclude(pk=old.pk).update(last_used_at=timezone.now())
    assert webhooks(account).tone == "ok"


class TestKeysAndAddresses:
    """A key is for the address that it was given for."""

    OWN, OTHER = "https://dedi.emailbison.com", "https://other.emailbison.com"

    @pytest.fixture
    def account(self, workspace):
        return make_integration(
            workspace, "emailbison", config={"base_url": self.OWN}, credentials={"api_key": SECRET}
        )

    def change(self, people, url, account, **values):
        form = {"name": "Outreach", "workspace_id": "", "api_key": "", "base_url": self.OWN, "enabled": "on"}
        return people.owner.post(url("integration-settings", account.pk), form | values)

    @pytest.mark.parametrize("address", [OTHER, "", f"{OWN}:443", f"{OWN}/api", OWN.upper() + "./"])
    def test_key_is_asked_for_again_only_where_calls_go_elsewhere(self, people, account, url, address):
        response = self.change(people, url, account, base_url=address)
        account.refresh_from_db()
        if address in (self.OTHER, ""):
            assert response.status_code == 422
            assert "a different address" in str(response.context["form"].errors["api_key"])
            assert account.config == {"base_url": self.OWN}
        else:
            assert response.status_code == 302
        assert account.credentials == {"api_key": SECRET}

    def test_new_address_is_stored_with_the_key_for_it(self, people, account, url):
        assert self.change(people, url, account, base_url=self.OTHER, api_key="sk-new").status_code == 302
        account.refresh_from_db()
        assert (account.config["base_url"], account.credentials) == (self.OTHER, {"api_key": "sk-new"})

    def test_form_says_so_at_the_address_and_at_the_key(self, people, account, url):
        fields = people.owner.get(url("integration-settings", account.pk)).context["form"].fields
        assert "If you change it, enter the key again" in fields["base_url"].help_text
        assert "enter it again to change the address" in fields["api_key"].help_text

    def test_address_that_changed_meanwhile_gets_no_key_that_was_given_for_the_old_one(
        self, people, account, url
    ):
        """Guard: in `_store`, a key that was given stores the address that stood beside it."""
        user = account.workspace.memberships.first().user
        data = {"name": "Outreach", "api_key": "sk-for-own", "base_url": self.OWN, "enabled": "on"}
        slow = AccountForm(Integration.objects.get(pk=account.pk), data)
        assert slow.is_valid()
        self.change(people, url, account, base_url=self.OTHER, api_key="sk-for-other")
        assert slow.save(account.workspace_id, user)
        account.refresh_from_db()
        assert (account.config["base_url"], account.credentials) == (self.OWN, {"api_key": "sk-for-own"})

    def test_address_does_not_take_along_a_key_that_was_stored_meanwhile(self, people, account, url):
        """Guard: `connect.apply` on the locked row. The form was right about the account that it had read."""
        user = account.workspace.memberships.first().user
        Integration.objects.filter(pk=account.pk).update(credentials={})
        data = {"name": "Outreach", "api_key": "", "base_url": self.OTHER, "enabled": "on"}
        slow = AccountForm(Integration.objects.get(pk=account.pk), data)
        slow.fields["api_key"].required = False
        assert slow.is_valid()
        self.change(people, url, account, api_key=SECRET)
        assert slow.save(account.workspace_id, user) is None
        assert "a different address" in str(slow.errors)
        account.refresh_from_db()
        assert (account.config["base_url"], account.credentials) == (self.OWN, {"api_key": SECRET})

    def test_key_that_cannot_be_read_today_is_asked_for_too_as_it_may_come_back(self, people, account, url):
        """Guard: `is_unreadable` in connect.secret_for_new_address."""
        with connection.cursor() as cursor:
            lost = Fernet(Fernet.generate_key()).encrypt(b'{"api_key": "sk-of-another-key"}').decode()
            cursor.execute("UPDATE integrations_integration SET credentials = %s", [lost])
        assert self.change(people, url, account, base_url=self.OTHER).status_code == 422
        assert self.change(people, url, account, base_url=self.OTHER, api_key="sk-new").status_code == 302

    @pytest.mark.parametrize("base_url", ["https://api9.unipile.com:14001", "https://api8.unipile.com"])
    def test_linkedin_account_at_an_address_of_its_own_needs_a_key_of_its_own(
        self, people, workspace, url, settings, base_url
    ):
        settings.UNIPILE_DSN, settings.UNIPILE_API_KEY = "https://api8.unipile.com:13851", "key-of-all"
        form = {"name": "Jane", "account_id": "acc-1", "base_url": base_url}
        response = people.owner.post(url("integration-new", "unipile"), form)
        assert response.status_code == 422
        assert "installation’s key only works" in str(response.context["form"].errors["api_key"])
        assert not Integration.objects.filter(workspace=workspace).exists()
        assert (
            people.owner.post(url("integration-new", "unipile"), form | {"api_key": "own"}).status_code == 302
        )

    def test_emailbison_account_needs_an_address_where_the_operator_has_set_none(self, people, url, settings):
        settings.EMAILBISON_BASE_URL = ""
        form = {"name": "Jane", "workspace_id": "7", "api_key": "own"}
        response = people.owner.post(url("integration-new", "emailbison"), form)
        assert response.status_code == 422
        assert "Every EmailBison customer" in str(response.context["form"].errors["base_url"])
        form |= {"base_url": "https://mail.emailbison.com"}
        assert people.owner.post(url("integration-new", "emailbison"), form).status_code == 302

    @pytest.mark.parametrize("base_url", ["", "https://api8.unipile.com:13851"])
    def test_linkedin_account_at_the_operators_address_needs_none(self, people, url, settings, base_url):
        settings.UNIPILE_DSN, settings.UNIPILE_API_KEY = "https://api8.unipile.com:13851", "key-of-all"
        form = {"name": "Jane", "account_id": "acc-1", "base_url": base_url}
        assert people.owner.post(url("integration-new", "unipile"), form).status_code == 302

    @pytest.mark.parametrize(
        "host", ["evil.example\\", "evil.example%5c", "evil.example\t", "evil.example\n"]
    )
    @pytest.mark.parametrize(
        "provider", ["emailbison", "ghl", "unipile", "smartlead", "instantly", "calendly"]
    )
    def test_address_that_is_read_in_two_ways_is_refused(self, people, url, provider, host):
        suffix = registry.spec_of(provider).hosts[0]
        form = {
            "name": "X", "account_id": "a", "location_id": "l", "api_key": "sk-own", "base_url": f"https://{host}.{suffix}",
        }  # fmt: skip
        response = people.owner.post(url("integration-new", provider), form)
        assert response.status_code == 422
        assert "plain letters" in str(response.context["form"].errors["base_url"])
        assert not Integration.objects.exists()

    @pytest.mark.parametrize(
        ("provider", "field"),
        [("clay", "linkedin_table_url"), ("clay", "phone_table_url"), ("slack", "webhook_url")],
    )
    def test_secret_address_is_checked_as_the_others_are(self, people, url, provider, field):
        suffix = registry.spec_of(provider).hosts[0]
        for bad in (f"https://evil.example\\.{suffix}/x", "https://evil.example/x", f"https://{suffix}:22/x"):
            errors = people.owner.post(url("integration-new", provider), {field: bad}).context["form"].errors
            assert field in errors


def test_an_account_suggests_its_own_sender_addresses_and_none_of_another(people, account, url, workspace):
    """Each email is that of the account whose webhook brought it."""
    other, lead = make_integration(workspace, "emailbison", external_account_id="2"), make_lead(workspace)
    for row, address in ((account, "alex@one.example.com"), (other, "bo@two.example.com")):
        make_delivery(workspace, integration=row, message=make_message(lead, account_address=address))
    make_message(lead, account_address="unknown@three.example.com")
    for row, address in ((account, "alex@one.example.com"), (other, "bo@two.example.com")):
        shown = text_of(people.owner, url("integration-settings", row.pk))
        assert re.findall(r'<option value="(.+@.+)">', shown) == [address]


def test_each_sender_address_of_an_account_has_its_signature(people, account, url, workspace):
    """Guard: only an email account has senders, and an empty text removes the signature."""
    page = url("integration-settings", account.pk)
    make_message(make_lead(workspace), account_address="Alex@outreach.example.com")
    assert '<option value="Alex@outreach.example.com">' in text_of(people.owner, page)

    def sign(address: str, text: str, **more: str):
        return people.owner.post(page, {"group": "signature", "address": address, "text": text} | more)

    assert sign("no address", "Alex").status_code == 422
    assert sign("Alex@outreach.example.com", "Alex\r\nNorth desk").status_code == 302
    assert sign("", "The team").status_code == 302
    account.refresh_from_db()
    signatures = {"alex@outreach.example.com": "Alex\nNorth desk", "": "The team"}
    assert account.config["signatures"] == signatures and account.credentials == {"api_key": SECRET}
    entry = AuditEntry.objects.filter(action="integration.changed").first()
    assert entry.data == {"settings": ["signatures"]}
    edited = text_of(people.owner, page + "?address=alex@outreach.example.com")
    assert "Alex\nNorth desk</textarea>" in edited and "All other addresses" in edited
    sign("alex@outreach.example.com", " ")
    account.refresh_from_db()
    assert account.config["signatures"] == {"": "The team"}
    assert people.member.post(page, {"group": "signature", "text": "Mine"}).status_code == 403
    calendar = make_integration(workspace, "calendly", credentials={"api_key": SECRET})
    assert "Signatures" not in text_of(people.owner, url("integration-settings", calendar.pk))
    mine = {"group": "signature", "text": "Mine"}
    for other in (url("integration-settings", calendar.pk), url("integration-new", "smartlead")):
        assert people.owner.post(other, mine).status_code < 500
    assert not Integration.objects.filter(config__has_key="signatures").exclude(pk=account.pk).exists()
