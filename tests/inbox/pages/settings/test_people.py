"""The people of a workspace, their passwords, and what the workspace says about itself."""

import re
from functools import partial

import pytest
import time_machine
from django.core import mail
from django.forms import model_to_dict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inbox.models import AuditEntry, Invitation, Membership, Workspace
from inbox.pages.settings.workspace import GROUPS as SETTINGS
from inbox.pages.settings.workspace import RetentionForm, WorkspaceForm
from jobs.worker import drain
from tests import factories

Role = Membership.Role
NEW = "correct-horse-battery"


@pytest.fixture
def url(workspace):
    return lambda name, *args: reverse(f"inbox:{name}", args=[workspace.pk, *args])


@pytest.fixture
def admin(workspace):
    client = Client()
    client.force_login(factories.make_member(workspace, Role.ADMIN))
    return client


def membership(workspace, user) -> Membership:
    return Membership.objects.get(workspace=workspace, user=user)


def test_somebody_who_is_in_already_keeps_their_role(admin, people, workspace, url):
    answer = admin.post(url("people-add"), {"email": people.users.viewer.email, "role": "admin"})

    assert answer.status_code == 400
    assert "is already in this workspace" in answer.content.decode()
    assert membership(workspace, people.users.viewer).role == Role.VIEWER


@pytest.mark.parametrize("asked", [{"do": "role", "role": "member"}, {"do": "remove"}])
def test_only_an_owner_touches_an_owner(admin, people, workspace, url, asked):
    admin.post(url("person", membership(workspace, people.users.owner).pk), asked)

    assert membership(workspace, people.users.owner).role == Role.OWNER


def test_only_an_owner_makes_owners(admin, people, workspace, url):
    admin.post(url("person", membership(workspace, people.users.member).pk), {"do": "role", "role": "owner"})

    assert membership(workspace, people.users.member).role == Role.MEMBER


@pytest.mark.parametrize("asked", [{"do": "role", "role": "member"}, {"do": "remove"}])
def test_the_last_owner_stays(people, workspace, url, asked):
    page = people.owner.post(
        url("person", membership(workspace, people.users.owner).pk), asked, follow=True
    ).content.decode()

    assert "needs an owner" in page
    assert membership(workspace, people.users.owner).role == Role.OWNER


def test_who_is_removed_is_out_at_once_and_their_leads_are_nobodys(people, workspace, url):
    lead = factories.make_lead(workspace, assigned_to=people.users.member)

    people.owner.post(url("person", membership(workspace, people.users.member).pk), {"do": "remove"})

    lead.refresh_from_db()
    assert lead.assigned_to is None
    assert people.member.get(url("list")).status_code == 404
    assert AuditEntry.objects.filter(workspace=workspace, action="member.removed").count() == 1


def test_role_and_turn_are_set(people, workspace, url):
    at = url("person", membership(workspace, people.users.member).pk)

    page = people.owner.post(at, {"do": "role", "role": "admin", "takes": ["off", "on"]}, follow=True)

    changed = membership(workspace, people.users.member)
    assert (changed.role, changed.takes_leads) == (Role.ADMIN, True)
    assert "is now admin and gets new leads in rotation." in page.content.decode()


def test_a_role_that_changed_since_the_page_was_read_is_left_as_it_is(people, workspace, url):
    person = membership(workspace, people.users.member)
    Membership.objects.filter(pk=person.pk).update(role=Role.ADMIN)

    given = {"do": "role", "was": "member", "role": "member", "takes": ["off", "on"]}
    people.owner.post(url("person", person.pk), given)

    changed = membership(workspace, people.users.member)
    assert (changed.role, changed.takes_leads) == (Role.ADMIN, True)


@pytest.mark.parametrize("name", ["people-add", "person"])
def test_a_member_lets_nobody_in(people, workspace, url, name):
    at = url("person", membership(workspace, people.users.viewer).pk) if name == "person" else url(name)
    asked = {"email": "x@example.com", "role": "member", "do": "remove"}

    assert people.member.post(at, asked).status_code == 403
    assert people.outsider.post(at, asked).status_code == 404
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("role", ["owner", "member", "viewer"])
def test_a_member_reads_why_they_invite_nobody_where_the_palette_leads_them(role, people, workspace, url):
    page = getattr(people, role).get(url("people")).content.decode()
    assert page.count(f'href="/w/{workspace.pk}/people/#add"') == page.count('id="add"') == 1
    assert ("Only admins and owners can invite people." in page) == (role != "owner")


