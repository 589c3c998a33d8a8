"""Two requests with the same code of a phone, or the same recovery code: one of them is let in."""

import threading

import pytest
from axes.models import AccessAttempt
from django.test import RequestFactory

from inbox.models import SecondFactor
from inbox.workspaces import second_factor
from tests import factories
from tests.factors import code_of, make_factor
from tests.racing import InBackground, at_once, waiting_for_a_lock
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_of_two_requests_with_the_same_code_wins():
    factor = make_factor(factories.make_user())
    code = code_of(factor)
    both = [SecondFactor.objects.get() for _ in range(2)]  # each has read the row before either writes
    assert sorted(at_once(*(lambda row=row: row.verify_token(code) for row in both))) == [False, True]


def test_one_of_two_requests_with_the_same_recovery_code_wins():
    user = factories.make_user()
    make_factor(user)
    code = second_factor.new_codes(user)[0].replace("-", "")
    assert sorted(at_once(*[lambda: second_factor._spend(user, code)] * 2)) == [False, True]


def test_one_of_two_first_codes_sets_it_up():
    user = factories.make_user()
    pk = second_factor.new_factor(user, None).pk
    both = [SecondFactor.objects.get(pk=pk) for _ in range(2)]
    code = code_of(both[0])
    outcome = at_once(*(lambda row=row: second_factor.confirm(row, code, None) for row in both))
    assert sorted(len(codes or []) for codes in outcome) == [0, second_factor.CODES]
    assert user.recovery_codes.count() == second_factor.CODES


def test_two_sessions_that_begin_at_once_share_no_key():
    user = factories.make_user()
    first, second = at_once(*[lambda: second_factor.new_factor(user, None)] * 2)
    assert first.key != second.key and SecondFactor.objects.count() == 1


def test_guesses_at_once_are_no_more_than_guesses_one_after_the_other(settings, monkeypatch):
    """Guard: the lock on the factor in `accepts`; without it each guess reads the count before any is counted."""
    settings.AXES_ENABLED, limit = True, settings.AXES_FAILURE_LIMIT
    user, going_on = factories.make_user(), threading.Event()
    make_factor(user)
    tried = []

    def verify_token(factor, code):
        tried.append(code)
        going_on.wait(PATIENCE_S)
        return False

    monkeypatch.setattr(SecondFactor, "verify_token", verify_token)
    guesses = [
        InBackground(lambda: second_factor.accepts(RequestFactory().post("/"), user, "000000"))
        for _ in range(limit + 3)
    ]
    until(lambda: waiting_for_a_lock() + len(tried) == len(guesses), "each is tried or waits for its turn")
    going_on.set()

    assert not any(guess.result() for guess in guesses)
    assert len(tried) == limit == AccessAttempt.objects.get().failures_since_start
