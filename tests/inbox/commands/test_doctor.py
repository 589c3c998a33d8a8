"""manage.py doctor: says what is broken, what to do, and ends with 1."""

import io
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from inbox.models import User
from integrations.health import writer
from integrations.models import HealthState, Integration, WebhookKey, WorkspaceIntegrationHealth
from jobs import schema_version
from jobs.ids import uuid7
from jobs.models import BackgroundJob, Worker
from sandbox import SandboxServer
from tests.factories import lose_key, make_delivery, make_integration, make_member, make_user, make_workspace

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


def test_a_lane_whose_promise_is_broken_is_broken_and_names_what_waits(worker):
    due = timezone.now() - timedelta(seconds=30)
    BackgroundJob.objects.create(kind="t.late", lane="stop", dedupe_key="a", run_at=due)

    told = run()

    assert "lane stop: 1 due, the oldest for" in told and "promised: 5 s" in told
    assert re.search(r"Late: t\.late \d+ s\. Check the Jobs page", told)
    assert "exit 1" in told


def connect(sandbox):
    writer.forget_successes()
    return Integration.objects.create(
        workspace=make_workspace(name="Northwind"),
        provider="emailbison",
        credentials={"api_key": "key"},
        config={"base_url": sandbox.url("emailbison")},
    )


def test_a_well_installation_passes_and_its_release_is_named(worker, sandbox, settings):
    make_member(connect(sandbox).workspace, role="owner")
    report = run()
    assert "No problems found." in report and "EmailBison" in report
    assert f"ok    release: {settings.VERSION}" in report


def test_without_a_worker_it_says_how_to_start_one():
    report = run()
    assert (
        "FAIL  workers: none is running" in report and "manage.py qcluster" in report and "exit 1" in report
    )


def test_a_refused_account_is_named_with_its_fix(worker, sandbox):
    account = connect(sandbox)
    sandbox.set_account("emailbison", "key", "revoked")
    report = run()
    assert (
        f"FAIL  Northwind, {account}: Key accepted: Credentials refused (HTTP 401, host_or_key): “" in report
    )
    assert "Create a new key in EmailBison under Settings, Developer API" in report


def test_a_workspace_in_which_nobody_would_be_told_of_a_broken_account_is_a_fault(worker, sandbox, settings):
    workspace = connect(sandbox).workspace
    make_member(workspace, role="admin", email="ana@northwind.example.com")
    assert "ok    Northwind, notices: notices about broken accounts go out by email" in run()

    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    assert "FAIL  Northwind, notices: no one would be notified about a broken account" in run()
    slack = Integration.objects.create(
        workspace=workspace,
        provider="slack",
        credentials={"bot_token": "xoxb-1"},
        config={"channel": "C0SANDBOX01", "base_url": sandbox.url("slack") + "/api"},
    )
    assert "ok    Northwind, notices: notices about broken accounts go out by Slack" in run()
    sandbox.set_account("slack", "xoxb-1", "revoked")
    assert f"FAIL  Northwind, {slack}" in (report := run())
    assert "FAIL  Northwind, notices: no one would be notified about a broken account" in report


def test_a_mail_server_that_is_not_there_tells_nobody(worker, sandbox, settings):
    make_member(connect(sandbox).workspace, role="admin", email="ana@northwind.example.com")
    settings.EMAIL_BACKEND = "integrations.mail.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # discard: nothing listens
    assert "FAIL  Northwind, notices: no one would be notified about a broken account" in run()


def test_secrets_that_no_key_opens_are_named_and_the_other_accounts_are_looked_at(worker, sandbox):
    lost = make_integration(make_workspace(name="Lost"), "smartlead", name="")
    lose_key(lost)
    connect(sandbox)
    report = run()
    assert (
        report.count(
            "FAIL  Lost, SmartLead: The account’s secrets can’t be read with the current FIELD_ENCRYPTION_KEYS."
        )
        == 1
    )
    assert "enter the secrets again in the account’s settings" in report and "Northwind, EmailBison" in report


def test_unreadable_secrets_are_named_without_asking_any_provider(worker):
    account = make_integration(make_workspace(name="Lost"), "smartlead", name="")
    lose_key(account)
    lose_key(WebhookKey.issue(account))
    report = run("--no-providers")
    assert "FAIL  Lost, SmartLead: The account’s secrets can’t be read" in report
    assert "note  webhook addresses: 1 can no longer be shown" in report


