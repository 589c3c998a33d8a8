"""The Django admin: every registered model, walked; records stay records, tenants stay apart, secrets stay out."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config import modeladmin
from config.modeladmin import RecordAdmin
from inbox.followups import plan
from inbox.models import (
    Appointment,
    AuditEntry,
    BookingCheck,
    ChannelRefusal,
    Enrichment,
    FollowUpInstance,
    FollowUpSequence,
    FollowUpStep,
    FollowUpTask,
    Invitation,
    Lead,
    Membership,
    Message,
    OutboundSend,
    User,
    WebhookDelivery,
)
from insights.models import ContextPack, ConversationInsight, PackQuestion
from integrations import health
from integrations.models import Integration, WebhookKey, WorkspaceIntegrationHealth
from jobs.enqueue import enqueue
from jobs.ids import uuid7
from tests import factories

OURS = {
    model: own
    for model, own in admin.site._registry.items()
    if model._meta.app_label in ("inbox", "integrations", "jobs", "insights")
}
RECORDS = [model for model, own in OURS.items() if isinstance(own, RecordAdmin)]
SECRET = "sk-live-very-secret"


def url(model, page: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def client(db):
    browser = Client()
    browser.force_login(factories.make_user("root@example.com", is_staff=True, is_superuser=True))
    return browser


def populate(workspace, key: str = "x") -> dict[type, object]:
    """One row of each of our models, linked to one another."""
    lead = factories.make_lead(workspace, campaign=factories.make_campaign(workspace))
    message = factories.make_message(lead)
    draft = factories.make_draft(message)
    job, _ = enqueue("reply.send", workspace_id=workspace.pk, dedupe_key=key, payload={})
    integration = factories.make_integration(
        workspace, external_account_id=key, credentials={"api_key": SECRET}
    )
    now = timezone.now()
    sequence = factories.make_sequence(workspace, {})
    instance = plan.enrol(lead, sequence)
    about = {"workspace": workspace, "lead": lead}
    pack = ContextPack.objects.create(
        workspace=workspace,
        question="What works?",
        window="D7",
        window_from=now,
        window_to=now,
        scope_key=key,
    )
    return {
        ContextPack: pack,
        ConversationInsight: ConversationInsight.objects.create(workspace=workspace, lead=lead),
        PackQuestion: PackQuestion.objects.create(
            workspace=workspace, pack=pack, client_token=uuid7(), text="Why?"
        ),
        User: factories.make_member(workspace),
        type(workspace): workspace,
        Membership: workspace.memberships.first(),
        Lead: lead,
        type(lead.campaign): lead.campaign,
        Message: message,
        type(draft): draft,
        OutboundSend: factories.make_send(draft),
        WebhookDelivery: factories.make_delivery(
            workspace, message=message, lead=lead, job=job, body=b'{"secret_key": "%s"}' % SECRET.encode()
        ),
        AuditEntry: AuditEntry.objects.create(
            workspace=workspace, action="draft.approve", object_type="draft", object_id=str(draft.pk)
        ),
        Integration: integration,
        WorkspaceIntegrationHealth: health.row(integration),
        WebhookKey: WebhookKey.issue(integration),
        type(job): job,
        Invitation: factories.make_invitation(workspace),
        FollowUpSequence: sequence,
        FollowUpStep: sequence.steps.get(),
        FollowUpInstance: instance,
        FollowUpTask: FollowUpTask.objects.create(
            **about, instance=instance, step=sequence.steps.get(), channel="email", claimed_at=now
        ),
        ChannelRefusal: ChannelRefusal.objects.create(
            **about, channel="sms", code="sms_dnd", since=now, recheck_at=now
        ),
        Appointment: Appointment.objects.create(**about, provider="ghl", external_id=key),
        BookingCheck: BookingCheck.objects.create(**about, next_at=now),
        Enrichment: Enrichment.objects.create(**about, kind="phone"),
    }


@pytest.fixture
def rows(db):
    return populate(factories.make_workspace("Northwind"))


def test_every_page_opens_while_secrets_cannot_be_read(client, rows):
    account, key = rows[Integration], rows[WebhookKey]
    factories.lose_key(account)
    factories.lose_key(key)
    health.note_unreadable(account)
    for model, row in rows.items():
        for path in (url(model, "changelist"), url(model, "change", row.pk)):
            assert client.get(path).status_code == 200, path
    token = account.credentials.token
    saved = client.post(url(Integration, "change", account.pk), {"name": "Renamed"})
    account.refresh_from_db()
    assert (saved.status_code, account.name, account.credentials.token) == (302, "Renamed", token)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_list_opens_and_breaks_no_content_policy(model, client, rows):
    response = client.get(url(model, "changelist"))
    assert response.status_code == 200
    text = response.content.decode()
    assert not any(bad in text for bad in ("style=", "onclick=", "<style", "<script>"))
    assert "unsafe" not in response["Content-Security-Policy"]


def test_page_of_a_row_opens_and_shows_no_secret(client, rows):
    hidden = (SECRET, rows[WebhookKey].key_hash, rows[WebhookKey].secret)
    for model, row in rows.items():
        if model in OURS:
            response = client.get(url(model, "change", row.pk))
            assert response.status_code == 200, model
            assert not any(secret in response.content.decode() for secret in hidden), model


@pytest.mark.parametrize("model", RECORDS, ids=lambda model: model.__name__)
def test_record_cannot_be_added_changed_or_deleted(model, client, rows):
    row = rows[model]
    assert client.get(url(model, "add")).status_code == 403
    assert client.post(url(model, "change", row.pk), {}).status_code == 403
    assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    client.post(
        url(model, "changelist"),
        {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"},
    )
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_search_takes_any_text(model, client, rows):
    for text in ("dana", "x@y.example", str(rows[Lead].pk), "a\0b", "'\"%_"):
        assert client.get(url(model, "changelist"), {"q": text}).status_code == 200


@pytest.mark.parametrize("model", [Lead, Message, WebhookDelivery], ids=lambda model: model.__name__)
def test_id_in_the_search_box_finds_its_row(model, client, rows):
    response = client.get(url(model, "changelist"), {"q": str(rows[model].pk)})
    assert list(response.context["cl"].result_list) == [rows[model]]


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_list_takes_as_many_queries_for_many_rows(model, client, rows):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url(model, "changelist")).status_code == 200
        return len(captured)

    few = queries()
    for number in range(4):
        populate(factories.make_workspace(), str(number))
    assert queries() == few


@pytest.fixture
def staff(rows):
    """Staff of another workspace, with every permission but not a superuser."""
    user = factories.make_member(
        factories.make_workspace("Bluebird"), email="staff@example.com", is_staff=True
    )
    user.user_permissions.set(Permission.objects.all())
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_staff_see_their_own_workspaces_only(model, staff, rows):
    listed = staff.get(url(model, "changelist")).context["cl"].result_list
    assert rows.get(model) not in list(listed)
    if model in rows:
        assert staff.get(url(model, "change", rows[model].pk)).status_code == 302


def test_staff_are_offered_their_own_workspaces_as_filters_only(staff, rows):
    text = staff.get(url(Message, "changelist")).content.decode()
    assert "Bluebird" in text
    assert "Northwind" not in text


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
    form = {"user": user.pk, "workspace": workspace.pk, "role": "member", "slack_user_id": ""}

    refused = client.post(url(Membership, "add"), form)
    assert "Nobody has proven that this address is theirs" in refused.content.decode()
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
    assert "may not open that page" in response.content.decode()


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
    assert "Sends not known" in text
    assert "draft.approve" in text
    assert "Production" in text  # where it runs


def test_large_table_is_estimated_instead_of_counted(client, rows, monkeypatch):
    monkeypatch.setattr(modeladmin, "ESTIMATE_FROM", -1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_message")
    with CaptureQueriesContext(connection) as captured:
        client.get(url(Message, "changelist"))
    counts = [
        query["sql"] for query in captured if "COUNT(*)" in query["sql"] and "inbox_message" in query["sql"]
    ]
    assert counts == []
