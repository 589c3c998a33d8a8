"""The Django admin: every registered model, walked; records stay records, tenants stay apart, secrets stay out."""

import re
from collections import Counter

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from admin import long_lists, roles
from admin.base import RecordAdmin
from inbox.models import Lead, Membership, Message, OutboundSend, User, WebhookDelivery, Workspace
from integrations.errors import SECRETS_UNREADABLE
from integrations.health import probes, writer
from integrations.models import Integration, WebhookKey, WorkspaceIntegrationHealth
from jobs.models import BackgroundJob
from tests import factories
from tests.admin.rows import REGISTERED, SECRET, of_installation, of_workspace, url

RECORDS = [model for model, own in REGISTERED.items() if isinstance(own, RecordAdmin)]
MOST_QUERIES = 10
MOST_QUERIES_OF_A_ROW = 16


@pytest.fixture
def root(db):
    return factories.make_user("root@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def client(root):
    browser = Client()
    browser.force_login(root)
    return browser


@pytest.fixture
def rows(root):
    return of_workspace(factories.make_workspace("Northwind")) | of_installation(root)


def test_every_page_opens_while_secrets_cannot_be_read(client, rows, no_model_list):
    account, key = rows[Integration], rows[WebhookKey]
    factories.lose_key(account)
    factories.lose_key(key)
    writer.note_unreadable(account)
    for model, row in rows.items():
        for path in (url(model, "changelist"), url(model, "change", row.pk)):
            assert client.get(path).status_code == 200, path
    token = account.credentials.token
    saved = client.post(url(Integration, "change", account.pk), {"name": "Renamed"})
    account.refresh_from_db()
    assert (saved.status_code, account.name, account.credentials.token) == (302, "Renamed", token)


def test_list_opens_and_breaks_no_content_policy(client, rows):
    for model in REGISTERED:
        response = client.get(url(model, "changelist"))
        assert response.status_code == 200, model
        text = response.content.decode()
        assert not any(bad in text for bad in ("style=", "onclick=", "<style", "<script>")), model
        assert "unsafe" not in response["Content-Security-Policy"]


def test_page_of_a_row_opens_and_shows_no_secret(client, rows, no_model_list):
    hidden = (SECRET, rows[WebhookKey].key_hash, rows[WebhookKey].secret)
    for model, row in rows.items():
        response = client.get(url(model, "change", row.pk))
        assert response.status_code == 200, model
        page = response.content.decode()
        assert not any(secret in page for secret in hidden), model
        labels = Counter(re.findall(r"<label[^>]*>(.*?)</label>", page.partition('class="inline-group')[0]))
        assert [label for label, times in labels.items() if times > 1] == [], model


def test_record_cannot_be_added_changed_or_deleted(client, rows, unrendered):
    for model in RECORDS:
        row = rows[model]
        assert client.get(url(model, "add")).status_code == 403, model
        assert client.post(url(model, "change", row.pk), {}).status_code == 403, model
        assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403, model
        client.post(
            url(model, "changelist"),
            {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"},
        )
        assert model.objects.filter(pk=row.pk).exists(), model


@pytest.mark.parametrize(
    "text", ["dana", "x@y.example", "a\0b", "'\"%_", "0190a0a0-0000-7000-8000-000000000000"]
)
def test_search_takes_any_text(text, client, rows, unrendered):
    for model in REGISTERED:
        assert client.get(url(model, "changelist"), {"q": text}).status_code == 200, model


@pytest.mark.parametrize("model", [Lead, Message, WebhookDelivery], ids=lambda model: model.__name__)
def test_id_in_the_search_box_finds_its_row(model, client, rows):
    response = client.get(url(model, "changelist"), {"q": str(rows[model].pk)})
    assert list(response.context["cl"].result_list) == [rows[model]]


def test_list_takes_as_many_queries_for_many_rows(client, rows, no_model_list):
    def queries(model, **search: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url(model, "changelist"), search).status_code == 200
        return len(captured)

    client.get("/admin/")  # the use of a session is written once a minute
    few = {model: queries(model) for model in REGISTERED}
    for number in range(4):
        of_workspace(factories.make_workspace(), str(number))
    many = {model: queries(model) for model in REGISTERED}
    searched = {model: queries(model, q="nobody@example.org") for model in REGISTERED}

    assert {model: count for model, count in many.items() if count != few[model]} == {}
    assert {model: count for model, count in many.items() if count > MOST_QUERIES} == {}
    assert {model: count for model, count in searched.items() if count > MOST_QUERIES} == {}


def test_page_of_a_row_takes_few_queries(client, rows):
    roles.fill()
    pages = {model: url(model, "change", row.pk) for model, row in rows.items()}
    pages[Group] = url(Group, "change", Group.objects.get(name=roles.OPERATOR).pk)
    client.get("/admin/")  # the use of a session is written once a minute
    counts = {}
    for model, page in pages.items():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page).status_code == 200
        counts[model] = len(captured)

    assert {model: count for model, count in counts.items() if count > MOST_QUERIES_OF_A_ROW} == {}


@pytest.fixture
def staff(rows):
    """The browser of an admin of another workspace."""
    user = factories.make_member(
        factories.make_workspace("Bluebird"), Membership.Role.ADMIN, email="staff@example.com"
    )
    browser = Client()
    browser.force_login(user)
    return browser


def test_staff_cannot_make_themselves_superuser(staff):
    user = User.objects.get(email="staff@example.com")
    staff.post(url(User, "change", user.pk), {"email": user.email, "is_superuser": "on", "is_active": "on"})
    user.refresh_from_db()
    assert not user.is_superuser


def test_staff_cannot_take_a_superuser_over(staff):
    boss = factories.make_member(
        User.objects.get(email="staff@example.com").workspaces.get(), is_staff=True, is_superuser=True
    )
    response = staff.post(
        f"/admin/inbox/user/{boss.pk}/password/",
        {"password1": "my own choice 1", "password2": "my own choice 1"},
    )
    boss.refresh_from_db()
    assert response.status_code == 403
    assert boss.check_password(factories.PASSWORD)


def test_staff_make_no_way_into_an_account_of_other_workspaces(staff):
    """A password, an address, an account or a membership of their making would be one."""
    workspace = User.objects.get(email="staff@example.com").workspaces.get()
    user = factories.make_member(workspace, email="cfo@victim.example")
    stranger = factories.make_user("stranger@victim.example", address_proven_at=timezone.now())
    membership = user.memberships.get()
    passwords = {"password1": "my own choice 1", "password2": "my own choice 1"}

    assert staff.post(f"/admin/inbox/user/{user.pk}/password/", passwords).status_code == 403
    staff.post(url(User, "change", user.pk), {"email": "mine@example.com", "is_active": "on"})
    new = {"email": "new@victim.example", "usable_password": "true"}
    assert staff.post(url(User, "add"), new | passwords).status_code == 403
    in_mine = {"user": stranger.pk, "workspace": workspace.pk, "role": "member"}
    assert staff.post(url(Membership, "add"), in_mine).status_code == 403
    staff.post(url(Membership, "change", membership.pk), in_mine)

    user.refresh_from_db()
    assert (user.email, user.check_password(factories.PASSWORD)) == ("cfo@victim.example", True)
    assert not User.objects.filter(email="new@victim.example").exists()
    assert not stranger.memberships.exists()


def test_a_superuser_puts_nobody_in_whose_address_is_not_proven(client):
    user, workspace = factories.make_user("cfo@victim.example"), factories.make_workspace()
    form = {"user": user.pk, "workspace": workspace.pk, "role": "member"}

    refused = client.post(url(Membership, "add"), form)
    assert "The owner hasn’t confirmed this address" in refused.content.decode()
    passwords = {"password1": "a long enough pw", "password2": "a long enough pw", "usable_password": "true"}
    client.post(f"/admin/inbox/user/{user.pk}/password/", passwords)

    assert client.post(url(Membership, "add"), form).status_code == 302
    assert user.memberships.get().workspace == workspace


def test_another_address_has_to_be_proven_anew(client):
    user = factories.make_user("before@example.com", address_proven_at=timezone.now())
    form = {"email": "after@example.com", "is_active": "on", "first_name": "", "last_name": "", "theme": ""}

    assert client.post(url(User, "change", user.pk), form).status_code == 302

    user.refresh_from_db()
    assert (user.email, user.address_proven_at) == ("after@example.com", None)


def test_member_who_is_no_staff_is_sent_to_the_log_in(rows):
    browser = Client()
    browser.force_login(rows[User])
    response = browser.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0] == "/login/?next=%2Fadmin%2F"
    assert "can’t open that page" in response.content.decode()


