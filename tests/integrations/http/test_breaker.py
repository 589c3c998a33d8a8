"""The circuit breaker: its transitions, as two processes see them, and what it costs."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, connections
from django.db.models.functions import Now

from integrations.errors import (
    CallOutcome,
    ProviderError,
    ProviderFault,
    ProviderRateLimited,
    ProviderUnreachable,
)
from integrations.http import breaker
from integrations.http.breaker import Breakers
from integrations.http.session import ProviderSession
from integrations.models import CircuitBreaker
from jobs.deadline import Deadline
from tests.factories import make_workspace
from tests.integrations.fault_server import FaultServer, answer
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace_id():
    return make_workspace().pk


@pytest.fixture
def at_once(monkeypatch):
    """Every look is a fresh one."""
    monkeypatch.setattr(breaker, "REFRESH_S", 0.0)


def finish(process, workspace_id, outcome, times=1, retry_after_ms=None):
    for _ in range(times):
        process.leave(process.enter("ghl", workspace_id), outcome, retry_after_ms)


def let_the_opening_end():
    CircuitBreaker.objects.update(open_until=Now() - timedelta(seconds=1))


def opened(workspace_id):
    process = Breakers()
    finish(process, workspace_id, CallOutcome.TIMEOUT, times=5)
    return process


def test_five_failures_in_a_row_open_it_for_every_process(workspace_id, at_once):
    opened(workspace_id)
    with pytest.raises(ProviderUnreachable) as caught:
        Breakers().enter("ghl", workspace_id)
    assert (caught.value.code, caught.value.sent) == ("circuit_open", False)
    assert 55_000 < caught.value.retry_after_ms <= 60_000


def test_half_of_twenty_calls_failing_opens_it(workspace_id, at_once):
    process = Breakers()
    for _ in range(10):
        finish(process, workspace_id, CallOutcome.OK)
        if not CircuitBreaker.objects.exists():
            finish(process, workspace_id, CallOutcome.PROVIDER_ERROR)
    assert CircuitBreaker.objects.get().reason == "provider_error"


@pytest.mark.parametrize(
    "outcome", [CallOutcome.REJECTED, CallOutcome.AUTH, CallOutcome.CANCELLED, CallOutcome.SHUTDOWN]
)
def test_what_is_not_the_providers_failure_never_opens_it(workspace_id, outcome):
    finish(Breakers(), workspace_id, outcome, times=30)
    assert not CircuitBreaker.objects.exists()


def test_another_workspace_and_another_provider_stay_closed(workspace_id, at_once):
    opened(workspace_id)
    others = [("ghl", make_workspace().pk), ("ghl", None), ("unipile", workspace_id)]
    assert not any(Breakers().enter(*other).probe for other in others)
    with pytest.raises(ProviderUnreachable):
        Breakers().enter("ghl", workspace_id)


def test_after_the_opening_one_probe_goes_through_and_closes_it(workspace_id, at_once):
    one, other = opened(workspace_id), Breakers()
    let_the_opening_end()
    probe = one.enter("ghl", workspace_id)
    assert probe.probe
    with pytest.raises(ProviderUnreachable):
        other.enter("ghl", workspace_id)
    one.leave(probe, CallOutcome.OK)
    assert not other.enter("ghl", workspace_id).probe
    assert CircuitBreaker.objects.get().open_until is None


def test_a_failed_probe_opens_it_for_twice_as_long_up_to_a_quarter_of_an_hour(workspace_id, at_once):
    process = opened(workspace_id)
    lengths = []
    for _ in range(5):
        let_the_opening_end()
        finish(process, workspace_id, CallOutcome.TIMEOUT)
        lengths.append(CircuitBreaker.objects.get().open_ms)
    assert lengths == [120_000, 240_000, 480_000, 900_000, 900_000]


def test_a_cancelled_probe_gives_its_claim_back(workspace_id, at_once):
    process = opened(workspace_id)
    let_the_opening_end()
    finish(process, workspace_id, CallOutcome.CANCELLED)
    assert Breakers().enter("ghl", workspace_id).probe


def test_a_probe_whose_process_died_is_claimed_anew(workspace_id, at_once):
    process = opened(workspace_id)
    let_the_opening_end()
    process.enter("ghl", workspace_id)
    CircuitBreaker.objects.update(probe_until=Now() - timedelta(seconds=1))
    assert Breakers().enter("ghl", workspace_id).probe


def test_a_retry_after_shuts_every_process_out_until_then(workspace_id, at_once):
    finish(Breakers(), workspace_id, CallOutcome.RATE_LIMITED, retry_after_ms=40_000)
    with pytest.raises(ProviderRateLimited) as caught:
        Breakers().enter("ghl", workspace_id)
    assert 35_000 < caught.value.retry_after_ms <= 40_000
    CircuitBreaker.objects.update(throttled_until=Now() - timedelta(seconds=1))
    assert not Breakers().enter("ghl", workspace_id).probe


def test_looking_again_lets_one_probe_through_at_once(workspace_id, at_once):
    opened(workspace_id)
    process = Breakers()
    process.look_again("ghl", workspace_id)
    probe = process.enter("ghl", workspace_id)
    assert probe.probe
    with pytest.raises(ProviderUnreachable):
        Breakers().enter("ghl", workspace_id)
    process.leave(probe, CallOutcome.OK)
    assert not Breakers().enter("ghl", workspace_id).probe


def test_looking_again_and_again_makes_no_opening_longer(workspace_id, at_once):
    opened(workspace_id)
    process = Breakers()
    for _ in range(4):
        process.look_again("ghl", workspace_id)
        finish(process, workspace_id, CallOutcome.TIMEOUT)
    assert CircuitBreaker.objects.get().open_ms == breaker.OPEN_MS


def test_looking_again_does_not_overrule_a_retry_after(workspace_id, at_once):
    process = Breakers()
    finish(process, workspace_id, CallOutcome.RATE_LIMITED, retry_after_ms=40_000)
    process.look_again("ghl", workspace_id)
    with pytest.raises(ProviderRateLimited):
        process.enter("ghl", workspace_id)


def test_calls_cost_one_query_in_three_seconds_and_failures_none_until_they_open_it(
    workspace_id, django_assert_num_queries
):
    process = Breakers()
    with django_assert_num_queries(1):
        finish(process, workspace_id, CallOutcome.OK, times=50)
        finish(process, workspace_id, CallOutcome.TIMEOUT, times=4)


def test_a_database_that_cannot_be_read_means_closed(workspace_id, monkeypatch, caplog):
    def away(*args, **kwargs):
        raise OperationalError

    process = opened(workspace_id)
    monkeypatch.setattr(connection, "cursor", away)
    process._read_at = float("-inf")
    assert not process.enter("ghl", workspace_id).probe
    finish(process, workspace_id, CallOutcome.TIMEOUT, times=6)
    assert "circuit breakers not readable" in caplog.text


def test_an_open_breaker_costs_no_call_and_is_no_report(workspace_id, reports):
    session = ProviderSession(provider="ghl", workspace_id=workspace_id, max_retries=0)
    with FaultServer(answer(503)) as server:
        for _ in range(8):
            with pytest.raises(ProviderError):
                session.request("GET", server.url, operation="x", deadline=Deadline.after_ms(1000))
        assert server.calls == 5
    assert len(reports) == 5


def test_a_breaker_that_opens_during_retries_keeps_the_calls_own_error(workspace_id, monkeypatch, reports):
    monkeypatch.setattr("integrations.http.retry.BACKOFF.multiplier", 0.001)
    monkeypatch.setattr(breaker, "OPEN_AFTER_FAILURES", 2)
    session = ProviderSession(provider="ghl", workspace_id=workspace_id, max_retries=4)
    with FaultServer(answer(503)) as server:
        with pytest.raises(ProviderFault, match="HTTP 503"):
            session.request("GET", server.url, operation="x", deadline=Deadline.after_ms(2000))
        assert server.calls == 2
    assert [(report.status, report.attempts) for report in reports] == [(503, 2)]


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_of_many_processes_exactly_one_gets_the_probe(workspace_id, at_once):
    opened(workspace_id)
    let_the_opening_end()
    barrier = threading.Barrier(8, timeout=PATIENCE_S)

    def enter(_):
        process = Breakers()
        barrier.wait()
        try:
            return process.enter("ghl", workspace_id).probe
        except ProviderUnreachable:
            return False
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(enter, range(8))) == [False] * 7 + [True]


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_of_many_processes_exactly_one_opens_it(workspace_id, at_once, caplog):
    barrier = threading.Barrier(8, timeout=PATIENCE_S)

    def fail(_):
        process = Breakers()
        permits = [process.enter("ghl", workspace_id) for _ in range(5)]
        barrier.wait()
        try:
            for permit in permits:
                process.leave(permit, CallOutcome.TIMEOUT)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fail, range(8)))
    assert caplog.text.count("circuit opened") == 1
    assert CircuitBreaker.objects.get().open_ms == 60_000
