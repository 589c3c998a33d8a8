"""Two admins at once."""

import pytest

from inbox import people
from inbox.models import Membership, User
from tests import factories
from tests.racing import at_once, won

pytestmark = pytest.mark.races
Role = Membership.Role


def test_two_owners_who_demote_each_other_leave_one(transactional_db):
    workspace = factories.make_workspace()
    for _ in range(2):
        factories.make_member(workspace, Role.OWNER)
    one, other = Membership.objects.filter(workspace=workspace)

    results = at_once(
        lambda: people.change_role(one, other, Role.MEMBER),
        lambda: people.change_role(other, one, Role.MEMBER),
    )

    assert len(won(results)) == 1
    assert Membership.objects.filter(workspace=workspace, role=Role.OWNER).count() == 1


def test_somebody_added_by_two_admins_at_once_is_in_once(transactional_db):
    workspace = factories.make_workspace()
    factories.make_member(workspace, Role.OWNER)
    by = Membership.objects.get(workspace=workspace)

    results = at_once(*[lambda: people.add(by, "new@example.com", Role.MEMBER)] * 4)

    assert len(won(results)) == 1
    assert User.objects.get(email="new@example.com").memberships.count() == 1