def test_lead_leads_to_its_messages_and_a_delivery_to_its_message(client, rows):
    page = client.get(url(Lead, "change", rows[Lead].pk)).content.decode()
    messages = f"{url(Message, 'changelist')}?lead={rows[Lead].pk}"
    assert messages in page
    assert list(client.get(messages).context["cl"].result_list) == [rows[Message]]
    page = client.get(url(WebhookDelivery, "change", rows[WebhookDelivery].pk)).content.decode()
    assert url(Message, "change", rows[Message].pk) in page


def test_correcting_a_name_keeps_what_happened_meanwhile(client, rows):
    lead = rows[Lead]
    form = client.get(url(Lead, "change", lead.pk)).context["adminform"].form
    Lead.objects.filter(pk=lead.pk).update(needs_reply=True)
    client.post(
        url(Lead, "change", lead.pk), {**form.initial, "identity_conflict": "", "first_name": "Diana"}
    )
    lead.refresh_from_db()
    assert (lead.first_name, lead.needs_reply) == ("Diana", True)


def test_integration_can_be_switched_off_without_touching_its_credentials(client, rows):
    integration = rows[Integration]
    client.post(url(Integration, "change", integration.pk), {"name": "Renamed"})
    integration = Integration.objects.get(pk=integration.pk)
    assert (integration.enabled, integration.name) == (False, "Renamed")
    assert integration.credentials == {"api_key": SECRET}


