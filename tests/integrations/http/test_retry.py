"""When a call is tried again, and after how long. Nobody sleeps: a deadline writes down what it is asked to wait."""

import random
from datetime import timedelta
from email.utils import format_datetime

import pytest
from django.utils import timezone

from integrations.errors import CallCancelled, CallOutcome, ProviderError
from integrations.http.retry import RetryBudget, parse_retry_after_ms
from integrations.http.session import ProviderSession
from jobs.deadline import Deadline
from jobs.errors import Cancelled
from tests.integrations import fault_server as faults
from tests.integrations.fault_server import FaultServer, answer

pytestmark = pytest.mark.django_db


class Wakeful(Deadline):
    """A deadline that does not sleep."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.waits = []

    def sleep_s(self, seconds, granularity_s=0.1):
        self.waits.append(seconds)


class CancelledInItsSleep(Deadline):
    def sleep_s(self, seconds, granularity_s=0.1):
        raise Cancelled


@pytest.fixture(autouse=True)
def longest(monkeypatch):
    """Every draw is the longest that it may be."""
    monkeypatch.setattr(random, "uniform", lambda low, high: high)


def ask(url, deadline, *, method="GET", max_retries=2):
    session = ProviderSession(provider="ghl", base_url=url, max_retries=max_retries, timeout_ms=300)
    return session.request(method, "/thing", operation="thing", deadline=deadline)


def waits(behaviour, *, budget_ms=30_000, **options):
    """What is waited before each further try, in seconds, where the provider always behaves so."""
    deadline = Wakeful.after_ms(budget_ms)
    with FaultServer(behaviour) as server, pytest.raises(ProviderError):
        ask(server.url, deadline, **options)
    return deadline.waits


@pytest.mark.parametrize("behaviour", [faults.hang, faults.drop, answer(429), answer(503)])
def test_passing_failures_of_repeatable_calls_are_retried(behaviour):
    assert waits(behaviour)
    assert not waits(behaviour, method="POST")


@pytest.mark.parametrize("status", [401, 404])
def test_refusals_are_not(status):
    assert not waits(answer(status))


def test_attempts_are_bounded():
    assert len(waits(answer(503), max_retries=2)) == 2
    assert not waits(answer(503), max_retries=0)


def test_the_ceiling_doubles_up_to_eight_seconds_and_jitter_is_full(monkeypatch):
    monkeypatch.setattr("integrations.http.breaker.OPEN_AFTER_FAILURES", 1000)
    monkeypatch.setattr(RetryBudget, "FULL", 1000)
    assert waits(answer(503), max_retries=6) == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    monkeypatch.setattr(random, "uniform", lambda low, high: low)
    assert waits(answer(503), max_retries=6) == [0] * 6


def test_what_does_not_fit_into_the_time_left_is_not_waited_for():
    assert not waits(answer(503), budget_ms=400)
    assert not waits(answer(503, headers={"Retry-After": "5"}), budget_ms=5_000)


def test_retry_after_is_waited_for_and_a_little_longer():
    (first, *_) = waits(answer(503, headers={"Retry-After": "3"}))
    assert 3.0 < first < 3.5


def test_a_long_retry_after_is_handed_up():
    assert waits(answer(503, headers={"Retry-After": "10"}), budget_ms=60_000)
    assert not waits(answer(503, headers={"Retry-After": "10.001"}), budget_ms=60_000)


def test_a_retry_that_is_not_let_in_leaves_what_the_call_met(reports):
    deadline = Wakeful.after_ms(30_000)
    with FaultServer(answer(429, headers={"Retry-After": "3"})) as server:  # which shuts the door for 3 s
        with pytest.raises(ProviderError) as caught:
            ask(server.url, deadline)
        assert (server.calls, len(deadline.waits)) == (1, 1)
    assert (caught.value.status, caught.value.code) == (429, "")
    assert [(report.outcome, report.attempts) for report in reports] == [(CallOutcome.RATE_LIMITED, 1)]


def test_a_call_that_is_cancelled_while_it_waits_is_reported_as_cancelled(reports):
    with FaultServer(answer(503)) as server:
        with pytest.raises(CallCancelled) as caught:
            ask(server.url, CancelledInItsSleep.after_ms(30_000))
        assert server.calls == 1
    assert caught.value.sent is None  # the attempt before it may have been carried out
    assert [(report.outcome, report.attempts) for report in reports] == [(CallOutcome.CANCELLED, 1)]


@pytest.mark.parametrize(
    ("header", "wait_ms"),
    [
        ("5", 5_000),
        (" 0 ", 0),
        ("1.5", 1_500),
        ("86400", 3_600_000),
        ("-3", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("9" * 40, None),
    ],
)
def test_reads_retry_after(header, wait_ms):
    assert parse_retry_after_ms(header) == wait_ms


def test_reads_a_date_to_come():
    header = format_datetime(timezone.now() + timedelta(hours=1), usegmt=True)
    assert 3_000_000 <= parse_retry_after_ms(header) <= 3_600_000


def test_the_budget_stops_retries_at_half_and_comes_back_slowly():
    budget = RetryBudget()
    for _ in range(4):
        budget.failed()
    assert budget.allows_retry
    budget.failed()
    assert not budget.allows_retry
    budget.succeeded()
    assert budget.allows_retry
