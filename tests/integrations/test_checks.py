"""The test of an account: each check has its verdict, the first that fails ends it, and says what to do."""

import time
from dataclasses import replace

import pytest
from django.db import connection

from integrations import registry
from integrations.health import checks, writer
from integrations.models import Integration
from integrations.unipile import identity
from sandbox import SandboxServer
from tests.factories import make_integration, make_workspace
from tests.waiting import SLACK_S
from tests.world import forget_calls

pytestmark = pytest.mark.django_db

SETTINGS = {
    "emailbison": ("emailbison", {"api_key": "key-1"}, {}, ""),
    "ghl": ("ghl", {"api_key": "key-1"}, {}, "loc-1"),
    "unipile": ("unipile", {"api_key": "key-1"}, {}, "acc-1"),
    "smartlead": ("smartlead/api/v1", {"api_key": "key-1"}, {}, ""),
    "instantly": ("instantly/api/v2", {"api_key": "key-1"}, {}, ""),
    "calendly": ("calendly", {"api_key": "key-1"}, {}, ""),
    "slack": ("slack/api", {"bot_token": "xoxb-1"}, {"channel": "C0SANDBOX02"}, ""),
    "clay": ("clay", {}, {"phone_table_url": "https://api.clay.com/t"}, ""),
}


@pytest.fixture(scope="module")
def server():
    with SandboxServer() as server:
        yield server


@pytest.fixture
def sandbox(server):
    server.reset()
    server.clear_faults()
    forget_calls()
    return server


def account_of(sandbox, provider: str) -> Integration:
    path, credentials, config, account_id = SETTINGS[provider]
    return make_integration(
        make_workspace(),
        provider,
        credentials=credentials,
        config=config | {"base_url": sandbox.url(path)},
        external_account_id=account_id,
    )


def tones(lines) -> dict[str, str]:
    return {line.label: line.tone for line in lines}


def test_every_provider_that_a_workspace_connects_is_checked_here():
    assert set(SETTINGS) == {spec.name for spec in registry.specs().values() if spec.is_connected_here}


@pytest.mark.parametrize("provider", SETTINGS)
def test_a_good_account_passes_every_check(provider, sandbox):
    if provider == "ghl":
        sandbox.set_account("ghl", "key-1", "ok", {"location_id": "loc-1"})
    lines = checks.run(account_of(sandbox, provider))
    assert {line.tone for line in lines} == {"ok"}, lines


@pytest.mark.parametrize("provider", sorted(set(SETTINGS) - {"clay"}))
def test_a_revoked_key_fails_the_first_check_and_says_where_to_make_a_new_one(provider, sandbox):
    account = account_of(sandbox, provider)
    sandbox.set_account(provider, next(iter(account.credentials.values())), "revoked")
    lines = checks.run(account)
    assert lines[0].tone == "bad" and "new key" in lines[0].fix
    assert {line.tone for line in lines[1:]} <= {""}


def test_a_disconnected_linkedin_account_fails_at_its_session(sandbox):
    sandbox.set_account("unipile", "acc-1", "disconnected")
    lines = checks.run(account_of(sandbox, "unipile"))
    assert tones(lines) == {
        "Key accepted, account found": "ok",
        "Same person": "ok",
        "LinkedIn session": "bad",
    }
    assert "Reconnect" in lines[-1].fix


def test_somebody_else_s_linkedin_account_is_noticed(sandbox):
    account = account_of(sandbox, "unipile")
    assert checks.run(account)[1].tone == "ok"
    sandbox.set_account("unipile", "acc-1", "ok", {"owner_id": "ACoSOMEBODYELSE"})
    lines = checks.run(account)
    assert lines[1].tone == "bad" and "log in as this account’s owner" in lines[1].fix
    assert account.config[identity.STRANGER] is True


def test_the_key_of_another_workspace_is_named(sandbox):
    account = account_of(sandbox, "emailbison")
    account.external_account_id = "42"
    sandbox.set_account("emailbison", "key-1", "ok", {"workspace_id": 7})
    lines = checks.run(account)
    assert lines[1].tone == "bad" and "account 7" in lines[1].said and "account 42" in lines[1].said


def test_missing_scopes_of_slack_are_named(sandbox):
    account = account_of(sandbox, "slack")
    sandbox.set_account("slack", "xoxb-1", "ok", {"scopes": "chat:write"})
    line = checks.run(account)[1]
    assert line.tone == "bad" and "users:read.email" in line.said and "install the app again" in line.fix


def test_a_scope_that_gohighlevel_misses_is_named_and_the_account_stays_connected(sandbox):
    account = account_of(sandbox, "ghl")
    sandbox.set_account("ghl", "key-1", "ok", {"location_id": "loc-1"})
    refusal = {"status": 401, "message": "The token is not authorized for this scope."}
    sandbox.fault(provider="ghl", kind="error", path="^/calendars/", **refusal)
    assert checks.run(account)[2].fix.startswith("Add the missing permission to the key in GoHighLevel")
    assert writer.row(account).state == "connected"


def test_a_setting_that_is_missing_is_named(sandbox):
    account = account_of(sandbox, "emailbison")
    account.credentials = {}
    assert "api_key isn’t set" in checks.run(account)[0].said


@pytest.mark.django_db(transaction=True)
def test_no_connection_is_held_while_the_provider_is_asked(sandbox, monkeypatch):
    account, held = account_of(sandbox, "emailbison"), []

    def check(test) -> str:
        held.append(connection.connection is not None)
        writer.row(test.account)
        return ""

    spec = replace(registry.spec_of("emailbison"), checks=(("One", check), ("Two", check)))
    monkeypatch.setattr(registry, "spec_of", lambda _provider: spec)
    checks.run(account)
    assert held == [False, False]


@pytest.mark.slow
def test_a_provider_that_hangs_ends_the_test_after_5_s(sandbox):
    sandbox.fault(provider="emailbison", kind="hang")
    began = time.monotonic()
    lines = checks.run(account_of(sandbox, "emailbison"))
    assert time.monotonic() - began < checks.TEST_MS / 1000 + SLACK_S
    assert lines[0].tone == "bad" and "Test again in a few minutes" in lines[0].fix