def test_an_account_that_is_switched_on_is_checked_at_once(client, rows):
    account = rows[Integration]
    Integration.objects.filter(pk=account.pk).update(enabled=False)
    asked = BackgroundJob.objects.filter(kind=probes.PROBE, payload__integration_id=str(account.pk))
    client.post(url(Integration, "change", account.pk), {"name": "Renamed"})
    assert not asked.exists()
    factories.lose_key(account)

    client.post(url(Integration, "change", account.pk), {"name": "Renamed", "enabled": "on"})

    assert asked.count() == 1
    assert WorkspaceIntegrationHealth.objects.get(integration=account).reason == SECRETS_UNREADABLE


def test_settings_follow_the_rules_of_the_settings_page(client, rows):
    workspace = rows[Workspace]
    form = client.get(url(Workspace, "change", workspace.pk)).context["adminform"].form
    given = form.initial | {"phone_region": "GB", "notice_tags": "5", "sends_paused": "on"}
    given = {name: "" if value is None else value for name, value in given.items() if value is not False}
    assert client.post(url(Workspace, "change", workspace.pk), given).status_code == 302
    workspace.refresh_from_db()
    assert (workspace.phone_region, workspace.notice_tags, workspace.sends_paused) == ("GB", [], False)


def test_new_user_is_known_by_address(client):
    data = {
        "email": "new@example.com",
        "usable_password": "true",
        "password1": "a long enough pw",
        "password2": "a long enough pw",
    }
    assert client.post(url(User, "add"), data).status_code == 302
    user = User.objects.get(email="new@example.com")
    assert user.check_password("a long enough pw")
    assert user.address_proven_at is not None


def test_index_says_what_needs_a_person(client, rows):
    OutboundSend.objects.update(state="unknown")
    text = client.get("/admin/").content.decode()
    assert "Unconfirmed sends" in text
    assert "Approved the draft" in text
    assert "Production" in text  # where it runs


def test_large_table_is_estimated_instead_of_counted(client, rows, monkeypatch):
    monkeypatch.setattr(long_lists, "EXACT_TO", 1)
    for _ in range(4):
        factories.make_message(rows[Lead])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_message")
    for filters in ({}, {"direction__exact": "inbound"}):
        with CaptureQueriesContext(connection) as captured:
            listed = client.get(url(Message, "changelist"), filters).context["cl"]
        counts = [
            one["sql"] for one in captured if "COUNT(*)" in one["sql"] and "inbox_message" in one["sql"]
        ]
        assert (listed.result_count, counts) == (5, [])
