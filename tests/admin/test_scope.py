"""What a person sees in the admin: own workspaces, narrowed by the switcher; texts for members, or with a reason."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, transaction
from django.db.models import Field
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from admin import roles
from admin import scope as admin_scope
from admin.base import RecordAdmin
from admin.scope import WORKSPACE_ADMIN
from inbox.models import (
    AuditEntry,
    Draft,
    FollowUpSequence,
    Lead,
    Membership,
    Message,
    TextAccess,
    User,
    WebhookDelivery,
    Workspace,
)
from integrations.models import WorkspaceIntegrationHealth
from jobs.models import BackgroundJob, WorkspaceLimit
from tests import factories
from tests.admin.rows import REGISTERED, TEXT, of_installation, of_workspace, url

pytestmark = pytest.mark.django_db
Role = Membership.Role


def log_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def here():
    return of_workspace(factories.make_workspace("Northwind"), "here")


@pytest.fixture
def there():
    return of_workspace(factories.make_workspace("Bluebird"), "there")


@pytest.fixture
def ana(here):
    """An admin of Northwind."""
    return factories.make_member(here[Workspace], Role.ADMIN)


@pytest.fixture
def root():
    return factories.make_user("root@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def support():
    user = factories.make_user("support@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.SUPPORT))
    return user


def listed(browser: Client, model, **query) -> set:
    response = browser.get(url(model, "changelist"), query)
    return set(response.context["cl"].result_list) if response.status_code == 200 else set()


def test_a_workspace_admin_sees_the_rows_of_their_workspace_and_no_others(ana, here, there, no_model_list):
    browser = log_in(ana)
    for model in here:
        response = browser.get(url(model, "changelist"))
        assert here[model] in response.context["cl"].result_list, model
        assert there[model] not in response.context["cl"].result_list, model
        assert "Bluebird" not in response.content.decode(), model


def test_a_role_that_runs_no_workspace_shows_none(here):
    """A person who runs another workspace is only a member here."""
    user = factories.make_member(here[Workspace], Role.MEMBER)
    Membership.objects.create(workspace=factories.make_workspace(), user=user, role=Role.ADMIN)
    assert here[Lead] not in listed(log_in(user), Lead)


def test_support_sees_all_workspaces(support, here, there):
    assert {here[Lead], there[Lead]} <= listed(log_in(support), Lead)


def test_the_switcher_narrows_everything_until_it_is_taken_back(root, here, there, no_model_list):
    browser = log_in(root)
    answer = browser.post(
        reverse("admin:switch"), {"workspace": here[Workspace].pk, "next": url(Lead, "changelist")}
    )
    assert answer["Location"] == url(Lead, "changelist")
    for model in here:
        if model is not User:  # one of both may be in the workspace
            assert listed(browser, model) >= {here[model]}, model
        assert there[model] not in listed(browser, model), model
        assert browser.get(url(model, "change", there[model].pk)).status_code == 404, model

    browser.post(reverse("admin:switch"), {"workspace": ""})
    assert there[Lead] in listed(browser, Lead)


def test_the_switcher_offers_and_takes_the_person_s_workspaces_alone(ana, there):
    browser = log_in(ana)
    second = factories.make_workspace("Copperfield")
    Membership.objects.create(workspace=second, user=ana, role=Role.OWNER)
    page = browser.get(reverse("admin:index")).content.decode()
    assert "Copperfield" in page and "Northwind" in page and "Bluebird" not in page
    for wanted in (there[Workspace].pk, "nonsense"):
        assert browser.post(reverse("admin:switch"), {"workspace": wanted}).status_code == 404
    assert browser.get(reverse("admin:switch")).status_code == 405


def test_a_choice_ends_with_the_role(ana, here):
    browser = log_in(ana)
    browser.post(reverse("admin:switch"), {"workspace": here[Workspace].pk})
    own = factories.make_workspace()
    Membership.objects.create(workspace=own, user=ana, role=Role.ADMIN)
    Membership.objects.filter(workspace=here[Workspace]).delete()
    assert listed(browser, Lead) == set()
    assert listed(browser, Workspace) == {own}


def test_the_switcher_leads_to_no_other_site(root, here):
    form = {"workspace": here[Workspace].pk, "next": "https://evil.example/"}
    assert log_in(root).post(reverse("admin:switch"), form)["Location"] == reverse("admin:index")


def test_a_workspace_is_chosen_in_its_list_too(root, here, there):
    browser = log_in(root)
    browser.post(
        url(Workspace, "changelist"), {"action": "narrow", "_selected_action": [str(here[Workspace].pk)]}
    )
    assert there[Lead] not in listed(browser, Lead)


def test_fields_offer_and_take_rows_of_the_person_s_workspaces_alone(ana, here, there):
    ana.user_permissions.set(Permission.objects.filter(codename="add_workspacelimit"))
    WorkspaceLimit.objects.all().delete()
    browser = log_in(ana)
    form = {"workspace": there[Workspace].pk, "max_workers": "0"}
    assert browser.post(url(WorkspaceLimit, "add"), form).status_code == 200
    assert not WorkspaceLimit.objects.exists()
    browser.post(url(WorkspaceLimit, "add"), form | {"workspace": here[Workspace].pk})
    assert WorkspaceLimit.objects.get().workspace == here[Workspace]


def test_autocompletion_offers_rows_of_the_person_s_workspaces_alone(ana, here, there):
    query = {"app_label": "inbox", "model_name": "draft", "field_name": "lead", "term": "Dana"}
    found = log_in(ana).get(reverse("admin:autocomplete"), query).json()["results"]
    assert [one["id"] for one in found] == [str(here[Lead].pk)]


def test_actions_reach_no_row_of_another_workspace(ana, there):
    job = there[BackgroundJob]
    for wanted in ({}, {"select_across": "1", "index": "0"}):
        act(log_in(ana), [job], "", **wanted)
    job.refresh_from_db()
    assert job.status == "queued"


def act(browser: Client, jobs: list, query: str, **more: str):
    """Cancels `jobs`, which are ticked in the list that `query` narrows."""
    form = {"action": "cancel", "_selected_action": [str(job.pk) for job in jobs], "confirmed": "yes"}
    return browser.post(url(BackgroundJob, "changelist") + query, form | more)


def test_a_workspace_in_the_address_narrows_where_its_filter_does_not_offer_it(
    root, here, there, monkeypatch
):
    monkeypatch.setattr(admin_scope, "MOST_NAMES", 1)
    assert listed(log_in(root), Lead, workspace=here[Workspace].pk) == {here[Lead]}

    everything = {"select_across": "1", "index": "0"}
    act(log_in(root), [here[BackgroundJob]], f"?workspace={here[Workspace].pk}", **everything)

    assert set(BackgroundJob.objects.filter(status="queued")) == {there[BackgroundJob]}


@pytest.mark.parametrize(
    ("model", "query"),
    [
        (Lead, {"workspace": "nonsense"}),
        (BackgroundJob, {"state": "nonsense"}),
        (WorkspaceIntegrationHealth, {"standing": "nonsense"}),
    ],
)
def test_a_filter_finds_nothing_by_a_value_that_it_does_not_know(model, query, root, here):
    browser = log_in(root)
    assert here[model] in listed(browser, model)
    assert listed(browser, model, **query) == set()


def test_a_form_moves_no_row_to_another_workspace(ana, here, there):
    browser, saved = log_in(ana), set()
    for model, row in here.items():
        if isinstance(REGISTERED[model], RecordAdmin):
            continue
        keys = [field for field in model._meta.fields if field.is_relation]
        before = model.objects.filter(pk=row.pk).values(*(field.name for field in keys))
        stood = list(before)
        form = browser.get(url(model, "change", row.pk)).context["adminform"].form
        given = {name: "" if value is None else value for name, value in form.initial.items()}
        given |= {field.name: there[field.related_model].pk for field in keys if field.related_model in there}
        if browser.post(url(model, "change", row.pk), given).status_code == 302:
            saved.add(model._meta.label)
        assert list(before.all()) == stood, model
    assert saved == {"inbox.Workspace", "inbox.Lead", "inbox.Membership", "integrations.Integration"}


def test_autocompletion_of_no_field_offers_a_row_of_another_workspace(ana, here, there):
    browser, answered = log_in(ana), 0
    for model in REGISTERED:
        for field in model._meta.fields:
            if field.related_model not in there:
                continue
            about = {"app_label": model._meta.app_label, "model_name": model._meta.model_name}
            found = browser.get(reverse("admin:autocomplete"), about | {"field_name": field.name, "term": ""})
            if found.status_code == 200:
                answered += 1
                ids = [one["id"] for one in found.json()["results"]]
                assert str(there[field.related_model].pk) not in ids, field
    assert answered > 20


def test_rights_of_a_role_count_in_no_other_workspace_though_the_group_was_left(support, here):
    support.groups.add(Group.objects.get(name=WORKSPACE_ADMIN))
    browser = log_in(support)
    for model in (Workspace, Lead, Membership):
        assert browser.post(url(model, "change", here[model].pk), {"role": "viewer"}).status_code == 403
    assert act(browser, [here[BackgroundJob]], "").status_code in (200, 302)
    assert BackgroundJob.objects.get(pk=here[BackgroundJob].pk).status == "queued"


def test_only_who_runs_a_workspace_changes_who_belongs_to_it(support, here):
    rights = Permission.objects.filter(codename__in=["change_membership", "delete_membership"])
    support.user_permissions.set(rights)
    browser, member = log_in(support), here[Membership]
    assert browser.get(url(Membership, "change", member.pk)).status_code == 200
    assert browser.post(url(Membership, "change", member.pk), {"role": "viewer"}).status_code == 403
    assert browser.post(url(Membership, "delete", member.pk), {"post": "yes"}).status_code == 403
    assert Membership.objects.get(pk=member.pk).role == Role.MEMBER


def test_links_to_pages_of_a_workspace_are_for_its_members(ana, root, here):
    for model, page in ((Lead, "conversation"), (FollowUpSequence, "sequence")):
        address = reverse(f"inbox:{page}", args=[here[Workspace].pk, here[model].pk])
        row = url(model, "change", here[model].pk)
        assert address in log_in(ana).get(row).content.decode()
        assert address not in log_in(root).get(row).content.decode()


# --- people's text ---


def test_text_is_shown_to_members_and_hidden_from_all_others(ana, root, support, here, no_model_list):
    shown = {
        model: TEXT in log_in(ana).get(url(model, "change", row.pk)).content.decode()
        for model, row in here.items()
        if REGISTERED[model].text_fields
    }
    assert shown and all(shown.values()), [model for model, yes in shown.items() if not yes]
    for browser in (log_in(root), log_in(support)):
        for model, row in here.items():
            for page in (
                url(model, "change", row.pk),
                url(model, "changelist"),
                url(model, "history", row.pk),
            ):
                assert TEXT not in browser.get(page).content.decode(), page


def test_text_cannot_be_guessed_by_an_address(root, here):
    for query in (
        {"text__startswith": "Only"},
        {"text": TEXT},
        {"subject__exact": TEXT},
        {"_to_field": "text"},
    ):
        assert log_in(root).get(url(Message, "changelist"), query).status_code == 400
    for query in ({"status_reason__gte": "A"}, {"status_reason": TEXT}):
        assert log_in(root).get(url(Draft, "changelist"), query).status_code == 400
    password = {"user__password__startswith": "pbkdf2"}
    assert log_in(root).get(url(Membership, "changelist"), password).status_code == 400
    assert log_in(root).get(url(User, "changelist"), {"email__regex": "(a+)+$"}).status_code == 400


def test_no_column_of_text_is_asked_for_by_a_look_up_of_its_own_row_or_through_another(root):
    request = RequestFactory().get("/admin/")
    request.user, request.session = root, {}
    for model, own in REGISTERED.items():
        kept = [*own.text_fields, *own.secret_fields]
        for field in model._meta.fields:
            if other := REGISTERED.get(field.related_model):
                kept += [f"{field.name}__{name}" for name in (*other.text_fields, *other.secret_fields)]
        for name in kept:
            for how in ("", "__gte", "__startswith", "__isnull"):
                assert not own.lookup_allowed(name + how, "A", request), (model, name, how)
            assert not own.to_field_allowed(request, name), (model, name)


def relations(model) -> list[tuple[str, Field]]:
    """Each relation of a model, to it and from it, as a look-up names it."""
    fields = [field for field in model._meta.get_fields() if field.is_relation and field.related_model]
    return [(field.name, field) for field in fields]


def test_no_relation_of_a_list_tells_of_another_workspace(ana, here, there, unrendered):
    """A colleague belongs to both workspaces, as in an agency: the rows of the other are not told through them."""
    both = Membership.objects.create(
        user=factories.make_member(there[Workspace]), workspace=here[Workspace], role=Role.MEMBER
    ).user
    browser, asked = log_in(ana), 0
    pairs = [(model, *pair) for model in here for pair in relations(model)]
    for model, name, field in pairs:
        theirs = both if field.related_model is User else there.get(field.related_model)
        key = theirs.pk if theirs is not None else 1
        for how in ("", "__exact", "__gt", "__isnull", "__workspace"):
            answer = browser.get(url(model, "changelist"), {name + how: key})
            asked += 1
            if answer.status_code in (302, 400, 403):
                continue
            assert how in ("", "__exact") and field.concrete, (model, name + how)
            for row in answer.context_data["cl"].result_list:
                assert row.pk != getattr(there.get(model), "pk", None) or model is User, (model, name + how)
            if theirs is not both:
                assert not answer.context_data["cl"].result_list, (model, name + how)
    assert asked > 500


def test_a_list_answers_400_to_values_that_no_column_takes(root, here, there, unrendered):
    browser = log_in(root)
    for model, own in REGISTERED.items():
        for each in own.list_filter:
            name = str(getattr(each, "parameter_name", each))
            for value in ("%00", "9" * 5_000):
                assert browser.get(f"{url(model, 'changelist')}?{name}={value}").status_code == 400, (
                    model,
                    name,
                )
            answer = browser.get(f"{url(model, 'changelist')}?{name}__year=-1")
            assert answer.status_code == 400, (model, name)


def test_no_lead_to_merge_is_found_by_what_was_written_for_those_who_may_not_read_it(root, ana, here):
    other = factories.make_lead(here[Workspace], first_name="Robin")
    factories.make_message(other, text=TEXT)
    page = reverse("admin:inbox_lead_merge", args=[here[Lead].pk])

    def found(user: User, words: str) -> list[Lead]:
        return log_in(user).get(page, {"q": words}).context["candidates"]

    assert found(ana, "sentence") == [other]
    assert found(root, "sentence") == []
    assert found(root, "robin") == [other]
    TextAccess.objects.create(
        workspace=here[Workspace], user=root, reason="r", expires_at=timezone.now() + timedelta(minutes=5)
    )
    assert found(root, "sentence") == [other]


def test_only_a_page_that_shows_a_text_counts_as_reading_it(root, here):
    TextAccess.objects.create(
        workspace=here[Workspace], user=root, reason="r", expires_at=timezone.now() + timedelta(minutes=5)
    )
    browser = log_in(root)
    browser.get(url(Message, "history", here[Message].pk))
    assert not AuditEntry.objects.filter(action="text.read").exists()
    browser.get(url(Message, "change", here[Message].pk))
    assert AuditEntry.objects.filter(action="text.read").count() == 1


def test_the_page_that_asks_for_a_reason_leads_to_pages_of_this_site_only(root, here):
    browser = log_in(root)
    opening = reverse("admin:open-text", args=[here[Workspace].pk])
    assert "evil.example" not in browser.get(f"{opening}?next=https://evil.example/").content.decode()
    assert (
        'href="/admin/inbox/message/"'
        in browser.get(f"{opening}?next=/admin/inbox/message/").content.decode()
    )


def test_a_superuser_reads_with_a_reason_for_an_hour_and_leaves_a_trace(root, here, there):
    browser, message = log_in(root), here[Message]
    page, opening = url(Message, "change", message.pk), reverse("admin:open-text", args=[here[Workspace].pk])
    assert opening in browser.get(page).content.decode()
    assert browser.post(opening, {"reason": " "}).status_code == 422
    assert (
        browser.post(opening, {"reason": "The owner asked about a lost reply.", "next": page})["Location"]
        == page
    )
    assert TEXT in browser.get(page).content.decode()
    assert TEXT not in browser.get(url(Message, "change", there[Message].pk)).content.decode()

    access = TextAccess.objects.get(user=root)
    assert (access.user, access.reason) == (root, "The owner asked about a lost reply.")
    assert access.expires_at - access.created_at == timedelta(hours=1)
    trace = (
        AuditEntry.objects.filter(actor=root).order_by("pk").values_list("action", "object_id", "workspace")
    )
    assert list(trace) == [
        ("text.opened", str(access.pk), here[Workspace].pk),
        ("text.read", str(message.pk), here[Workspace].pk),
    ]


def test_access_to_text_ends_by_itself(root, here):
    past = timezone.now() - timedelta(hours=2)
    TextAccess.objects.create(
        workspace=here[Workspace],
        user=root,
        reason="r",
        created_at=past,
        expires_at=past + timedelta(hours=1),
    )
    assert TEXT not in log_in(root).get(url(Draft, "change", here[Draft].pk)).content.decode()


def test_access_to_text_is_never_longer_than_an_hour(root, here):
    with pytest.raises(IntegrityError), transaction.atomic():
        TextAccess.objects.create(
            workspace=here[Workspace], user=root, reason="r", expires_at=timezone.now() + timedelta(hours=2)
        )


def test_texts_are_opened_by_those_alone_who_have_the_permission(ana, support, here, there):
    reason = {"reason": "I would like to know."}
    for browser, workspace, status in (
        (log_in(support), here, 403),
        (log_in(ana), here, 403),
        (log_in(ana), there, 404),
    ):
        opening = reverse("admin:open-text", args=[workspace[Workspace].pk])
        assert browser.post(opening, reason).status_code == status
    assert not AuditEntry.objects.filter(action="text.opened").exists()


def test_the_body_of_a_delivery_is_text(root, ana, here):
    page = url(WebhookDelivery, "change", here[WebhookDelivery].pk)
    assert "only workspace members can see it" in log_in(root).get(page).content.decode()
    assert TEXT in log_in(ana).get(page).content.decode()


def test_installation_rows_are_for_operators(ana, root, support):
    rows = of_installation(root)
    for model in rows:
        assert log_in(ana).get(url(model, "changelist")).status_code == 403, model
    assert admin.site.is_registered(Message)