def test_nobody_of_another_workspace_is_changed(people, workspace, url):
    elsewhere = Membership.objects.get(user=people.users.outsider)

    assert people.owner.post(url("person", elsewhere.pk), {"do": "remove"}).status_code == 404


def test_a_forgotten_password_is_set_anew_by_mail(transactional_db, people, settings):
    settings.PUBLIC_URL = "https://holdfast.example"
    for email in (people.users.member.email.upper(), "nobody@example.com"):
        answer = Client().post(reverse("password-forgotten"), {"email": email}, follow=True)
        assert "Check your email" in answer.content.decode()

    drain()

    (message,) = mail.outbox
    assert message.to == [people.users.member.email]
    assert "https://holdfast.example/password/new/" in message.body


def test_two_requests_in_a_minute_are_one_mail(transactional_db, people):
    with time_machine.travel(timezone.now(), tick=False):
        for _ in range(2):
            Client().post(reverse("password-forgotten"), {"email": people.users.member.email})

    drain()

    assert len(mail.outbox) == 1


def test_a_password_is_changed_by_who_knows_the_old_one(people):
    asked = {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW}
    assert people.member.post(reverse("password-change"), asked).status_code == 200

    people.member.post(reverse("password-change"), asked | {"old_password": factories.PASSWORD})

    assert Client().login(username=people.users.member.email, password=NEW)


GROUPS = {
    "name": {"name": "Northwind", "timezone": "Europe/Berlin", "phone_region": "DE"},
    "hours": {"opens_at": "08:00", "closes_at": "16:30"},
    "answers": {"persona_name": "Ana", "tone": "calm"},
    "sending": {"undo_send_s": 12, "daily_send_cap": "5"},
    "team": {"assign_in_turn": "on"},
}


def form_of(page: str, group: str) -> dict[str, str]:
    """What a browser posts that saves a group of settings as the page shows it."""
    form = page.split(f'id="{group}"')[1].split("</form>")[0]
    initials = re.findall(r'<input type="hidden" name="initial-(\w+)"(?: value="([^"]*)")?', form)
    fields = {name: "on" if old == "True" else old for name, old in initials if old != "False"}
    return {"group": group} | fields | {f"initial-{name}": old for name, old in initials}


def test_two_admins_who_change_one_group_at_once_both_have_their_way(admin, workspace, url):
    page = admin.get(url("settings")).content.decode()
    first, second = form_of(page, "hours"), form_of(page, "hours")
    assert admin.post(url("settings"), first | {"opens_at": "16:00"}).status_code == 302
    answer = admin.post(url("settings"), second | {"closes_at": "16:30"}, follow=True)
    assert "Saved. Closes at: 16:30 (was 17:00)." in answer.content.decode()
    workspace.refresh_from_db()
    assert (f"{workspace.opens_at:%H:%M}", f"{workspace.closes_at:%H:%M}") == ("16:00", "16:30")
    refused = admin.post(url("settings"), second | {"closes_at": "12:00"})
    assert refused.status_code == 400 and "Closing time must be later" in refused.content.decode()


def test_a_group_of_settings_is_saved_by_itself_says_what_it_changed_and_is_audited(admin, workspace, url):
    page = admin.get(url("settings")).content.decode()
    assert {name for group in GROUPS.values() for name in group} <= set(re.findall(r'name="(\w+)"', page))

    for key, given in GROUPS.items():
        assert admin.post(url("settings"), form_of(page, key) | given).status_code == 302

    workspace.refresh_from_db()
    assert (workspace.timezone, workspace.phone_region) == ("Europe/Berlin", "DE")
    assert (workspace.tone, workspace.daily_send_cap, workspace.assign_in_turn) == ("calm", 5, True)
    entries = AuditEntry.objects.filter(workspace=workspace, action="workspace.change").order_by("pk")
    assert [sorted(entry.changes) for entry in entries] == [
        ["phone_region", "timezone"],
        ["closes_at", "opens_at"],
        ["persona_name", "tone"],
        ["daily_send_cap", "undo_send_s"],
        ["assign_in_turn"],
    ]
    assert entries[2].changes["persona_name"] == [] and "Ana" not in str(entries[2].data)
    page = admin.get(url("settings")).content.decode()
    assert "Saved. Opens at: 08:00 (was 09:00). Closes at: 16:30 (was 17:00)." in page
    assert "Signed by: changed. Tone: calm (was friendly and professional)." in page
    assert "Assign new interested leads in rotation: on." in page


