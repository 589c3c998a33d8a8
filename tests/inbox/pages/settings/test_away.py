"""Away until a day: conversations go to a colleague, nothing new comes in turn, and it ends by itself."""

from datetime import timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from inbox.leads import assigning
from inbox.models import AuditEntry, Lead, Membership
from inbox.pipeline import assignment
from inbox.pipeline.situation import NotNow
from jobs.deadline import Deadline
from tests import factories


def in_days(days: int) -> str:
    """The day in the workspace's zone."""
    return f"{timezone.localdate(timezone=ZoneInfo('America/New_York')) + timedelta(days=days)}"


@pytest.fixture
def mine(workspace, people) -> Membership:
    return people.users.member.memberships.get()


def go(people, workspace, **data) -> str:
    return people.member.post(f"/w/{workspace.pk}/people/away/", data, follow=True).content.decode()


def test_conversations_that_wait_go_to_a_colleague_who_sees_why(workspace, people, mine):
    me, to = people.users.member, people.users.owner.memberships.get()
    waits, quiet = (factories.make_lead(workspace, assigned_to=me, needs_reply=yes) for yes in (True, False))
    elsewhere = factories.make_workspace()
    Membership.objects.create(workspace=elsewhere, user=me)
    factories.make_lead(elsewhere, assigned_to=me, needs_reply=True)

    said = go(people, workspace, until=in_days(5), to=to.pk)

    assert f"1 conversation reassigned to {to.user.name}." in said and "You’re away until" in said
    assert dict(Lead.objects.filter(workspace=workspace).values_list("pk", "assigned_to")) == {
        waits.pk: to.user_id,
        quiet.pk: me.pk,
    }
    assert Lead.objects.get(workspace=elsewhere).assigned_to == me
    page = people.owner.get(f"/w/{workspace.pk}/inbox/{waits.pk}/").content.decode()
    assert f"from {me.name}, who is away" in page
    assert (
        page.count('class="meta">away until') == 2
    )  # where one chooses who gets this one, or the ticked ones
    assert "Away until" in people.viewer.get(f"/w/{workspace.pk}/people/").content.decode()
    assert AuditEntry.objects.get(action="lead.assigned").data == {"to": to.user_id, "how": "away"}


def test_nobody_yet_is_a_colleague_too(workspace, people, mine):
    factories.make_lead(workspace, assigned_to=people.users.member, needs_reply=True)
    assert "reassigned to no one yet" in go(people, workspace, until=in_days(1))
    assert Lead.objects.get().assigned_to is None


def test_nothing_is_handed_over_to_oneself(workspace, people, mine):
    factories.make_lead(workspace, assigned_to=people.users.member, needs_reply=True)
    assert assigning.hand_over(mine, mine) == 0
    assert not AuditEntry.objects.filter(action="lead.assigned").exists()


def test_nothing_comes_in_turn_until_they_are_back(workspace, people, mine):
    Membership.objects.filter(pk=mine.pk).update(takes_leads=True)
    go(people, workspace, until=in_days(2))
    situation = SimpleNamespace(workspace=workspace, lead=factories.make_lead(workspace))
    with pytest.raises(NotNow):
        assignment.assign(situation, Deadline.after_ms(10_000))
    assert "Welcome back! You’re no longer away." in go(people, workspace, do="back")
    assert assignment.assign(situation, Deadline.after_ms(10_000)) == {"user": str(mine.user_id)}


def test_it_ends_by_itself(workspace, people, mine):
    go(people, workspace, until=in_days(2))
    assert "I’m back" in people.member.get("/account/").content.decode()
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        people.member.force_login(people.users.member)
        assert "I’m back" not in people.member.get("/account/").content.decode()


@pytest.mark.parametrize("until", ["", "soon", in_days(0), in_days(400)])
def test_a_day_that_is_none_is_told(until, workspace, people, mine):
    assert "Away until: " in go(people, workspace, until=until)
    assert Membership.objects.get(pk=mine.pk).away_until is None


@pytest.mark.parametrize("who", ["viewer", "outsider", "member"])
def test_only_who_answers_here_gets_them(who, workspace, people, mine):
    to = getattr(people.users, who).memberships.get()
    assert "Choose a colleague." in go(people, workspace, until=in_days(2), to=to.pk)
    assert Membership.objects.get(pk=mine.pk).away_until is None


def test_a_viewer_is_not_asked(people):
    assert "Hand over to" not in people.viewer.get("/account/").content.decode()
