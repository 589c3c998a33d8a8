"""Roles open the admin: the database gives and takes the group of owners and admins, however a membership changes."""

import threading

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection, transaction
from django.test import Client

from admin import roles
from admin.scope import WORKSPACE_ADMIN
from inbox.models import Lead, Membership, User
from inbox.workspaces import people
from tests import factories
from tests.admin.rows import url

Role = Membership.Role


def enters(user: User) -> tuple[bool, bool]:
    """Whether the user is staff, and whether they are in the group."""
    user.refresh_from_db()
    return user.is_staff, user.groups.filter(name=WORKSPACE_ADMIN).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN])
def test_a_role_that_runs_a_workspace_opens_the_admin(role):
    assert enters(factories.make_member(factories.make_workspace(), role)) == (True, True)


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
def test_another_role_opens_nothing(role):
    assert enters(factories.make_member(factories.make_workspace(), role)) == (False, False)


@pytest.mark.django_db
def test_the_last_such_role_takes_the_admin_away_and_no_earlier_one():
    user = factories.make_member(factories.make_workspace(), Role.ADMIN)
    second = Membership.objects.create(workspace=factories.make_workspace(), user=user, role=Role.OWNER)

    user.memberships.exclude(pk=second.pk).delete()
    assert enters(user) == (True, True)
    Membership.objects.filter(pk=second.pk).update(role=Role.MEMBER)
    assert enters(user) == (False, False)
    Membership.objects.filter(pk=second.pk).update(role=Role.ADMIN)
    assert enters(user) == (True, True)
    second.workspace.delete()
    assert enters(user) == (False, False)


@pytest.mark.django_db
def test_staff_for_another_reason_stay_staff():
    workspace = factories.make_workspace()
    root = factories.make_member(workspace, Role.ADMIN, is_staff=True, is_superuser=True)
    support = factories.make_member(workspace, Role.ADMIN)
    support.groups.add(Group.objects.get(name=roles.SUPPORT))
    by_hand = factories.make_member(workspace, Role.ADMIN)
    by_hand.user_permissions.add(Permission.objects.get(codename="view_lead"))

    Membership.objects.all().delete()

    assert [enters(user) for user in (root, support, by_hand)] == [(True, False)] * 3


@pytest.mark.django_db
def test_a_person_who_is_made_a_member_stays_staff():
    user = factories.make_user(is_staff=True)
    Membership.objects.create(workspace=factories.make_workspace(), user=user, role=Role.MEMBER)
    assert enters(user) == (True, False)


@pytest.mark.django_db
def test_a_page_that_read_the_user_before_does_not_undo_a_role():
    user = factories.make_member(factories.make_workspace(), Role.MEMBER)
    before = User.objects.get(pk=user.pk)
    user.memberships.update(role=Role.ADMIN)
    before.theme = User.Theme.DARK
    before.save()
    assert enters(user) == (True, True)

    before = User.objects.get(pk=user.pk)
    user.memberships.update(role=Role.MEMBER)
    before.set_password("another long password")
    before.save()
    assert enters(user) == (False, False)


@pytest.mark.django_db(transaction=True)
def test_two_roles_that_are_taken_at_once_leave_none():
    """Each transaction sees the other's membership still there, unless one waits for the other."""
    user = factories.make_member(factories.make_workspace(), Role.ADMIN)
    Membership.objects.create(workspace=factories.make_workspace(), user=user, role=Role.ADMIN)
    first, second = user.memberships.order_by("pk")
    begun, seen = threading.Event(), threading.Event()

    def take_second() -> None:
        try:
            begun.wait(30)
            seen.set()
            with transaction.atomic():
                Membership.objects.filter(pk=second.pk).delete()
        finally:
            connection.close()

    other = threading.Thread(target=take_second)
    other.start()
    with transaction.atomic():
        Membership.objects.filter(pk=first.pk).delete()
        begun.set()
        seen.wait(30)
        _wait_until_somebody_waits_for_a_lock(other)
    other.join(30)

    assert enters(user) == (False, False)


def _wait_until_somebody_waits_for_a_lock(other: threading.Thread) -> None:
    """Returns when the other transaction waits for a row of ours, or is over because nothing made it wait."""
    while other.is_alive():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        other.join(0.05)


@pytest.mark.django_db
def test_the_groups_have_the_permissions_that_are_declared():
    for name in roles.GROUPS:
        held = Group.objects.get(name=name).permissions.values_list("content_type__app_label", "codename")
        assert {f"{label}.{codename}" for label, codename in held} == roles.permissions_of(name), name


@pytest.mark.django_db
def test_an_upgrade_sets_the_permissions_of_our_groups_and_leaves_others_alone():
    own = Group.objects.create(name="Own mix")
    own.permissions.add(Permission.objects.get(codename="delete_lead"))
    support = Group.objects.get(name=roles.SUPPORT)
    support.permissions.set(own.permissions.all())

    roles.fill()

    assert not support.permissions.filter(codename="delete_lead").exists()
    assert support.permissions.filter(codename="view_lead").exists()
    assert own.permissions.get().codename == "delete_lead"


def test_support_changes_nothing():
    assert {name for name in roles.permissions_of(roles.SUPPORT) if ".view_" not in name} == {
        "inbox.see_all_workspaces"
    }


