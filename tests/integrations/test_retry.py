"""When a call is tried again, as a table."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
from django.utils import timezone

from integrations.errors import (
    ProviderAuthError,
    ProviderFault,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnreachable,
)
from integrations.retry import RetryBudget, parse_retry_after_ms, retry_delay_s


def delay(error, **fields):
    values = {
        "attempt": 1,
        "max_retries": 2,
        "idempotent": True,
        "remaining_s": 30.0,
        "uniform": lambda low, high: high,
    }
    return retry_delay_s(error, **values | fields)


@pytest.mark.parametrize("kind", [ProviderTimeout, ProviderUnreachable, ProviderRateLimited, ProviderFault])
def test_passing_failures_of_repeatable_calls_are_retried(kind):
    assert delay(kind("ghl")) is not None
    assert delay(kind("ghl"), idempotent=False) is None


@pytest.mark.parametrize("kind", [ProviderAuthError, ProviderRejected])
def test_refusals_are_not(kind):
    assert delay(kind("ghl")) is None


def test_attempts_are_bounded():
    assert delay(ProviderTimeout("ghl"), attempt=2) is not None
    assert delay(ProviderTimeout("ghl"), attempt=3) is None


def test_the_ceiling_doubles_up_to_eight_seconds_and_jitter_is_full():
    ceilings = [delay(ProviderTimeout("ghl"), attempt=n, max_retries=9) for n in range(1, 7)]
    assert ceilings == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert delay(ProviderTimeout("ghl"), uniform=lambda low, high: low) == 0


def test_what_does_not_fit_into_the_time_left_is_not_waited_for():
    assert delay(ProviderTimeout("ghl"), remaining_s=0.4) is None
    assert delay(ProviderRateLimited("ghl", retry_after_ms=5_000), remaining_s=5.0) is None


def test_retry_after_is_waited_for_and_a_little_longer():
    assert 3.0 < delay(ProviderRateLimited("ghl", retry_after_ms=3_000)) < 3.5


def test_a_long_retry_after_is_handed_up():
    assert delay(ProviderRateLimited("ghl", retry_after_ms=11_000), remaining_s=60.0) is None


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
