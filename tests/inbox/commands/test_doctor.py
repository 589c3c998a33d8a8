"""manage.py doctor: says what is broken, what to do, and ends with 1."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.migrations.executor import MigrationExecutor

from integrations import health
from integrations.models import Integration, WebhookKey
from jobs.ids import uuid7
from jobs.models import Worker
from sandbox import SandboxServer
from tests.factories import lose_key, make_delivery, make_integration, make_member, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[3]


def run(*options: str) -> str:
    out = io.StringIO()
    try:
        call_command("doctor", *options, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}exit 1: {error}"
    return out.getvalue()


@pytest.fixture(autouse=True)
def development(settings):
    """As the settings were loaded: the test runner alone has turned DEBUG off."""
    settings.DEBUG = True


@pytest.fixture
def worker():
    return Worker.objects.create(cluster=uuid7(), host="here", pid=1)


@pytest.fixture
def sandbox():
    with SandboxServer() as server:
        yield server


def connect(sandbox):
    health.forget_successes()
    return Integration.objects.create(
        workspace=make_workspace(name="Northwind"),
        provider="emailbison",
        credentials={"api_key": "key"},
        config={"base_url": sandbox.url("emailbison")},
    )


def test_a_well_installation_passes(worker, sandbox):
    make_member(connect(sandbox).workspace, role="owner")
    report = run()
    assert "All is well." in report and "EmailBison" in report


def test_without_a_worker_it_says_how_to_start_one():
    report = run()
    assert "FAIL  workers: none is alive" in report and "manage.py qcluster" in report and "exit 1" in report


def test_a_refused_account_is_named_with_its_fix(worker, sandbox):
    account = connect(sandbox)
    sandbox.set_account("emailbison", "key", "revoked")
    report = run()
    assert (
        f"FAIL  Northwind, {account}: Key accepted: Credentials refused (HTTP 401, host_or_key): “" in report
    )
    assert "Make a new key in EmailBison under Settings, Developer API" in report


def test_a_workspace_in_which_nobody_would_be_told_of_a_broken_account_is_a_fault(worker, sandbox, settings):
    workspace = connect(sandbox).workspace
    make_member(workspace, role="admin", email="ana@northwind.example.com")
    assert "ok    Northwind, notices: a broken account is told by e-mail" in run()

    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    assert "FAIL  Northwind, notices: nobody would be told of a broken account" in run()
    slack = Integration.objects.create(
        workspace=workspace,
        provider="slack",
        credentials={"bot_token": "xoxb-1"},
        config={"channel": "C0SANDBOX01", "base_url": sandbox.url("slack") + "/api"},
    )
    assert "ok    Northwind, notices: a broken account is told by Slack" in run()
    sandbox.set_account("slack", "xoxb-1", "revoked")
    assert f"FAIL  Northwind, {slack}" in (report := run())
    assert "FAIL  Northwind, notices: nobody would be told of a broken account" in report


def test_a_mail_server_that_is_not_there_tells_nobody(worker, sandbox, settings):
    make_member(connect(sandbox).workspace, role="admin", email="ana@northwind.example.com")
    settings.EMAIL_BACKEND = "integrations.mail.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # discard: nothing listens
    assert "FAIL  Northwind, notices: nobody would be told of a broken account" in run()


def test_secrets_that_no_key_opens_are_named_and_the_other_accounts_are_looked_at(worker, sandbox):
    lost = make_integration(make_workspace(name="Lost"), "smartlead", name="")
    lose_key(lost)
    connect(sandbox)
    report = run()
    assert (
        report.count("FAIL  Lost, SmartLead: Its secrets cannot be read with today’s FIELD_ENCRYPTION_KEYS.")
        == 1
    )
    assert "put the secrets in anew under Settings" in report and "Northwind, EmailBison" in report


def test_unreadable_secrets_are_named_without_asking_any_provider(worker):
    account = make_integration(make_workspace(name="Lost"), "smartlead", name="")
    lose_key(account)
    lose_key(WebhookKey.issue(account))
    report = run("--no-providers")
    assert "FAIL  Lost, SmartLead: Its secrets cannot be read" in report
    assert "note  webhook addresses: 1 cannot be shown any more" in report


def test_missing_migrations_are_not_taken_for_a_database_that_is_away(worker, monkeypatch):
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *args: [object()])
    report = run()
    assert "FAIL  schema: 1 migrations are missing" in report and "manage.py migrate" in report
    assert "FAIL  database" not in report and "exit 1: 1 thing" in report


def test_hosts_that_nobody_has_named_are_a_fault_in_production(worker, settings):
    settings.DEBUG, settings.ALLOWED_HOSTS = False, []
    assert "FAIL  check security.W020: ALLOWED_HOSTS must not be empty" in run()


def test_a_setting_that_stops_the_start_is_one_line_and_no_traceback():
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert (
        done.stderr.startswith("FAIL  configuration: SECRET_KEY must be") and "Traceback" not in done.stderr
    )


def test_what_is_not_set_is_a_note_and_no_fault(worker, settings):
    settings.OPENAI_API_KEY = ""
    report = run()
    assert "note  OPENAI_API_KEY: not set" in report and "exit 1" not in report


def test_delivery_that_failed_on_our_side_waits_for_a_replay(worker):
    make_delivery(make_workspace(), verdict="failed", body=b"{}")
    text = run()
    assert "FAIL  deliveries: 1 failed on our side" in text and "replay_deliveries" in text


@pytest.mark.parametrize(
    ("status", "line"), [("ok", "ok    model: OpenAI answered"), ("revoked", "FAIL  model: openai: ")]
)
def test_the_model_s_key_is_tried(worker, sandbox, settings, status, line):
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-doctor", f"{sandbox.url('openai')}/v1"
    sandbox.set_account("openai", "sk-doctor", status)
    report = run()
    assert line in report
    assert "sk-doctor" not in report


def test_key_without_the_address_it_may_go_to_is_a_fault(worker, settings):
    settings.UNIPILE_API_KEY, settings.UNIPILE_DSN = "key-of-all", ""
    said = run()
    assert "UNIPILE_DSN" in said and "exit 1" in said
    settings.UNIPILE_DSN = "https://api8.unipile.com:13851"
    assert "UNIPILE_DSN" not in run()