def test_a_group_that_is_saved_unchanged_says_so_and_an_unknown_one_is_not_found(admin, workspace, url):
    page = admin.get(url("settings")).content.decode()
    for group in GROUPS:
        answer = admin.post(url("settings"), form_of(page, group), follow=True)
        assert "Nothing has changed." in answer.content.decode(), group
    assert not AuditEntry.objects.filter(action="workspace.change").exists()
    assert admin.post(url("settings"), {"group": "all"}).status_code == 404


def test_time_zone_and_country_are_chosen_from_lists(admin, workspace, url):
    Workspace.objects.filter(pk=workspace.pk).update(timezone="US/Eastern", phone_region="AT")
    page = admin.get(url("settings")).content.decode()
    assert '<option value="Europe/Vienna">' in page and '<option value="US/Eastern" selected>' in page
    assert '<option value="AT" selected>Austria (AT)</option>' in page
    assert '<option value="XK">Kosovo (XK)</option>' in page  # not in the table of ISO 3166


@pytest.mark.parametrize(
    ("group", "field", "value", "said"),
    [
        ("name", "timezone", "Mars/Olympus", "Mars/Olympus"),
        ("name", "phone_region", "ZZ", "ZZ is not one of the available choices"),
        ("hours", "closes_at", "07:00", "Closing time must be later"),
        ("name", "name", "", "This field is required"),
    ],
)
def test_a_setting_that_cannot_be_is_named_and_nothing_is_saved(
    admin, workspace, url, group, field, value, said
):
    before = model_to_dict(workspace)
    answer = admin.post(url("settings"), GROUPS[group] | {"group": group, field: value})

    assert answer.status_code == 400
    assert said in answer.content.decode()
    workspace.refresh_from_db()
    assert model_to_dict(workspace) == before


def test_times_of_keeping_are_shown_with_their_effect_before_they_are_saved(admin, workspace, url):
    asked = {"keep_messages_days": "60", "keep_bodies_days": "7", "keep_model_calls_days": ""}

    shown = admin.get(url("retention"), asked).content.decode()
    assert "Deletes 0 messages from 0 leads, dated before 20" in shown and "Save</button>" in shown
    assert "Save</button>" not in admin.get(url("retention")).content.decode()
    workspace.refresh_from_db()
    assert workspace.keep_messages_days is None
    assert admin.get(url("retention"), asked | {"keep_bodies_days": "31"}).status_code == 400

    page = admin.post(url("retention"), asked, follow=True).content.decode()
    assert "Days to keep messages: 60 (was forever)." in page and "Older data is deleted" in page
    page = admin.post(url("retention"), asked, follow=True).content.decode()
    assert "Nothing has changed." in page
    workspace.refresh_from_db()
    assert (workspace.keep_messages_days, workspace.keep_bodies_days) == (60, 7)
    assert workspace.keep_model_calls_days is None
    entry = AuditEntry.objects.get(workspace=workspace, action="workspace.change")
    assert entry.changes["keep_messages_days"] == [None, 60]


def test_settings_are_for_admins(people, url):
    assert people.member.get(url("settings")).status_code == 403
    assert people.outsider.get(url("settings")).status_code == 404


@pytest.mark.parametrize("form", [partial(WorkspaceForm, group=SETTINGS["answers"]), RetentionForm])
def test_settings_that_are_saved_write_over_nothing_that_changed_meanwhile(workspace, form):
    """All sends are stopped, and somebody is erased, between the reading of a form and its saving."""
    read = Workspace.objects.get(pk=workspace.pk)
    given = {name: value for name, value in model_to_dict(read).items() if value is not None}
    changed = {"tone": "dry", "keep_bodies_days": 3}
    filled = form(given | changed, instance=read)
    assert filled.is_valid(), filled.errors
    Workspace.objects.filter(pk=workspace.pk).update(sends_paused=True, erasure_key={"key": "k"})

    filled.save()

    now = Workspace.objects.get(pk=workspace.pk)
    assert now.sends_paused and now.erasure_key is not None
    assert (now.tone, now.keep_bodies_days) in {("dry", workspace.keep_bodies_days), (workspace.tone, 3)}
