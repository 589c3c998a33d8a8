"""Two admins at once, or one person in two windows."""

import pytest
from django.db import transaction

from inbox.models import Invitation, Membership, User
from inbox.workspaces import invitations, log_in, people
from integrations.oidc import EndUser
from jobs.models import BackgroundJob
from tests import factories
from tests.racing import InBackground, at_once, waiting_for_a_lock, won
from tests.waiting import until

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


def test_somebody_invited_by_two_admins_at_once_is_asked_once(transactional_db):
    workspace = factories.make_workspace()
    factories.make_member(workspace, Role.OWNER)
    by = Membership.objects.get(workspace=workspace)

    results = at_once(*[lambda: invitations.invite(by, "new@example.com", Role.MEMBER)] * 4)

    assert len(won(results)) == 1
    assert all(isinstance(one, people.NotAllowed | Invitation) for one in results)
    assert BackgroundJob.objects.filter(kind=invitations.MAIL).count() == 1


def test_an_invitation_that_is_accepted_many_times_at_once_is_accepted_once(transactional_db):
    """Guard: the conditional UPDATE of `_close`; without it several win."""
    invitation = factories.make_invitation(factories.make_workspace())

    results = at_once(*[lambda: invitations.accept_by_mail(invitation, "correct-horse-battery")] * 4)

    assert len(won(results)) == 1
    assert all(isinstance(one, people.NotAllowed | Membership) for one in results)
    assert User.objects.get(email=invitation.email).memberships.count() == 1


@pytest.mark.parametrize("_round", range(3))
def test_an_invitation_is_either_accepted_or_withdrawn(transactional_db, _round):
    workspace = factories.make_workspace()
    invitation = factories.make_invitation(workspace)
    by = Membership.objects.get(workspace=workspace)

    results = at_once(
        lambda: invitations.accept_by_mail(invitation, "correct-horse-battery"),
        lambda: invitations.withdraw(by, invitation),
    )

    assert len(won(results)) == 1
    is_in = Membership.objects.filter(workspace=workspace, user__email=invitation.email).exists()
    state = Invitation.objects.get().state
    assert state == (Invitation.State.ACCEPTED if is_in else Invitation.State.WITHDRAWN)


def test_nobody_is_let_in_by_somebody_who_is_being_demoted(transactional_db):
    """Guard: the lock on the inviter's membership in `_join`; without it the old role is read and the guest is in."""
    workspace = factories.make_workspace()
    invitation = factories.make_invitation(workspace)

    with transaction.atomic():
        Membership.objects.filter(user=invitation.invited_by).update(role=Role.VIEWER)
        joining = InBackground(lambda: invitations.accept_by_mail(invitation, "correct-horse-battery"))
        until(lambda: joining.is_over or waiting_for_a_lock(), "the guest waits for the role")

    assert isinstance(joining.result(), people.NotAllowed)
    assert not User.objects.filter(email=invitation.email).exists()


@pytest.mark.parametrize(("subject", "is_in"), [("dana", True), ("somebody-else", False)])
def test_the_first_log_in_by_the_company_binds_the_account_to_one_person(transactional_db, subject, is_in):
    """Guard: the conditional UPDATE of `_with_address`; it also lets in the person who is in by another window."""
    user = factories.make_user("dana@example.org")
    end_user = EndUser("https://login.example.com", subject, user.email, None)
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(company_key=f"{end_user.issuer}#dana")
        other = InBackground(lambda: log_in.person_of(end_user))
        until(lambda: waiting_for_a_lock() == 1, "the other login waits for the first one")

    assert (other.result() == user) is is_in
    user.refresh_from_db()
    assert user.company_key == f"{end_user.issuer}#dana"
