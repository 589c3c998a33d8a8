"""Who changed what, from what to what: in the admin and on the workspace's pages, in a log that only grows."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from inbox.models import AuditEntry, Membership, SendingPolicy, TextAccess, User, Workspace
from tests import factories
from tests.admin.rows import url

Role = Membership.Role


def log_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def workspace(db):
    return factories.make_workspace("Northwind")


@pytest.fixture
def owner(workspace):
    return factories.make_member(workspace, Role.OWNER, email="owner@example.com")


def form_of(browser: Client, model, row) -> dict:
    form = browser.get(url(model, "change", row.pk)).context["adminform"].form
    return {
        name: "" if value is None else value for name, value in form.initial.items() if value is not False
    }


def test_a_setting_that_is_changed_in_the_admin_keeps_what_it_was(owner, workspace):
    browser = log_in(owner)
    browser.post(
        url(Workspace, "change", workspace.pk),
        form_of(browser, Workspace, workspace) | {"daily_send_cap": "12"},
    )
    entry = AuditEntry.objects.get(action="admin.change")
    assert (entry.actor, entry.workspace, entry.changes["daily_send_cap"]) == (owner, workspace, [30, 12])
    page = browser.get(url(Workspace, "history", workspace.pk)).content.decode()
    assert "owner@example.com" in page and "daily_send_cap: 30 → 12" in page


def test_a_setting_that_is_changed_on_the_workspace_s_page_stands_in_the_same_history(owner, workspace):
    browser = log_in(owner)
    browser.post(reverse("inbox:settings", args=[workspace.pk]), {"group": "answers", "tone": "dry"})
    entry = AuditEntry.objects.get(action="workspace.change")
    assert entry.changes == {"tone": ["friendly and professional", "dry"]}
    assert (
        "tone: friendly and professional → dry"
        in browser.get(url(Workspace, "history", workspace.pk)).content.decode()
    )


def test_a_rule_keeps_what_it_was(owner, workspace):
    policy = factories.make_policy(workspace)
    browser = log_in(owner)
    form = browser.get(reverse("inbox:policy", args=[workspace.pk])).context["form"]
    given = {name: value for name, value in form.initial.items() if value is not False and value is not None}
    browser.post(reverse("inbox:policy", args=[workspace.pk]), given | {"mode": "shadow"})
    assert AuditEntry.objects.get(action="policy.change").changes["mode"] == ["off", "shadow"]
    assert "mode: off → shadow" in browser.get(url(SendingPolicy, "history", policy.pk)).content.decode()


def test_a_role_keeps_what_it_was(owner, workspace):
    member = factories.make_member(workspace).memberships.get()
    browser = log_in(owner)
    browser.post(url(Membership, "change", member.pk), {"role": "admin"})
    assert AuditEntry.objects.get(action="member.role").changes == {"role": ["member", "admin"]}
    assert "role: member → admin" in browser.get(url(Membership, "history", member.pk)).content.decode()


def test_rights_that_a_superuser_gives_are_kept_and_passwords_are_not(workspace):
    root = factories.make_user(is_staff=True, is_superuser=True)
    user = factories.make_user("sam@example.com")
    browser = log_in(root)
    browser.post(
        url(User, "change", user.pk), {"email": user.email, "is_active": "on", "is_staff": "on", "theme": ""}
    )
    browser.post(
        f"/admin/inbox/user/{user.pk}/password/",
        {"password1": "a long enough pw", "password2": "a long enough pw", "usable_password": "true"},
    )
    kept = AuditEntry.objects.filter(object_type="user", object_id=str(user.pk)).order_by("pk")
    assert kept[0].changes["is_staff"] == [False, True]
    assert "a long enough pw" not in str([entry.data for entry in kept]) and len(kept) == 2


def test_a_person_s_history_stays_whole_where_the_admin_is_narrowed(owner, workspace):
    root = factories.make_user(is_staff=True, is_superuser=True)
    browser = log_in(root)
    browser.post(
        url(User, "change", owner.pk),
        {"email": owner.email, "is_active": "on", "is_staff": "on", "theme": "dark"},
    )
    browser.post(reverse("admin:switch"), {"workspace": workspace.pk})
    assert "→ dark" in browser.get(url(User, "history", owner.pk)).content.decode()
    page = log_in(owner).get(url(User, "history", owner.pk)).content.decode()
    assert "→ dark" not in page and "in your workspaces" in page


def test_a_history_of_another_workspace_is_not_found(owner):
    other = factories.make_workspace()
    assert log_in(owner).get(url(Workspace, "history", other.pk)).status_code == 404


@pytest.fixture
def kept(owner, workspace):
    """One row of each log."""
    browser = log_in(owner)
    browser.post(
        url(Workspace, "change", workspace.pk),
        form_of(browser, Workspace, workspace) | {"daily_send_cap": "12"},
    )
    access = TextAccess.objects.create(
        workspace=workspace, user=owner, reason="A test needs it.", expires_at="2020-01-01T00:00Z"
    )
    return AuditEntry.objects.get(), LogEntry.objects.get(), access


def test_the_database_refuses_to_change_a_log(kept):
    entry, logged, access = kept
    for row, change in (
        (entry, {"action": "x"}),
        (entry, {"data": {}}),
        (logged, {"change_message": "x"}),
        (access, {"reason": "x"}),
    ):
        with pytest.raises(IntegrityError, match="only added"), transaction.atomic():
            type(row).objects.filter(pk=row.pk).update(**change)


@pytest.mark.parametrize("model", [AuditEntry, LogEntry, TextAccess], ids=lambda model: model.__name__)
def test_the_database_refuses_to_delete_from_a_log(kept, model):
    with pytest.raises(IntegrityError, match="only added"), transaction.atomic():
        model.objects.all().delete()
        connection.check_constraints()


def test_nobody_is_taken_out_of_a_log_who_is_still_there(kept):
    with pytest.raises(IntegrityError, match="only added"), transaction.atomic():
        AuditEntry.objects.update(actor=None)
        connection.check_constraints()


def test_a_log_goes_with_its_workspace_and_forgets_a_person_who_is_deleted(kept, owner, workspace):
    owner.delete()
    connection.check_constraints()
    assert AuditEntry.objects.get().actor is None and TextAccess.objects.get().user is None
    workspace.delete()
    connection.check_constraints()
    assert not AuditEntry.objects.exists() and not TextAccess.objects.exists()