def test_missing_migrations_are_not_taken_for_a_database_that_is_away(worker, monkeypatch):
    monkeypatch.setattr(schema_version, "missing", lambda: ["inbox.0099_future"])
    report = run()
    assert "FAIL  schema: 1 migrations are missing" in report and "manage.py migrate" in report
    assert "FAIL  database" not in report and "exit 1: 1 problem" in report


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
    ("status", "line"), [("ok", "ok    model: The OpenAI key works"), ("revoked", "FAIL  model: openai: ")]
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


def test_an_account_without_an_address_is_a_fault(worker, settings):
    account = make_integration(make_workspace(), provider="emailbison", credentials={"api_key": "k"})
    settings.EMAILBISON_BASE_URL = ""
    said = run("--no-providers")
    assert f"{account.workspace}, {account}: it has no address to call" in said and "exit 1" in said
    settings.EMAILBISON_BASE_URL = "https://mail.emailbison.com"
    assert "no address to call" not in run("--no-providers")


@pytest.mark.parametrize(("proxies", "noted"), [(0, True), (1, False)])
def test_it_notes_that_slow_clients_come_straight_in(worker, settings, proxies, noted):
    settings.DEBUG, settings.TRUSTED_PROXY = False, proxies
    assert ("note  TRUSTED_PROXY: not set, so without a proxy" in run("--no-providers")) is noted


def test_a_schema_of_a_newer_release_is_noted_and_the_rest_is_looked_at(worker):
    later = ("inbox", "9999_of_a_later_release")
    MigrationRecorder(connection).record_applied(*later)
    try:
        report = run("--no-providers")
    finally:
        MigrationRecorder(connection).record_unapplied(*later)
    assert "note  schema: from a newer release. This release doesn’t have 1 migration, but" in report
    assert "lane stop" in report


def test_a_public_address_over_http_is_a_fault_in_production(worker, settings):
    settings.DEBUG, settings.PUBLIC_URL = False, "http://inbox.example.com"
    assert "FAIL  PUBLIC_URL: it starts with http://" in run("--no-providers")
    settings.PUBLIC_URL = "https://inbox.example.com"
    assert "PUBLIC_URL" not in run("--no-providers")


def test_metrics_that_no_two_processes_share_are_a_fault(worker, settings, tmp_path):
    settings.METRICS_TOKEN, settings.METRICS_DIR = "scraper", ""
    assert "FAIL  PROMETHEUS_MULTIPROC_DIR: not set" in run("--no-providers")
    settings.METRICS_DIR = str(tmp_path)
    assert "PROMETHEUS_MULTIPROC_DIR" not in run("--no-providers")


def test_a_broker_that_is_away_or_no_redis_is_named_without_its_password(sandbox):
    """Each is asked in a process of its own, as django-q2 reads its settings once."""
    for port in (1, urlsplit(sandbox.base_url).port):
        done = subprocess.run(
            [sys.executable, "manage.py", "doctor", "--no-providers"],
            cwd=ROOT,
            env={
                **os.environ,
                "DEBUG": "1",
                "Q_BROKER_URL": f"redis://:broker-key@127.0.0.1:{port}/0",
                "DATABASE_URL": "postgres://web@127.0.0.1:1/holdfast",
            },
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "FAIL  Q_BROKER_URL: Redis doesn’t respond" in done.stdout
        assert "broker-key" not in done.stdout + done.stderr and "Traceback" not in done.stderr


def test_an_account_that_was_refused_is_noted_where_no_provider_is_asked(worker):
    account = make_integration(make_workspace("Northwind"), "emailbison")
    writer.row(account)
    WorkspaceIntegrationHealth.objects.update(state=HealthState.DISCONNECTED)
    assert "Outreach: Disconnected since " in run("--no-providers")


def test_a_company_log_in_is_asked_for_and_an_emergency_account_is_wanted(worker, sandbox, settings):
    settings.OIDC_ISSUER, settings.OIDC_ONLY = sandbox.url("company"), True
    User.objects.create_user("ben@example.org", emergency=True)  # nobody has set a password for it
    report = run()
    assert "ok    OIDC_ISSUER" in report and "FAIL  OIDC_ONLY: emergency accounts: none" in report
    make_user("ana@example.org", emergency=True)
    settings.OIDC_ISSUER = "http://127.0.0.1:9"  # discard: nothing listens
    report = run()
    assert "FAIL  OIDC_ISSUER" in report and "ok    OIDC_ONLY: emergency accounts: ana@example.org" in report
