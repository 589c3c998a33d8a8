"""The jobs pages: how the work stands, why it failed, and what an admin can do about it."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from inbox.models import AuditEntry
from jobs.models import BackgroundJob, JobAction, Tick
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace():
    return factories.make_workspace(name="Northwind")


@pytest.fixture
def admin(client, workspace):
    client.force_login(factories.make_member(workspace, role="admin"))
    return client


def make_job(workspace, number: int = 1, **fields) -> BackgroundJob:
    ended = fields.get("status") in ("failed", "succeeded")
    values = {"kind": "inbound.process", "payload": {"message_id": f"id-{number}"}, "status": "failed"}
    return BackgroundJob.objects.create(
        workspace=workspace,
        dedupe_key=f"k{number}",
        finished_at=timezone.now() if ended or "status" not in fields else None,
        **values | fields,
    )


def failed(workspace, number: int = 1, **fields) -> BackgroundJob:
    return make_job(
        workspace,
        number,
        last_error_class="ProviderTimeout",
        last_error="openai: our time ran out",
        fingerprint="f1",
        **fields,
    )


def act(client, workspace, *jobs, **fields):
    data = {"job": [job.pk for job in jobs], **fields}
    return client.post(reverse("inbox:jobs-act", args=[workspace.pk]), data, follow=True).content.decode()


def test_the_list_shows_counts_and_failures_by_cause(admin, workspace):
    failed(workspace, 1)
    failed(workspace, 2)
    make_job(workspace, 3, status="queued")
    page = admin.get(reverse("inbox:jobs", args=[workspace.pk])).content.decode()
    assert "2 × openai: our time ran out" in page and "ProviderTimeout" in page and "Retry all 2" in page
    assert "Workers running" in page and "Failed 2" in page


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=failed", 1),
        ("status=queued", 1),
        ("kind=inbound.process", 2),
        ("q=k2", 1),
        ("fingerprint=f1", 1),
        ("status=failed&kind=inbound.process&fingerprint=f1", 1),
        ("status=queued&fingerprint=f1", 0),
    ],
)
def test_filters_are_in_the_address(admin, workspace, query, count):
    failed(workspace, 1)
    make_job(workspace, 2, status="queued")
    page = admin.get(f"{reverse('inbox:jobs', args=[workspace.pk])}?{query}").content.decode()
    assert page.count('name="job"') == count


def test_a_poll_gets_the_rows_alone(admin, workspace):
    failed(workspace)
    page = admin.get(
        reverse("inbox:jobs", args=[workspace.pk]), headers={"HX-Request": "true"}
    ).content.decode()
    assert "<html" not in page and 'name="job"' in page


def test_a_poll_of_the_numbers_gets_them_alone(admin, workspace):
    failed(workspace)
    headers = {"HX-Request": "true", "HX-Target": "jobs-now"}
    page = admin.get(reverse("inbox:jobs", args=[workspace.pk]), headers=headers).content.decode()
    assert "<html" not in page and 'name="job"' not in page
    assert "Workers running" in page and "Retry all 1" in page


def test_the_oldest_due_job_tells_its_age(admin, workspace):
    make_job(workspace, status="queued", run_at=timezone.now() - timedelta(minutes=5))
    page = admin.get(reverse("inbox:jobs", args=[workspace.pk])).content.decode()
    assert 'data-tone="warn"><dt>Oldest due</dt><dd>5 min</dd>' in page


def test_a_lane_whose_promise_is_broken_says_so(admin, workspace):
    make_job(workspace, status="queued", lane="stop", run_at=timezone.now() - timedelta(seconds=30))
    make_job(workspace, number=2, status="queued", lane="bulk", run_at=timezone.now() - timedelta(seconds=30))
    page = admin.get(reverse("inbox:jobs", args=[workspace.pk])).content.decode()
    assert page.count(" Late</span>") == 1 and page.count(" On time</span>") == 7
    assert '<td class="num" data-label="Target">5 s</td>' in page
    assert "Opt-outs and stopped campaigns" in page


def test_each_lane_shows_how_long_the_last_days_jobs_waited(admin, workspace):
    end = timezone.now()
    make_job(
        workspace,
        status="succeeded",
        run_at=end - timedelta(seconds=5),
        started_at=end - timedelta(seconds=3),
    )
    page = admin.get(reverse("inbox:jobs", args=[workspace.pk])).content.decode()
    waits = re.findall(r'data-label="95% within">([^<]*)</td>', page)
    assert "2 s" in waits and waits.count("") == len(waits) - 1
    assert "1 done, 0 failed" in page  # the chart


def test_missed_failed_and_overrunning_ticks_are_told(admin, workspace):
    now = timezone.now()
    Tick.objects.create(name="background-jobs", started_at=now, finished_at=now, duration_ms=9, overruns=2)
    Tick.objects.create(
        name="retention", started_at=now, finished_at=now, duration_ms=9, error_class="OddError"
    )
    page = admin.get(reverse("inbox:jobs", args=[workspace.pk])).content.decode()
    schedule = page.partition("Scheduled tasks")[2]
    assert "On time" in schedule and "ran too long 2 times" in schedule
    assert "Failed" in schedule and "OddError" in schedule
    assert "Never ran" in schedule  # all the others never ran


def test_many_causes_are_all_there(admin, workspace):
    for number in range(7):
        make_job(workspace, number, fingerprint=f"f{number}", last_error_class=f"Error{number}")
    page = admin.get(reverse("inbox:jobs", args=[workspace.pk])).content.decode()
    assert page.count("Retry all 1") == 7 and "2 more" in page


def test_retry_runs_it_again_and_keeps_what_happened(admin, workspace):
    job = failed(workspace)
    assert "1 job: retried." in act(admin, workspace, job, do="retry")
    job.refresh_from_db()
    assert (job.status, job.last_error_class) == ("queued", "ProviderTimeout")
    assert AuditEntry.objects.get().action == "job.retry"


def test_retry_all_of_one_cause(admin, workspace):
    jobs = [failed(workspace, number) for number in range(3)]
    act(admin, workspace, do="retry-group", fingerprint="f1")
    assert {BackgroundJob.objects.get(pk=job.pk).status for job in jobs} == {"queued"}


def test_retry_all_that_is_sent_twice_says_that_all_are_queued(admin, workspace):
    """A double click: the page shows the answer to the second, and the jobs were retried by the first."""
    jobs = [failed(workspace, number) for number in range(3)]
    assert "3 jobs: retried." in act(admin, workspace, do="retry-group", fingerprint="f1")
    page = act(admin, workspace, do="retry-group", fingerprint="f1")
    assert "All are queued or done" in page and "Select a job first" not in page
    assert JobAction.objects.filter(job__in=jobs).count() == 3
    assert AuditEntry.objects.count() == 3


def test_a_job_can_be_moved_to_a_time(admin, workspace):
    job = failed(workspace)
    later = timezone.localtime() + timedelta(days=1)
    act(admin, workspace, job, do="run-at", moment=f"{later:%Y-%m-%dT%H:%M}")
    job.refresh_from_db()
    assert job.status == "queued" and job.run_at > timezone.now() + timedelta(hours=20)


def test_a_waiting_job_can_be_cancelled(admin, workspace):
    job = make_job(workspace, status="queued")
    act(admin, workspace, job, do="cancel")
    job.refresh_from_db()
    assert job.status == "cancelled"


def test_a_discard_needs_its_reason(admin, workspace):
    job = failed(workspace)
    assert "Enter 1 to 200 characters" in act(admin, workspace, job, do="discard", reason=" ")
    act(admin, workspace, job, do="discard", reason="sent by hand")
    job.refresh_from_db()
    assert job.status == "cancelled"


def test_each_refusal_is_said(admin, workspace):
    done = make_job(workspace, 1, status="succeeded")
    assert ". The job has succeeded." in act(admin, workspace, done, failed(workspace, 2), do="retry")


def test_the_detail_shows_attempts_and_what_can_be_done(admin, workspace):
    job = failed(workspace)
    job.attempt_rows.create(
        number=1,
        outcome="failed",
        started_at=timezone.now(),
        finished_at=timezone.now(),
        duration_ms=1200,
        error_class="ProviderTimeout",
        error="openai: our time ran out",
        traceback="integrations/http/session.py:1 in request",
    )
    page = admin.get(reverse("inbox:job", args=[workspace.pk, job.pk])).content.decode()
    assert "Attempt 1: failed for good" in page and "integrations/http/session.py:1" in page
    assert "Retry now" in page and "Discard" in page


def test_the_detail_leads_to_message_lead_and_delivery(admin, workspace):
    message = factories.make_message(factories.make_lead(workspace))
    job = make_job(workspace, payload={"message_id": str(message.pk)})
    delivery = factories.make_delivery(workspace, job=job)
    page = admin.get(reverse("inbox:job", args=[workspace.pk, job.pk])).content.decode()
    conversation = reverse("inbox:conversation", args=[workspace.pk, message.lead_id])
    assert f'href="{conversation}"' in page and f'href="{conversation}#message-{message.pk}"' in page
    assert reverse("inbox:delivery", args=[workspace.pk, delivery.pk]) in page


@pytest.mark.parametrize("key", ["lead_id", "draft_id", "send_id"])
def test_the_detail_finds_the_lead_by_whatever_the_payload_names(admin, workspace, key):
    draft = factories.make_draft(factories.make_message(factories.make_lead(workspace)))
    subject = {"lead_id": draft.lead, "draft_id": draft, "send_id": factories.make_send(draft)}[key]
    delivery = factories.make_delivery(workspace, message=draft.trigger_message)
    job = make_job(workspace, payload={key: str(subject.pk)})
    page = admin.get(reverse("inbox:job", args=[workspace.pk, job.pk])).content.decode()
    assert reverse("inbox:conversation", args=[workspace.pk, draft.lead_id]) in page
    assert (reverse("inbox:delivery", args=[workspace.pk, delivery.pk]) in page) == (key != "lead_id")


def test_another_workspaces_records_are_not_linked(admin, workspace):
    theirs = factories.make_message(factories.make_lead(factories.make_workspace()))
    job = make_job(workspace, payload={"message_id": str(theirs.pk)})
    page = admin.get(reverse("inbox:job", args=[workspace.pk, job.pk])).content.decode()
    assert "/inbox/" + str(theirs.lead_id) not in page


def test_progress_is_shown_while_it_runs(admin, workspace):
    job = make_job(
        workspace,
        status="running",
        lease_token=uuid4(),
        lease_expires_at=timezone.now(),
        progress_done=37,
        progress_total=120,
    )
    for url in (
        reverse("inbox:job", args=[workspace.pk, job.pk]),
        reverse("inbox:jobs", args=[workspace.pk]),
    ):
        page = admin.get(url, headers={"HX-Request": "true"}).content.decode()
        assert "37 of 120" in page and 'hx-trigger="every 5s"' in page


def test_a_job_that_has_ended_is_not_asked_about_again(admin, workspace):
    job = make_job(workspace, status="succeeded")
    page = admin.get(reverse("inbox:job", args=[workspace.pk, job.pk])).content.decode()
    assert "data-poll" not in page.partition('id="what-h"')[0].rpartition('id="job-live"')[2]


def test_another_workspace_s_job_is_not_found_and_not_touched(client, workspace):
    job = failed(workspace)
    other = factories.make_workspace()
    client.force_login(factories.make_member(other, role="owner"))
    assert client.get(reverse("inbox:job", args=[other.pk, job.pk])).status_code == 404
    act(client, other, job, do="retry")
    act(client, other, do="retry-group", fingerprint="f1")
    job.refresh_from_db()
    assert job.status == "failed"


def test_members_do_not_see_jobs(client, workspace):
    client.force_login(factories.make_member(workspace, role="member"))
    assert client.get(reverse("inbox:jobs", args=[workspace.pk])).status_code == 403
