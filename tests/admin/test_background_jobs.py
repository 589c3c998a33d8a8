"""Jobs in the Django admin: the numbers, the actions as staff post them, who may do what, and what is not there."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signing import PickleSerializer

from admin import long_lists
from admin.base import RecordAdmin
from inbox.models import AuditEntry, Membership
from jobs.enqueue import wake
from jobs.kinds import KINDS, in_words
from jobs.models import BackgroundJob, JobAction, JobAttempt, WorkspaceLimit
from tests import factories

pytestmark = pytest.mark.django_db
LIST = "admin:jobs_backgroundjob_changelist"
OVERVIEW = "admin:jobs_backgroundjob_overview"
CAUSE = "admin:jobs_backgroundjob_cause"


@pytest.fixture
def workspace():
    return factories.make_workspace("Northwind")


@pytest.fixture
def root() -> Client:
    browser = Client()
    browser.force_login(factories.make_user("root@example.com", is_staff=True, is_superuser=True))
    return browser


def make(workspace, status: str, key: str = "", **fields) -> BackgroundJob:
    return BackgroundJob.objects.create(
        workspace=workspace,
        kind="inbound.process",
        dedupe_key=f"k-{status}{key}",
        status=status,
        finished_at=None if status == "queued" else timezone.now(),
        **fields,
    )


def staff_of(workspace, *codenames: str) -> Client:
    """An admin of one workspace who may look at jobs and do what `codenames` say, and nothing else."""
    user = factories.make_member(workspace, Membership.Role.ADMIN)
    user.groups.clear()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_backgroundjob", *codenames]))
    browser = Client()
    browser.force_login(user)
    return browser


def post(client: Client, action: str, *jobs: BackgroundJob, **fields) -> str:
    data = {"action": action, "_selected_action": [str(job.pk) for job in jobs], **fields}
    return client.post(reverse(LIST), data, follow=True).content.decode()


def status_of(job: BackgroundJob) -> str:
    job.refresh_from_db()
    return job.status


def test_retry_runs_a_failed_job_and_says_why_not_a_done_one(root, workspace):
    failed, done = make(workspace, "failed"), make(workspace, "succeeded")

    asked = post(root, "retry_now", failed, done)
    assert "2 background jobs:" in asked and in_words("inbound.process") in asked
    assert status_of(failed) == "failed"
    page = post(root, "retry_now", failed, done, confirmed="yes")

    assert status_of(failed) == "queued"
    assert "1 job: retried." in page and f"{done.pk}. The job has succeeded." in page


def test_a_discard_asks_for_its_reason_first(root, workspace):
    job = make(workspace, "failed")

    assert "Reason for discarding" in post(root, "discard", job)
    assert "Enter 1 to 200 characters" in post(root, "discard", job, confirmed="yes", reason=" ")
    assert status_of(job) == "failed"

    post(root, "discard", job, confirmed="yes", reason="sent by hand")
    assert status_of(job) == "cancelled"
    assert JobAction.objects.get().detail == "sent by hand"


def test_a_cancellation_is_confirmed_first(root, workspace):
    job = make(workspace, "queued")

    assert "stop at their next step" in post(root, "cancel", job)
    assert status_of(job) == "queued"

    post(root, "cancel", job, confirmed="yes")
    assert status_of(job) == "cancelled"


def test_a_job_is_moved_to_a_time(root, workspace):
    job = make(workspace, "failed")
    later = timezone.now() + timedelta(days=1)

    assert "Enter a day and time" in post(root, "run_at", job, confirmed="yes", moment="soon")
    post(root, "run_at", job, confirmed="yes", moment=f"{later:%Y-%m-%dT%H:%M}")

    assert status_of(job) == "queued"
    assert abs(job.run_at - later) < timedelta(minutes=1)


def test_an_action_on_all_that_match_reaches_those_on_other_pages(root, workspace):
    jobs = [make(workspace, "failed", str(number)) for number in range(60)]
    other = make(workspace, "cancelled")
    data = {"action": "retry_now", "_selected_action": [str(jobs[0].pk)], "select_across": "1"}

    asked = root.post(f"{reverse(LIST)}?state=failed", data).content.decode()
    assert "60 background jobs:" in asked and "and 40 more" in asked
    root.post(f"{reverse(LIST)}?state=failed", data | {"confirmed": "yes"})

    assert BackgroundJob.objects.filter(status="queued").count() == 60
    assert status_of(other) == "cancelled"


def test_an_action_from_the_page_of_a_job_leads_back_to_it(root, workspace):
    job = make(workspace, "failed")
    data = {"action": "retry_now", "_selected_action": str(job.pk), "from_its_page": "1"}
    page = reverse("admin:jobs_backgroundjob_change", args=[job.pk])

    assert page in root.post(reverse(LIST), data).content.decode()
    assert root.post(reverse(LIST), data | {"confirmed": "yes"}).url == page


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        ("queued", ["retry_now", "run_at", "cancel", "discard"]),
        ("failed", ["retry_now", "run_at", "discard"]),
        ("cancelled", ["retry_now", "run_at"]),
        ("succeeded", []),
    ],
)
def test_the_page_of_a_job_offers_what_fits_its_state(root, workspace, status, offered):
    page = root.get(reverse("admin:jobs_backgroundjob_change", args=[make(workspace, status).pk]))

    assert [name for name, _ in page.context["job_actions"]] == offered


def test_all_jobs_of_one_cause_are_retried_after_a_question(root, workspace):
    jobs = [make(workspace, "failed", str(number), fingerprint="f1") for number in range(3)]
    other = make(workspace, "failed", fingerprint="f2")
    page = reverse(CAUSE, args=["f1"])

    assert "3 background jobs:" in root.get(page).content.decode()
    assert status_of(jobs[0]) == "failed"
    after = root.post(page, {"confirmed": "yes"}, follow=True)

    assert "3 jobs: retried." in after.content.decode()
    assert {status_of(job) for job in jobs} == {"queued"} and status_of(other) == "failed"
    assert {job.pk for job in after.context["cl"].result_list} == {job.pk for job in [*jobs, other]}
    assert AuditEntry.objects.filter(action="job.retry").count() == 3
    assert "Nothing left to do" in root.get(page).content.decode()


def test_a_cause_is_retried_in_the_workspaces_that_one_may_see(workspace):
    theirs = make(factories.make_workspace(), "failed", fingerprint="f1")
    own = make(workspace, "failed", fingerprint="f1")
    client = staff_of(workspace, "retry_backgroundjob")
    page = reverse(CAUSE, args=["f1"])

    assert "1 background job:" in client.get(page).content.decode()
    client.post(page, {"confirmed": "yes"})

    assert (status_of(own), status_of(theirs)) == ("queued", "failed")


def test_a_cause_is_retried_by_those_alone_who_may_retry(workspace):
    job = make(workspace, "failed", fingerprint="f1")
    client = staff_of(workspace)

    for response in (client.get(reverse(CAUSE, args=["f1"])), client.post(reverse(CAUSE, args=["f1"]))):
        assert response.status_code == 403
    assert status_of(job) == "failed"
    assert "Retry 1" not in client.get(reverse(LIST)).content.decode()


def test_the_states_stand_above_the_list_with_their_numbers(root, workspace):
    make(workspace, "failed", fingerprint="f1", last_error="mailbox full")
    make(workspace, "queued")
    make(workspace, "queued", "later", run_at=timezone.now() + timedelta(days=1))

    page = root.get(reverse(LIST), {"state": "due", "lane": "reply"})
    assert [(tab["label"], tab["count"]) for tab in page.context["tabs"]][:3] == [
        ("All", ""), ("Due", "1"), ("Running", "0")
    ]  # fmt: skip
    assert page.context["tabs"][5]["url"] == f"{reverse(LIST)}?state=failed&lane=reply"
    for state, count in {"due": 1, "later": 1, "failed": 1, "done": 0, "": 3}.items():
        assert root.get(reverse(LIST), {"state": state}).context["cl"].result_count == count, state


def test_what_is_due_stands_in_the_order_in_which_it_became_due(root, workspace):
    newer = make(workspace, "queued", "newer", run_at=timezone.now() - timedelta(hours=1))
    older = make(workspace, "queued", "older", run_at=timezone.now() - timedelta(hours=2))

    assert list(root.get(reverse(LIST), {"state": "due"}).context["cl"].result_list) == [older, newer]


def test_a_search_of_what_is_due_looks_through_the_oldest_and_then_further(root, workspace, monkeypatch):
    make(workspace, "succeeded", "wanted", run_at=timezone.now() - timedelta(hours=9))  # waits no more
    hours = {"a": 4, "wanted 1": 3, "b": 2, "wanted 2": 1}
    jobs = [
        make(workspace, "queued", k, run_at=timezone.now() - timedelta(hours=h)) for k, h in hours.items()
    ]
    monkeypatch.setattr(long_lists, "plan_of", lambda queryset: (2, 1e9))
    monkeypatch.setattr(long_lists, "LOOKED_THROUGH", 2)

    page = root.get(reverse(LIST), {"state": "due", "q": "wanted"})
    further = root.get(reverse(LIST) + page.context["cl"].further_url).context["cl"]

    assert list(page.context["cl"].result_list) == [jobs[1]]
    assert "1 background job among the oldest 2" in " ".join(page.content.decode().split())
    assert list(further.result_list) == [jobs[3]] and further.further_url == ""


def test_failures_stand_above_the_list_by_cause(root, workspace):
    for number in range(2):
        make(workspace, "failed", str(number), fingerprint="f1", last_error="mailbox full")

    for query in ({}, {"state": "failed"}):
        text = root.get(reverse(LIST), query).content.decode()
        assert "mailbox full" in text and "Retry 2" in text and workspace.name in text
    assert root.get(reverse(LIST), {"state": "done"}).context["causes"] == []


def test_progress_of_a_running_job_is_in_its_row(root, workspace):
    make(workspace, "failed")
    BackgroundJob.objects.update(
        status="running", finished_at=None, lease_token=uuid4(), lease_expires_at=timezone.now(),
        progress_done=3, progress_total=12,
    )  # fmt: skip

    assert 'aria-label="3 of 12"' in root.get(reverse(LIST)).content.decode()


@pytest.mark.parametrize(
    ("action", "status", "fields"),
    [
        ("retry_now", "failed", {}),
        ("run_at", "failed", {"moment": "2027-01-01T10:00"}),
        ("cancel", "queued", {}),
        ("discard", "failed", {"reason": "why"}),
    ],
)
def test_every_action_leaves_an_audit_entry(root, workspace, action, status, fields):
    job = make(workspace, status)

    post(root, action, job, confirmed="yes", **fields)

    entry = AuditEntry.objects.get()
    assert (entry.workspace_id, entry.actor.email) == (workspace.pk, "root@example.com")
    assert (entry.action, entry.object_id) == (f"job.{JobAction.objects.get().action}", str(job.pk))


@pytest.mark.parametrize(
    ("action", "codename", "status"),
    [
        ("retry_now", "retry_backgroundjob", "failed"),
        ("run_at", "move_backgroundjob", "failed"),
        ("cancel", "cancel_backgroundjob", "queued"),
        ("discard", "discard_backgroundjob", "failed"),
    ],
)
def test_every_action_has_a_permission_of_its_own(workspace, action, codename, status):
    job = make(workspace, status)
    fields = {"confirmed": "yes", "reason": "why", "moment": "2027-01-01T10:00"}
    others = {"retry_backgroundjob", "move_backgroundjob", "cancel_backgroundjob", "discard_backgroundjob"}

    post(staff_of(workspace, *(others - {codename})), action, job, **fields)
    assert (status_of(job), JobAction.objects.count()) == (status, 0)

    post(staff_of(workspace, codename), action, job, **fields)
    assert JobAction.objects.count() == 1


def test_staff_cannot_touch_another_workspaces_job(workspace):
    job = make(factories.make_workspace(), "failed", fingerprint="f1")
    client = staff_of(workspace, "retry_backgroundjob")

    post(client, "retry_now", job, confirmed="yes")
    client.post(reverse(OVERVIEW), {"fingerprint": "f1"})

    assert status_of(job) == "failed"


def test_the_list_is_filtered_by_address(root, workspace):
    make(workspace, "failed", fingerprint="f1")
    make(factories.make_workspace(), "queued")

    for query in ("status__exact=failed", f"workspace={workspace.pk}", "fingerprint=f1", "q=k-fail"):
        listed = root.get(f"{reverse(LIST)}?{query}").context["cl"].result_list
        assert [job.status for job in listed] == ["failed"], query


def test_the_list_offers_every_kind_and_cause_as_a_filter(root, workspace):
    make(workspace, "failed", fingerprint="f1", last_error="mailbox full")
    other = make(workspace, "failed", "other")
    BackgroundJob.objects.filter(pk=other.pk).update(kind="another")

    offered = {
        spec.title: dict(spec.lookup_choices)
        for spec in root.get(reverse(LIST)).context["cl"].filter_specs
        if hasattr(spec, "lookup_choices")
    }
    assert set(offered["kind"]) == set(KINDS) and offered["cause"]["f1"] == "mailbox full"
    page = root.get(reverse(LIST), {"kind": "inbound.process"})
    assert [job.kind for job in page.context["cl"].result_list] == ["inbound.process"]


def test_the_overview_shows_how_all_workspaces_stand(root, workspace):
    other = factories.make_workspace()
    for number in range(2):
        make(workspace, "failed", str(number), fingerprint="f1", last_error_class="ProviderTimeout")
    make(other, "failed", fingerprint="f1", last_error_class="ProviderTimeout")
    start = timezone.now() - timedelta(seconds=2)
    make(other, "succeeded", run_at=start, started_at=start)

    page = root.get(reverse(OVERVIEW))
    text = page.content.decode()

    assert "3 × ProviderTimeout" in text and "Retry all 3" in text
    for part in ("Workers running", "Oldest due", "Last 24 hours", "95% within", "background-jobs"):
        assert part in text
    assert "style=" not in text
    one = root.get(reverse(OVERVIEW), {"workspace": workspace.pk}).content.decode()
    assert "2 × ProviderTimeout" in one


def test_the_overview_of_staff_is_their_own_workspaces(workspace):
    other = factories.make_workspace("Bluebird")
    make(other, "failed", last_error_class="ProviderTimeout")
    client = staff_of(workspace)

    text = client.get(reverse(OVERVIEW)).content.decode()

    assert "ProviderTimeout" not in text and "Bluebird" not in text
    for asked in (other.pk, "nonsense"):
        assert client.get(reverse(OVERVIEW), {"workspace": asked}).status_code == 404


def test_the_overview_needs_the_permission_to_look(workspace):
    browser = Client()
    browser.force_login(factories.make_member(workspace, is_staff=True))

    assert browser.get(reverse(OVERVIEW)).status_code == 403


def test_all_failures_of_one_cause_are_retried(root, workspace):
    jobs = [make(workspace, "failed", str(number), fingerprint="f1") for number in range(3)]
    others = [
        make(workspace, "failed", fingerprint="f2"),
        make(factories.make_workspace(), "failed", fingerprint="f1"),
    ]
    overview = root.get(reverse(OVERVIEW), {"workspace": workspace.pk}).content.decode()
    asking = f"{reverse('admin:jobs_backgroundjob_cause', args=['f1'])}?workspace={workspace.pk}"

    assert asking in overview
    assert "3 background jobs:" in root.get(asking).content.decode()
    assert {status_of(job) for job in jobs} == {"failed"}  # it was only asked
    page = root.post(asking, follow=True).content.decode()

    assert "3 jobs: retried." in page
    assert {status_of(job) for job in jobs} == {"queued"}
    assert {status_of(job) for job in others} == {"failed"}


def test_retrying_a_cause_needs_its_permission(workspace):
    job = make(workspace, "failed", fingerprint="f1", last_error_class="E")
    client = staff_of(workspace)

    assert "Retry all" not in client.get(reverse(OVERVIEW)).content.decode()
    cause = reverse("admin:jobs_backgroundjob_cause", args=["f1"])
    assert {client.get(cause).status_code, client.post(cause).status_code} == {403}
    assert status_of(job) == "failed"


def test_a_refresh_gets_the_numbers_alone(root):
    text = root.get(reverse(OVERVIEW), headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in text and 'id="jobs-now"' in text


def test_the_page_of_a_job_tells_its_story_and_leads_on(root, workspace):
    message, send_id = factories.make_message(factories.make_lead(workspace)), uuid4()
    job = make(
        workspace,
        "failed",
        payload={"message_id": str(message.pk), "send_id": str(send_id), "note": "x", "odd_id": "?"},
    )
    now = timezone.now()
    JobAttempt.objects.create(
        job=job, number=1, outcome="failed", started_at=now, finished_at=now, duration_ms=7, worker="app-1:9"
    )

    text = root.get(reverse("admin:jobs_backgroundjob_change", args=[job.pk])).content.decode()

    assert "Attempt 1: failed for good" in text and "app-1:9" in text
    assert reverse("admin:inbox_message_change", args=[message.pk]) in text
    assert reverse("admin:inbox_outboundsend_change", args=[send_id]) in text
    assert f"{reverse('admin:inbox_webhookdelivery_changelist')}?job={job.pk}" in text
    assert 'value="retry_now"' in text and 'value="discard"' in text


def test_django_q2_pages_neither_delete_nor_resubmit(root):
    theirs = [own for model, own in admin.site._registry.items() if model._meta.app_label == "django_q"]

    assert len(theirs) == 4 and all(isinstance(own, RecordAdmin) and not own.actions for own in theirs)
    assert root.get("/admin/django_q/schedule/").status_code == 200
    assert root.get("/admin/django_q/schedule/add/").status_code == 403


def test_queued_tasks_are_named_by_kind_and_lane_and_the_lists_say_where_the_jobs_are(root):
    wake("reply.send", "person")
    text = root.get("/admin/django_q/ormq/").content.decode()

    assert '<td class="field-name">reply.send</td>' in text and '<td class="field-group">person</td>' in text
    jobs = f"{reverse('admin:jobs_backgroundjob_changelist')}?state=due"
    assert jobs in text and jobs in root.get("/admin/django_q/schedule/").content.decode()


def test_a_queued_task_that_another_key_has_signed_is_not_unpickled(root):
    package = signing.dumps(Bomb(), key="not ours", salt=Conf.PREFIX, serializer=PickleSerializer)
    row = OrmQ.objects.create(key="holdfast", payload=package, lock=timezone.now())

    assert root.get("/admin/django_q/ormq/").status_code == 200
    assert root.get(reverse("admin:django_q_ormq_change", args=[row.pk])).status_code == 200


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("it was unpickled",)


def test_a_workspaces_limit_is_set(root, workspace):
    root.post(reverse("admin:jobs_workspacelimit_add"), {"workspace": workspace.pk, "max_workers": "2"})

    assert WorkspaceLimit.objects.get().max_workers == 2


def test_staff_set_limits_of_their_own_workspaces_only(workspace):
    other = factories.make_workspace()
    client = staff_of(workspace, "add_workspacelimit")

    client.post(reverse("admin:jobs_workspacelimit_add"), {"workspace": other.pk, "max_workers": "0"})

    assert not WorkspaceLimit.objects.exists()
