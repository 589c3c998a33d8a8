"""manage.py create_workspace and connect_integration, as an operator's script uses them."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from inbox.models import Membership, Workspace
from integrations.models import Integration, WebhookKey, hash_key
from integrations.registry import keyed_sources
from tests import factories

pytestmark = pytest.mark.django_db


def run(*args, stdin: str = "", monkeypatch=None) -> str:
    out = io.StringIO()
    if monkeypatch:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
    call_command(*args, stdout=out)
    return out.getvalue()


def create(name="Acme", **options) -> dict:
    return json.loads(
        run(
            "create_workspace",
            name,
            "--admin-email",
            "ana@acme.example.com",
            "--admin-password",
            "long-enough-1",
            "--json",
        )
    )


def test_it_prints_the_json_that_scripts_rely_on():
    made = create()
    assert made["workspace"] == {"id": str(Workspace.objects.get().pk), "name": "Acme"}
    assert made["admin"] == {"email": "ana@acme.example.com"}
    assert set(made["webhooks"]) == set(keyed_sources())
    webhook = made["webhooks"]["email"]
    assert webhook["path"] == f"/api/webhooks/email/{webhook['key']}/"


def test_a_key_has_at_least_192_bits_and_only_its_hash_is_looked_up():
    key = create()["webhooks"]["email"]["key"]
    assert len(key) >= 32
    stored = WebhookKey.objects.get(key_hash=hash_key(key))
    assert stored.integration.provider == "emailbison"


def test_the_admin_owns_the_workspace_and_can_log_in(client):
    create()
    assert Membership.objects.get().role == Membership.Role.OWNER
    assert client.login(username="ana@acme.example.com", password="long-enough-1")


def test_without_a_password_one_is_made_and_shown_once(client):
    made = json.loads(run("create_workspace", "Acme", "--admin-email", "bo@acme.example.com", "--json"))
    assert client.login(username="bo@acme.example.com", password=made["admin"]["password"])


def test_an_owner_that_an_operator_made_keeps_the_password_in_another_workspace(client):
    create("Acme")
    run("create_workspace", "Other", "--admin-email", "ana@acme.example.com", "--json")
    assert Membership.objects.filter(user__email="ana@acme.example.com").count() == 2
    assert client.login(username="ana@acme.example.com", password="long-enough-1")


def test_a_workspace_is_not_opened_to_whoever_made_a_password_for_its_owner_before(client):
    factories.make_member(factories.make_workspace(), email="ana@acme.example.com", password="of-an-attacker")

    with pytest.raises(CommandError, match="password_link"):
        run("create_workspace", "Acme", "--admin-email", "Ana@acme.example.com")
    assert not Workspace.objects.filter(name="Acme").exists()
    create("Acme")

    assert not client.login(username="ana@acme.example.com", password="of-an-attacker")
    assert client.login(username="ana@acme.example.com", password="long-enough-1")


def test_a_bad_address_is_refused_by_name():
    with pytest.raises(CommandError, match="--admin-email"):
        run("create_workspace", "Acme", "--admin-email", "nobody")


def test_credentials_are_stored_encrypted():
    create()
    run(
        "connect_integration", "acme", "emailbison", "--set", "api_key=top-secret", "--set", "workspace_id=42"
    )
    integration = Integration.objects.get(provider="emailbison")
    assert (integration.credentials["api_key"], integration.external_account_id) == ("top-secret", "42")
    raw = Integration.objects.extra(select={"raw": "credentials"}).values_list("raw", flat=True)
    assert "top-secret" not in raw.get(pk=integration.pk)


def test_a_value_may_come_from_standard_input(monkeypatch):
    create()
    run(
        "connect_integration",
        "Acme",
        "email",
        "--set",
        "api_key=@-",
        stdin="from-a-pipe\n",
        monkeypatch=monkeypatch,
    )
    assert Integration.objects.get(provider="emailbison").credentials == {"api_key": "from-a-pipe"}


def test_another_address_asks_for_the_key_again():
    create()
    given, other = "base_url=https://dedi.emailbison.com", "base_url=https://other.emailbison.com"
    run("connect_integration", "Acme", "email", "--set", given, "--set", "api_key=first")
    with pytest.raises(CommandError, match="api_key: the stored value was for a different address"):
        run("connect_integration", "Acme", "email", "--set", other)
    stored = Integration.objects.get(provider="emailbison")
    assert (stored.config["base_url"], stored.credentials["api_key"]) == (given[9:], "first")
    run("connect_integration", "Acme", "email", "--set", other, "--set", "api_key=second")
    stored.refresh_from_db()
    assert (stored.config["base_url"], stored.credentials["api_key"]) == (other[9:], "second")


def test_an_address_that_is_read_in_two_ways_is_refused():
    create()
    with pytest.raises(
        CommandError, match="base_url: unipile: the address must be https://, a host in plain letters"
    ):
        run("connect_integration", "Acme", "unipile", "--set", "base_url=https://evil.example\\.unipile.com")


def test_an_unknown_setting_names_those_there_are():
    create()
    with pytest.raises(CommandError, match="It has: workspace_id, api_key, base_url"):
        run("connect_integration", "Acme", "emailbison", "--set", "apikey=x")


def test_an_unknown_workspace_is_said():
    with pytest.raises(CommandError, match="There is no workspace named"):
        run("connect_integration", "Nowhere", "emailbison", "--set", "api_key=x")


def test_one_ghl_location_belongs_to_one_workspace():
    create("Acme")
    create("Other")
    run("connect_integration", "Acme", "ghl", "--set", "location_id=Loc1")
    with pytest.raises(CommandError, match="already connected"):
        run("connect_integration", "Other", "ghl", "--set", "location_id=Loc1")
