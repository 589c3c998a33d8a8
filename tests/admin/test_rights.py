"""Rights in the whole installation: a superuser gives and takes them, and no role brings them back."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from admin import roles
from admin.scope import WORKSPACE_ADMIN
from inbox.models import AuditEntry, Lead, Membership, User
from tests import factories
from tests.admin.rows import url

pytestmark = pytest.mark.django_db
Role = Membership.Role


def log_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def root():
    return log_in(factories.make_user("root@example.com", is_staff=True, is_superuser=True))


@pytest.fixture
def operator():
    """An operator, who has a permission of their own beside the group's."""
    user = factories.make_user("operator@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.OPERATOR))
    user.user_permissions.add(Permission.objects.get(codename="open_text"))
    return user


def groups_of(user: User) -> set[str]:
    return set(user.groups.values_list("name", flat=True))


def page_of(browser: Client, user: User) -> dict:
    """What the page of `user` sends when it is saved as it opens, but for boxes."""
    initial = browser.get(url(User, "change", user.pk)).context["adminform"].form.initial
    form = {name: [one.pk for one in initial[name]] for name in ("groups", "user_permissions")}
    return form | {"email": user.email, "theme": "", "is_active": "on", "single_key_shortcuts": "on"}


def save(browser: Client, user: User, *ticked: str, **changed: object):
    form = page_of(browser, user) | dict.fromkeys(ticked, "on") | changed
    return browser.post(url(User, "change", user.pk), form)


def test_rights_that_a_superuser_took_do_not_come_back_with_a_role(root, operator):
    assert save(root, operator).status_code == 302
    foreign = factories.make_lead(factories.make_workspace())

    Membership.objects.create(workspace=factories.make_workspace(), user=operator, role=Role.ADMIN)

    assert log_in(operator).get(url(Lead, "change", foreign.pk)).status_code == 404
    operator.memberships.all().delete()
    operator.refresh_from_db()
    assert (operator.is_staff, groups_of(operator), operator.user_permissions.count()) == (False, set(), 0)
    taken = AuditEntry.objects.get(action="user.rights_taken")
    assert taken.changes == {"rights": [[roles.OPERATOR, "open_text"], []]}
    assert "open_text" in root.get(url(User, "history", operator.pk)).content.decode()


def test_a_superuser_who_is_no_longer_staff_gets_no_more_from_a_role_than_others(root):
    second = factories.make_user("second@example.com", is_staff=True, is_superuser=True)
    assert save(root, second, "is_superuser").status_code == 302
    Membership.objects.create(workspace=factories.make_workspace(), user=second, role=Role.ADMIN)
    second.refresh_from_db()
    assert (second.is_staff, second.is_superuser) == (True, False)
    assert AuditEntry.objects.get(action="user.rights_taken").changes == {"rights": [["superuser"], []]}


def test_a_first_role_takes_nothing_from_those_who_are_staff_or_have_no_rights(operator):
    operator.memberships.create(workspace=factories.make_workspace(), role=Role.ADMIN)
    factories.make_member(factories.make_workspace(), Role.ADMIN)
    assert groups_of(operator) == {roles.OPERATOR, WORKSPACE_ADMIN}
    assert not AuditEntry.objects.exists()


def test_who_runs_a_workspace_stays_staff_and_can_lose_all_other_rights(root, operator):
    Membership.objects.create(workspace=factories.make_workspace(), user=operator, role=Role.ADMIN)

    refused = save(root, operator)
    assert "This person is staff because they run a workspace" in refused.content.decode()
    assert save(root, operator, "is_staff", groups=[], user_permissions=[]).status_code == 302

    operator.refresh_from_db()
    assert (operator.is_staff, groups_of(operator), operator.user_permissions.count()) == (
        True,
        {WORKSPACE_ADMIN},
        0,
    )


def test_the_group_of_a_role_is_neither_taken_nor_given_by_a_page_of_before(root):
    user = factories.make_member(factories.make_workspace(), Role.OWNER)
    form = page_of(root, user)
    opened = Group.objects.get(name=WORKSPACE_ADMIN)
    assert save(root, user, "is_staff", first_name="Ana").status_code == 302
    assert groups_of(user) == {WORKSPACE_ADMIN}
    assert set(AuditEntry.objects.get(action="admin.change").changes) == {"first_name"}

    user.memberships.all().delete()
    assert root.post(url(User, "change", user.pk), form | {"is_staff": "on"}).status_code == 302
    assert save(root, user, "is_staff", groups=[opened.pk]).status_code == 200
    assert groups_of(user) == set()
