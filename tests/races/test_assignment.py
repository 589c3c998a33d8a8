"""Leads go to the members who take them, in turn, whoever works on the replies."""

from types import SimpleNamespace

import pytest
from django.db import transaction

from inbox.models import Lead, Membership
from inbox.pipeline import assignment
from inbox.pipeline.situation import NotNow
from jobs.deadline import Deadline
from tests import factories
from tests.racing import InBackground, waiting_for_a_lock
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


@pytest.fixture
def workspace():
    workspace = factories.make_workspace()
    for _ in range(2):
        factories.make_member(workspace)
    Membership.objects.filter(workspace=workspace).update(takes_leads=True)
    return workspace


@pytest.fixture
def members(workspace) -> list[int]:
    """The ids of the two, in the order of their turns."""
    return list(
        Membership.objects.filter(workspace=workspace).order_by("pk").values_list("user_id", flat=True)
    )


def assign(lead: Lead) -> int:
    """Who got it."""
    assignment.assign(SimpleNamespace(workspace=lead.workspace, lead=lead), Deadline.after_ms(60_000))
    return Lead.objects.get(pk=lead.pk).assigned_to_id


def test_leads_go_to_those_who_take_them_in_turn(workspace, members):
    """Guard: `last_assigned_at` in the order of `routing.assign`."""
    given = [assign(factories.make_lead(workspace)) for _ in range(4)]
    assert given == [*members, *members]


def test_a_lead_that_somebody_has_stays_theirs_and_takes_nobodys_turn(workspace, members):
    """Guard: `assigned_to=None` in `routing.assign`."""
    lead = factories.make_lead(workspace, assigned_to_id=members[1])
    with pytest.raises(NotNow, match="The lead already has an assignee"):
        assign(lead)
    lead.refresh_from_db()
    assert lead.assigned_to_id == members[1]
    assert assign(factories.make_lead(workspace)) == members[0]


def test_two_replies_at_once_go_to_two_members(workspace, members):
    """Guard: `locks.hold("assign", …)`; without it the second asks whose turn it is before the first has committed."""
    first, second = factories.make_lead(workspace), factories.make_lead(workspace)

    with transaction.atomic():
        one = assign(first)
        other = InBackground(lambda: assign(second))
        until(lambda: other.is_over or waiting_for_a_lock(), "the second reply is worked on")

    assert [one, other.result()] == members


def test_replies_of_two_workspaces_do_not_wait_for_each_other(workspace, members):
    stranger = factories.make_workspace()
    factories.make_member(stranger)
    Membership.objects.filter(workspace=stranger).update(takes_leads=True)
    lead = factories.make_lead(stranger)

    with transaction.atomic():
        assign(factories.make_lead(workspace))
        assert InBackground(lambda: assign(lead)).result() not in members
