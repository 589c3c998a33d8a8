"""Staff in the admin: the ledger with its bodies, replay of one and of all that failed, and merging of two leads."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.urls import reverse

from inbox.models import AuditEntry, Lead, Membership, Message, WebhookDelivery
from inbox.webhooks import replay
from jobs.models import BackgroundJob
from jobs.worker import drain
from tests.factories import (
    ago,
    make_delivery,
    make_integration,
    make_lead,
    make_member,
    make_user,
    make_workspace,
)
from tests.reading import reads
from tests.recorded import payload
from tests.webhooks.posting import encoded

pytestmark = pytest.mark.django_db
Verdict = WebhookDelivery.Verdict
BODY = encoded(payload("smartlead", "email_reply"))


@pytest.fixture
def root():
    browser = Client()
    browser.force_login(make_user("root@example.com", is_staff=True, is_superuser=True))
    return browser


@pytest.fixture
def workspace():
    return make_workspace("Northwind")


@pytest.fixture
def staff(workspace):
    """An admin of `workspace` with the permissions that are named, and no others."""

    def login(*permissions: str) -> Client:
        user = make_member(workspace, Membership.Role.ADMIN)
        user.groups.clear()
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        browser = Client()
        browser.force_login(user)
        return browser

    return login


def failure(workspace) -> WebhookDelivery:
    return make_delivery(
        workspace,
        integration=make_integration(workspace, "smartlead"),
        source="smartlead",
        event_type="EMAIL_REPLY",
        verdict=Verdict.FAILED,
        body=BODY,
        received_at=ago(minutes=5),
    )


def url(name: str, *args) -> str:
    return reverse(f"admin:inbox_{name}", args=args)


@pytest.mark.parametrize(("show", "text"), [("pretty", '\n  "stats_id"'), ("raw", '"stats_id"')])
def test_a_delivery_shows_its_body_without_the_key_in_it(staff, workspace, show, text):
    page = staff("view_webhookdelivery").get(
        url("webhookdelivery_change", failure(workspace).pk), {"show": show}
    )
    assert text in page.context["text"]
    assert "whsec_example" not in page.content.decode()


def test_dry_run_says_what_would_happen_and_keeps_nothing(root, workspace):
    page = root.post(url("webhookdelivery_replay", failure(workspace).pk), {"do": "dry"})
    assert "Accepted: 1 message, 1 lead, 1 job." in page.content.decode()
    assert not Message.objects.exists() and WebhookDelivery.objects.count() == 1


def test_replay_does_it_records_who_and_shows_the_run(root, workspace):
    delivery = failure(workspace)
    root.post(url("webhookdelivery_replay", delivery.pk), {"do": "run"})
    assert Message.objects.get().workspace == workspace
    assert AuditEntry.objects.get().action == "delivery.replayed"
    assert "Previous replays" in root.get(url("webhookdelivery_change", delivery.pk)).content.decode()


def test_replay_without_a_body_is_refused_in_words(root, workspace):
    delivery = make_delivery(workspace, body=None)
    page = root.post(url("webhookdelivery_replay", delivery.pk), {"do": "run"}, follow=True)
    assert "has been deleted" in page.content.decode()


def test_all_failed_of_all_workspaces_is_one_job_whose_progress_the_list_shows(root, workspace):
    for one in (workspace, make_workspace("Bluebird")):
        failure(one)
    answer = root.post(url("webhookdelivery_replay_failed"), {"hours": "24", "workspace": ""})
    job = BackgroundJob.objects.get(kind=replay.JOB)
    assert answer["Location"] == reverse("admin:jobs_backgroundjob_change", args=[job.pk])
    assert job.workspace is None
    drain()
    assert Message.objects.values("workspace").distinct().count() == 2
    assert "2 of 2" in root.get(url("webhookdelivery_changelist")).content.decode()
    assert not replay.unrepaired().exists()


def test_all_failed_of_one_workspace_leaves_the_others_alone(root, workspace):
    failure(workspace)
    other = failure(make_workspace("Bluebird"))
    root.post(url("webhookdelivery_replay_failed"), {"hours": "24", "workspace": str(workspace.pk)})
    drain()
    assert list(replay.unrepaired()) == [other]


@pytest.mark.parametrize("hours", ["", "5000"])
def test_a_span_that_is_not_offered_starts_nothing(root, workspace, hours):
    failure(workspace)
    root.post(url("webhookdelivery_replay_failed"), {"hours": hours})
    assert not BackgroundJob.objects.exists()


def test_filter_finds_what_waits_for_a_repair(root, workspace):
    delivery = failure(workspace)
    make_delivery(workspace)
    listed = root.get(url("webhookdelivery_changelist"), {"repair": "waiting"}).context["cl"].result_list
    assert list(listed) == [delivery]


def test_who_may_only_look_replays_nothing(staff, workspace):
    delivery, browser = failure(workspace), staff("view_webhookdelivery")
    assert b"Dry run" not in browser.get(url("webhookdelivery_change", delivery.pk)).content
    assert browser.post(url("webhookdelivery_replay", delivery.pk), {"do": "run"}).status_code == 403
    assert browser.post(url("webhookdelivery_replay_failed"), {"hours": "24"}).status_code == 403


def test_staff_replay_in_their_own_workspaces_only(staff, workspace):
    foreign = failure(make_workspace("Bluebird"))
    browser = staff("view_webhookdelivery", "replay_webhookdelivery")
    assert browser.post(url("webhookdelivery_replay", foreign.pk), {"do": "run"}).status_code == 404
    for chosen in ("", str(foreign.workspace.pk)):
        answer = browser.post(url("webhookdelivery_replay_failed"), {"hours": "24", "workspace": chosen})
        assert answer.status_code == 404
    assert not BackgroundJob.objects.exists() and not Message.objects.exists()


def test_merge_shows_a_preview_and_happens_on_post(root, workspace):
    keep = make_lead(workspace, email="dana@example.com", phone="")
    other = make_lead(workspace, email="d.reyes@example.org", phone="+15555550123", identity_conflict=True)
    page = url("lead_merge", keep.pk)
    assert page in root.get(url("lead_change", keep.pk)).content.decode()
    assert root.get(page).context["candidates"] == [other]
    assert "+15555550123" in root.get(page, {"other": other.pk}).content.decode()
    assert Lead.objects.count() == 2
    assert root.post(page, {"other": other.pk})["Location"] == url("lead_change", keep.pk)
    assert Lead.objects.get().phone == "+15555550123"
    assert AuditEntry.objects.get().action == "lead.merged"


def test_merge_with_itself_is_refused_in_words(root, workspace):
    keep = make_lead(workspace)
    page = root.post(url("lead_merge", keep.pk), {"other": keep.pk})
    assert page.content.decode().count("Choose another one") == 1


def test_merge_over_the_wall_is_not_found(root, staff, workspace):
    keep, foreign = make_lead(workspace), make_lead(make_workspace("Bluebird"))
    assert root.post(url("lead_merge", keep.pk), {"other": foreign.pk}).status_code == 404
    browser = staff("view_lead", "change_lead")
    assert browser.get(url("lead_merge", foreign.pk)).status_code == 404
    assert staff("view_lead").post(url("lead_merge", keep.pk), {"other": keep.pk}).status_code == 403
    assert Lead.objects.count() == 2


def test_staff_who_may_not_read_see_the_form_of_a_refused_delivery_by_names_alone(staff, workspace):
    row = make_delivery(
        make_workspace("Bluebird"), verdict=Verdict.REJECTED, event_type="",
        body=b'{"event": {"type": "LEAD_REPLIED"}, "data": {"answer": "my cat is called Rex"}}',
        error_fields={"data.reply": "a sentence that quotes nobody"},
    )  # fmt: skip
    browser = Client()
    operator = make_user("operator@example.com", is_staff=True)
    operator.groups.add(Group.objects.get(name="Operator"))
    browser.force_login(operator)
    page = browser.get(url("webhookdelivery_change", row.pk)).content.decode()
    assert "Only in this request: data.answer" in page and "Replay all 1 of this kind" in page
    assert "Rex" not in page and "quotes nobody" not in page


def test_the_list_finds_the_last_replays_without_reading_all_jobs(root, workspace):
    BackgroundJob.objects.bulk_create(
        BackgroundJob(kind="t.other", workspace=workspace, dedupe_key=str(number)) for number in range(2_000)
    )
    BackgroundJob.objects.create(kind=replay.JOB, dedupe_key="replay")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE jobs_backgroundjob")

    with reads('"jobs_backgroundjob"."kind" = ') as found:
        page = root.get(reverse("admin:inbox_webhookdelivery_changelist"))
    assert [job.dedupe_key for job in page.context["replays"]] == ["replay"]
    assert [one for one in found if one.rows > 3] == [] != found, found
