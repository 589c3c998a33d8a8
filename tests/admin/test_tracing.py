"""What happened, in the admin: for those who see the row, and without what people wrote for those who may not read."""

import uuid

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from admin import roles
from admin.base import BaseAdmin
from inbox.models import AuditEntry, Membership, TextAccess, User, WebhookDelivery
from inbox.models.text_access import LASTS
from inbox.replying import review
from inbox.trace.records import KINDS
from integrations.models import Notice
from jobs.models import BackgroundJob
from tests import factories
from tests.admin.rows import url
from tests.world import World

pytestmark = pytest.mark.django_db
WORDS = "send me two or three times"


@pytest.fixture
def rows(world):
    """One row of each kind, from a reply that really came and was answered."""
    message = world.reply(f"Sure, {WORDS}.")
    world.work()
    draft = world.draft(message)
    send = review.approve(draft, user=world.user, text="Thursday.")
    world.work()
    return {
        "message": message, "lead": message.lead, "job": world.job(message), "draft": draft, "send": send,
        "delivery": WebhookDelivery.objects.get(),
        "notice": Notice.objects.create(workspace=world.workspace, kind="health", path="slack", text="It is down."),
    }  # fmt: skip


def browser_of(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def address(kind: str, row) -> str:
    return reverse("admin:trace", args=[kind, row.pk])


@pytest.fixture
def support():
    user = factories.make_user(is_staff=True)
    user.groups.add(Group.objects.get(name=roles.SUPPORT))
    return browser_of(user)


def test_every_kind_of_trace_is_offered_by_the_admin_of_its_model():
    pages = [
        page for page in admin.site._registry.values() if isinstance(page, BaseAdmin) and page.trace_kind
    ]
    assert sorted(page.trace_kind for page in pages) == sorted(KINDS)


def test_an_admin_of_the_workspace_reads_each_trace_with_its_words(world, rows):
    browser = browser_of(factories.make_member(world.workspace, Membership.Role.ADMIN))
    for kind, row in rows.items():
        response = browser.get(address(kind, row))
        assert response.status_code == 200, kind
        text = response.content.decode()
        assert "Message text is hidden" not in text
        assert reverse("inbox:trace", args=[world.workspace.pk, kind, row.pk]) in text
        assert (WORDS in text) is (kind != "notice"), kind
    assert not AuditEntry.objects.filter(action="text.read").exists()


def test_support_reads_what_happened_and_no_words_of_people(rows, support):
    for kind, row in rows.items():
        text = support.get(address(kind, row)).content.decode()
        assert WORDS not in text and "It is down." not in text, kind
        assert "Message text is hidden" in text
    assert "EmailBison sent a webhook" in support.get(address("message", rows["message"])).content.decode()


def test_who_has_said_why_reads_the_words_and_each_reading_is_written_down(world, rows):
    root = factories.make_user(is_staff=True, is_superuser=True)
    browser, path = browser_of(root), address("message", rows["message"])
    text = browser.get(path).content.decode()
    assert WORDS not in text and reverse("admin:open-text", args=[world.workspace.pk]) in text

    browser.post(
        reverse("admin:open-text", args=[world.workspace.pk]), {"reason": "They asked why it went out."}
    )

    assert TextAccess.objects.get().expires_at - TextAccess.objects.get().created_at <= LASTS
    assert WORDS in browser.get(path).content.decode()
    entry = AuditEntry.objects.get(action="text.read")
    assert (entry.actor, entry.object_type, entry.object_id) == (root, "message", str(rows["message"].pk))
    assert entry.workspace == world.workspace


def test_a_row_of_another_workspace_is_no_page(rows, sandbox):
    neighbour = browser_of(
        factories.make_member(World.make(sandbox, "Bluebird").workspace, Membership.Role.OWNER)
    )
    for kind, row in rows.items():
        assert neighbour.get(address(kind, row)).status_code == 404, kind


def test_an_operator_who_has_narrowed_the_admin_to_another_workspace_does_not_see_it(rows, sandbox):
    browser = browser_of(factories.make_user(is_staff=True, is_superuser=True))
    other = World.make(sandbox, "Bluebird").workspace
    browser.post(reverse("admin:switch"), {"workspace": str(other.pk)})
    assert browser.get(address("message", rows["message"])).status_code == 404


def test_a_member_without_a_role_in_the_admin_is_not_let_in(world, rows):
    browser = browser_of(factories.make_member(world.workspace, Membership.Role.MEMBER))
    assert browser.get(address("message", rows["message"])).status_code in (302, 403)


@pytest.mark.parametrize("kind", [*KINDS, "workspace"])
def test_an_id_that_nothing_has_is_no_page(kind, db):
    browser = browser_of(factories.make_user(is_staff=True, is_superuser=True))
    assert browser.get(reverse("admin:trace", args=[kind, uuid.uuid4()])).status_code == 404


def test_work_of_the_installation_has_no_trace(db):
    browser = browser_of(factories.make_user(is_staff=True, is_superuser=True))
    job = BackgroundJob.objects.create(kind="mail.password", dedupe_key="x", workspace=None)
    assert browser.get(address("job", job)).status_code == 404
    assert ">Trace</a>" not in browser.get(url(BackgroundJob, "changelist")).content.decode()


def test_each_row_and_its_page_lead_to_its_trace(rows):
    browser = browser_of(factories.make_user(is_staff=True, is_superuser=True))
    for kind, row in rows.items():
        for page in (url(type(row), "changelist"), url(type(row), "change", row.pk)):
            assert f'href="{address(kind, row)}"' in browser.get(page).content.decode(), page
