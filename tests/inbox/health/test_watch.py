"""What the `integration-health` tick finds out: silence by the account's own rhythm, and what a lost signal left."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from inbox.health import comeback, watch
from inbox.models import WebhookDelivery
from integrations.health import writer
from integrations.health.writer import Signal, SignalKind
from integrations.models import HealthState, Integration, WebhookKey, WorkspaceIntegrationHealth
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from tests import factories
from tests.factories import ago
from tests.reading import reads

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Integration:
    writer.forget_successes()
    integration = factories.make_integration(factories.make_workspace(), "unipile", external_account_id="acc")
    WebhookKey.issue(integration)
    return integration


def arrived(account: Integration, *times: datetime) -> None:
    for at in times:
        factories.make_delivery(account.workspace, integration=account, received_at=at)


def hourly(account: Integration, *, until: timedelta, count: int = 30) -> None:
    """`count` events an hour apart, the last of them `until` ago."""
    arrived(account, *[timezone.now() - until - timedelta(hours=number) for number in range(count)])


def tick() -> dict[str, int]:
    return watch.tick(Deadline.after_ms(10_000))


def state(account: Integration) -> str:
    return WorkspaceIntegrationHealth.objects.get(integration=account).state


def test_six_hours_are_the_shortest_silence(account):
    hourly(account, until=timedelta(hours=5))
    tick()
    assert tick()["silent"] == 0
    assert state(account) == HealthState.CONNECTED


@pytest.mark.parametrize(("silent_h", "expected"), [(23, HealthState.CONNECTED), (25, HealthState.QUIET)])
def test_an_account_is_quiet_after_twice_its_own_longest_gap(account, silent_h, expected):
    hourly(account, until=timedelta(hours=silent_h))
    arrived(account, ago(hours=silent_h + 29 + 12))  # twelve hours before the first of them
    tick()
    tick()
    assert state(account) == expected


def test_a_busy_week_does_not_make_a_weekend_news(account):
    """Many events in the days before say nothing of the weekend a week ago."""
    hourly(account, until=timedelta(hours=50), count=120)
    arrived(account, *[ago(days=10, hours=number) for number in range(20)])
    tick()
    assert tick()["silent"] == 0


def test_too_few_events_have_no_rhythm(account):
    hourly(account, until=timedelta(days=3), count=watch.FEWEST_EVENTS - 1)
    tick()
    assert tick()["silent"] == 0


def test_a_call_that_works_does_not_end_the_silence_and_an_event_does(account):
    hourly(account, until=timedelta(hours=7))
    tick()
    assert tick()["silent"] == 1
    writer.record(account, Signal(SignalKind.WORKED))
    assert (state(account), tick()["silent"]) == (HealthState.QUIET, 0)
    arrived(account, timezone.now())
    assert tick()["heard"] == 1
    assert state(account) == HealthState.CONNECTED


def test_an_account_that_has_just_come_back_is_not_quiet(account):
    hourly(account, until=timedelta(hours=30))
    tick()
    writer.record(account, Signal(SignalKind.REFUSED), at=ago(hours=30))
    writer.record(account, Signal(SignalKind.WORKED))
    assert tick()["silent"] == 0
    assert state(account) == HealthState.CONNECTED


def test_a_tick_without_time_left_stops_and_says_what_it_did(account):
    assert watch.tick(Deadline.after_ms(0)) == {
        "unreadable": 0,
        "probes": 0,
        "silent": 0,
        "heard": 0,
        "left": 2,
        "understood": 0,
        "unclear": 0,
    }


def test_a_recovery_whose_signal_was_lost_is_worked_on_once(account):
    writer.record(account, Signal(SignalKind.REFUSED), at=ago(hours=1))
    writer.record(account, Signal(SignalKind.WORKED))  # the test's transaction never commits: no signal
    assert not BackgroundJob.objects.filter(kind=comeback.RECOVER).exists()
    assert [comeback.make_up(), comeback.make_up()] == [1, 0]
    assert BackgroundJob.objects.get(kind=comeback.RECOVER).workspace_id == account.workspace_id


def test_the_last_event_of_an_account_is_found_without_reading_the_others(account):
    """Guard: delivery_by_integration. One account of a year had 146,081 pages read each minute."""
    arrived_at = timezone.now() - timedelta(days=1)
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            workspace=account.workspace,
            integration=account,
            source="email",
            verdict="accepted",
            event_type="LEAD_REPLIED",
            body_sha256="0" * 64,
            received_at=arrived_at - timedelta(seconds=number),
        )
        for number in range(3_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_webhookdelivery")
    with reads("inbox_webhookdelivery") as found:
        assert watch.listen(account, watch.last_heard(account)) == SignalKind.HEARD
    assert [one.rows for one in found] == [3]  # with those of the account and of its key