@pytest.mark.django_db
def test_a_role_is_changed_in_the_admin_by_the_rules_of_the_people_page():
    workspace = factories.make_workspace()
    owner = factories.make_member(workspace, Role.OWNER)
    admin_user = factories.make_member(workspace, Role.ADMIN)
    member = factories.make_member(workspace, Role.MEMBER)
    browser = Client()
    browser.force_login(admin_user)

    def change(user: User, role: str) -> str:
        browser.post(url(Membership, "change", user.memberships.get().pk), {"role": role})
        return user.memberships.get().role

    assert change(member, Role.ADMIN) == Role.ADMIN
    assert change(member, Role.OWNER) == Role.ADMIN, "only owners make owners"
    assert change(owner, Role.MEMBER) == Role.OWNER
    browser.force_login(owner)
    assert change(owner, Role.MEMBER) == Role.OWNER, "a workspace keeps an owner"
    page = url(Membership, "delete", owner.memberships.get().pk)
    assert browser.post(page, {"post": "yes"}).status_code == 403


@pytest.mark.django_db
def test_a_member_who_is_taken_out_in_the_admin_leaves_no_lead_assigned():
    workspace = factories.make_workspace()
    owner, member = factories.make_member(workspace, Role.OWNER), factories.make_member(workspace)
    lead = factories.make_lead(workspace, assigned_to=member)
    browser = Client()
    browser.force_login(owner)

    answer = browser.post(url(Membership, "delete", member.memberships.get().pk), {"post": "yes"})

    assert (answer.status_code, member.memberships.exists()) == (302, False)
    assert Lead.objects.get(pk=lead.pk).assigned_to is None


@pytest.mark.django_db
def test_an_operator_who_runs_a_workspace_gains_no_rights_in_others():
    """The rights of the group Workspace admin are meant for one's own workspaces, and an operator sees all."""
    operator = factories.make_member(factories.make_workspace(), Role.ADMIN)
    operator.groups.add(Group.objects.get(name=roles.SUPPORT))
    lead = factories.make_lead(factories.make_workspace())
    browser = Client()
    browser.force_login(operator)

    assert browser.get(url(Lead, "change", lead.pk)).status_code == 200
    assert browser.post(url(Lead, "change", lead.pk), {"first_name": "X"}).status_code == 403


@pytest.mark.django_db
def test_the_last_owner_is_refused_where_somebody_took_the_other_one_meanwhile(monkeypatch):
    """The form still saw two owners, so only what is done with their rows locked can refuse."""
    monkeypatch.setattr(people, "check_owner_stays", lambda *_: None)
    own = factories.make_member(factories.make_workspace(), Role.OWNER).memberships.get()
    browser = Client()
    browser.force_login(own.user)
    assert browser.post(url(Membership, "change", own.pk), {"role": Role.MEMBER}).status_code == 403
    assert browser.post(url(Membership, "delete", own.pk), {"post": "yes"}).status_code == 403
    own.refresh_from_db()
    assert own.role == Role.OWNER


@pytest.mark.django_db
def test_a_role_that_was_read_before_somebody_changed_it_is_neither_changed_nor_taken():
    """Who may change a role depends on it: an admin must not take from an owner what they saw as a member."""
    workspace = factories.make_workspace()
    by = factories.make_member(workspace, Role.ADMIN).memberships.get()
    seen = factories.make_member(workspace, Role.MEMBER).memberships.get()
    Membership.objects.filter(pk=seen.pk).update(role=Role.OWNER)
    for change in (
        lambda: people.change_role(by, seen, Role.VIEWER),
        lambda: people.remove(by, seen),
    ):
        with pytest.raises(people.NotAllowed, match="else just changed"):
            change()
    assert Membership.objects.get(pk=seen.pk).role == Role.OWNER


@pytest.mark.django_db
def test_a_membership_is_nobody_else_s_in_slack_by_the_admin():
    workspace = factories.make_workspace()
    owner = factories.make_member(workspace, Role.OWNER)
    own = owner.memberships.get()
    browser = Client()
    browser.force_login(owner)
    form = {
        "role": Role.OWNER,
        "takes_leads": "on",
        "slack_user_id": "U0MEMBER",
        "last_assigned_at_0": "2020-01-01",
    }
    assert browser.post(url(Membership, "change", own.pk), form).status_code == 302
    own.refresh_from_db()
    assert (own.takes_leads, own.slack_user_id, own.last_assigned_at) == (True, "", None)


@pytest.mark.django_db
def test_a_user_who_was_read_anew_does_not_undo_a_role_either():
    user = factories.make_member(factories.make_workspace(), Role.MEMBER)
    user = User.objects.get(pk=user.pk)
    user.memberships.update(role=Role.ADMIN)
    user.refresh_from_db()
    user.memberships.update(role=Role.MEMBER)
    user.save()
    assert enters(user) == (False, False)


@pytest.mark.django_db
def test_what_is_saved_of_a_user_is_what_was_asked_for():
    user = User.objects.get(pk=factories.make_user(first_name="Ana").pk)
    user.first_name, user.last_name, user.is_staff = "Bea", "Bo", True
    user.save(update_fields=[])
    user.save(update_fields=["last_name"])
    kept = User.objects.get(pk=user.pk)
    assert (kept.first_name, kept.last_name, kept.is_staff) == ("Ana", "Bo", False)
    user.save()
    assert User.objects.get(pk=user.pk).is_staff is True
