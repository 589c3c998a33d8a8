"""manage.py doctor: says what is broken, what to do, and ends with 1."""

import io

import pytest
from django.core.management import CommandError, call_command

from integrations import health
from integrations.models import Integration
from integrations.sandbox import SandboxServer
from jobs.ids import uuid7
from jobs.models import Worker
from tests.factories import make_delivery, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)


def run() -> str:
    out = io.StringIO()
    try:
        call_command("doctor", stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}exit 1: {error}"
    return out.getvalue()


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
    connect(sandbox)
    report = run()
    assert "All is well." in report and "EmailBison" in report


def test_without_a_worker_it_says_how_to_start_one():
    report = run()
    assert "FAIL  workers: none is alive" in report and "manage.py qcluster" in report and "exit 1" in report


def test_a_refused_account_is_named_with_its_fix(worker, sandbox):
    account = connect(sandbox)
    sandbox.set_account("emailbison", "key", "revoked")
    report = run()
    assert f"FAIL  Northwind, {account}" in report and "Reconnect it" in report


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
