"""Jobs in the Django admin: read-only rows, and actions that are posted as staff post them."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jobs.models import BackgroundJob
from tests import factories

pytestmark = pytest.mark.django_db
LIST = "admin:jobs_backgroundjob_changelist"


@pytest.fixture
def workspace():
    return factories.make_workspace("Northwind")


@pytest.fixture
def root() -> Client:
    browser = Client()
    browser.force_login(factories.make_user("root@example.com", is_staff=True, is_superuser=True))
    return browser


def make(workspace, status: str) -> BackgroundJob:
    return BackgroundJob.objects.create(
        workspace=workspace,
        kind="inbound.process",
        dedupe_key=f"k-{status}",
        status=status,
        finished_at=None if status == "queued" else timezone.now(),
    )


def post(client: Client, action: str, *jobs: BackgroundJob) -> str:
    data = {"action": action, "_selected_action": [str(job.pk) for job in jobs]}
    return client.post(reverse(LIST), data, follow=True).content.decode()


def test_retry_runs_a_failed_job_and_says_why_not_a_done_one(root, workspace):
    failed, done = make(workspace, "failed"), make(workspace, "succeeded")
    page = post(root, "retry_now", failed, done)
    failed.refresh_from_db()
    assert failed.status == "queued"
    assert "1 of 2 jobs: done." in page and "It has succeeded." in page


def test_cancel_closes_a_waiting_job(root, workspace):
    job = make(workspace, "queued")
    post(root, "cancel", job)
    job.refresh_from_db()
    assert job.status == "cancelled"


def test_staff_without_the_permission_may_look_and_not_act(workspace):
    staff = factories.make_member(workspace, is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_backgroundjob"))
    browser = Client()
    browser.force_login(staff)
    job = make(workspace, "failed")
    assert browser.get(reverse(LIST)).status_code == 200
    post(browser, "retry_now", job)
    job.refresh_from_db()
    assert job.status == "failed"
