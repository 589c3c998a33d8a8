"""Two requests with the same code of a phone, or the same recovery code: one of them is let in."""

import pytest

from inbox.models import SecondFactor
from inbox.workspaces import second_factor
from tests import factories
from tests.factors import code_of, make_factor
from tests.racing import at_once

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
