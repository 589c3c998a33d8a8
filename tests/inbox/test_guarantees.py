"""What nobody may miss, and the heartbeat that ends with it."""

import logging
import re
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from inbox import guarantees
from inbox.models import DatabaseOrigin, WebhookDelivery
from integrations.errors import ProviderError
from integrations.http.hosts import HostRefused, check_url
from jobs.deadline import Deadline
from jobs.models import BackgroundJob, Tick, Worker
from tests import factories
from tests.integrations.fault_server import FaultServer, answer

ALERTS = Path(__file__).resolve().parents[2] / "deploy" / "prometheus" / "alerts.yml"
FROM_COUNTERS = {"HoldfastDown", "HoldfastDatabaseDown", "HoldfastServerErrors"}
"""The paging alerts that no row raises."""

pytestmark = pytest.mark.django_db


def make_job(**fields) -> BackgroundJob:
    number = BackgroundJob.objects.count()
    ended = {"finished_at": timezone.now()} if fields.get("status") == "failed" else {}
    return BackgroundJob.objects.create(kind="t.job", dedupe_key=f"t.job:{number}", **ended | fields)


def fail_jobs() -> None:
    for _ in range(21):
        make_job(lane="bulk", status="failed", last_error_class="builtins.ValueError")


def fail_delivery() -> None:
    factories.make_delivery(factories.make_workspace(), verdict="failed")


def be_late_with_a_cron() -> None:
    at = (timezone.now() - timedelta(minutes=20)).isoformat()
    Tick.objects.create(name="reply-poll", recent=[{"at": at, "ms": 5, "counts": {}, "error": ""}])


BREAK = {
    "HoldfastNoWorker": lambda: Worker.objects.all().delete(),
    "HoldfastLanePromiseBroken": lambda: make_job(lane="stop", run_at=timezone.now() - timedelta(minutes=1)),
    "HoldfastJobsFail": fail_jobs,
    "HoldfastDeliveriesFail": fail_delivery,
    "HoldfastStopsFail": lambda: make_job(lane="stop", status="failed"),
    "HoldfastSendsHeld": lambda: DatabaseOrigin.objects.update(place="elsewhere"),
    "HoldfastCronLate": be_late_with_a_cron,
}


@pytest.fixture
def monitor(settings):
    """A monitor that takes calls, and an installation in which all is well."""
    with FaultServer(answer()) as server:
        settings.HEARTBEAT_URL = f"{server.url}/ping/secret-of-the-monitor"
        Worker.objects.create(cluster=uuid4(), host="a", pid=1, places=8, heartbeat_at=timezone.now())
        yield server


def beat() -> dict[str, int]:
    return guarantees.beat(Deadline.after_ms(20_000))


def test_the_monitor_is_called_while_every_promise_holds(monitor):
    assert beat() == {"called": 1}
    assert monitor.calls == 1


@pytest.mark.parametrize("alert", BREAK)
def test_the_monitor_is_not_called_while_a_promise_is_broken_and_the_log_names_its_alert(
    alert, monitor, caplog
):
    BREAK[alert]()
    assert beat() == {"broken": 1}
    assert monitor.calls == 0
    [line] = [record for record in caplog.records if record.getMessage() == "heartbeat left out"]
    assert line.alerts == alert


def test_every_paging_alert_that_rows_can_raise_ends_the_heartbeat():
    rules = re.findall(r"- alert: (\w+)(?:(?!- alert).)*?severity: page", ALERTS.read_text(), re.S)
    assert set(rules) - FROM_COUNTERS == BREAK.keys()


def test_without_an_address_nothing_is_asked(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert beat() == {}


def test_a_monitor_that_refuses_makes_the_tick_fail_and_its_own_lateness_does_not_end_the_heartbeat(monitor):
    monitor.script = (answer(404),)
    with pytest.raises(ProviderError) as error:
        beat()
    assert "secret-of-the-monitor" not in str(error.value)
    at = (timezone.now() - timedelta(hours=1)).isoformat()
    Tick.objects.create(name="heartbeat", recent=[{"at": at, "ms": 5, "counts": {}, "error": "Refused"}])
    assert guarantees.broken() == []


def test_the_address_is_not_logged(monitor, caplog):
    caplog.set_level(logging.INFO)
    beat()
    assert "secret-of-the-monitor" not in "".join(str(record.__dict__) for record in caplog.records)


@pytest.mark.django_db(transaction=True)
def test_the_monitor_is_called_outside_of_a_transaction(monitor):
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        beat()


def test_the_heartbeat_goes_to_the_host_that_the_operator_has_named_alone(settings):
    settings.HEARTBEAT_URL, settings.ALLOW_LOOPBACK_PROVIDERS = "https://monitor.example.com/x", False
    check_url("heartbeat", settings.HEARTBEAT_URL)
    for url in (
        "https://other.example.com/x",
        "http://monitor.example.com/x",
        "https://monitor.example.com:8443/",
    ):
        with pytest.raises(HostRefused):
            check_url("heartbeat", url)


def test_a_stop_that_failed_counts_until_it_is_retried_or_discarded():
    job = make_job(lane="stop", status="failed")
    assert guarantees.failed_stops() == 1
    BackgroundJob.objects.filter(pk=job.pk).update(status="cancelled")
    assert guarantees.failed_stops() == 0


def test_jobs_that_the_owner_of_an_account_must_mend_do_not_count():
    for error in ("ProviderAuthError", "ProviderMisconfigured"):
        make_job(lane="steps", status="failed", last_error_class=f"integrations.errors.{error}")
    make_job(lane="steps", status="failed", finished_at=timezone.now() - timedelta(minutes=16))
    make_job(lane="steps", status="failed", last_error_class="builtins.ValueError")
    assert guarantees.recent_failures() == 1


def test_deliveries_that_failed_count_until_they_are_replayed_and_refused_ones_for_an_hour():
    workspace = factories.make_workspace()
    failed = factories.make_delivery(workspace, source="clay", verdict="failed")
    refused = factories.make_delivery(workspace, source="clay", verdict="rejected")
    assert guarantees.failed_deliveries()["clay"] == guarantees.refused_deliveries()["clay"] == 1
    assert guarantees.failed_deliveries()["email"] == guarantees.refused_deliveries()["email"] == 0
    factories.make_delivery(workspace, source="clay", verdict="accepted", replay_of=failed)
    WebhookDelivery.objects.filter(pk=refused.pk).update(received_at=factories.ago(minutes=61))
    assert guarantees.failed_deliveries()["clay"] == guarantees.refused_deliveries()["clay"] == 0
