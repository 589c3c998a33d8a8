"""What stands above the list of jobs: the states with their numbers, and the failures by cause."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs import joblist, tally
from jobs.ids import uuid7
from jobs.models import BackgroundJob
from tests import factories

pytestmark = pytest.mark.django_db


def make(workspace, status: str, **fields) -> BackgroundJob:
    now = timezone.now()
    lease = {"lease_token": uuid7(), "lease_expires_at": now} if status == "running" else {}
    ended = None if status in ("queued", "running") else now
    return BackgroundJob.objects.create(
        workspace=workspace,
        kind="x",
        dedupe_key=str(uuid7()),
        status=status,
        **{"finished_at": ended} | lease | fields,
    )


def test_each_job_is_counted_in_one_state():
    workspace, later = factories.make_workspace(), timezone.now() + timedelta(hours=1)
    for status in ("queued", "running", "failed", "succeeded", "cancelled"):
        make(workspace, status)
    make(workspace, "queued", run_at=later)
    make(workspace, "queued", run_at=later, attempts=2)
    make(None, "queued", attempts=2)

    counts = joblist.counts(None)

    assert counts == {
        "due": 2, "running": 1, "retrying": 1, "later": 1, "failed": 1, "done": 1, "cancelled": 1
    }  # fmt: skip
    for state, count in counts.items():
        assert joblist.in_state(BackgroundJob.objects.all(), state).count() == count, state
    assert joblist.in_state(BackgroundJob.objects.all(), "").count() == 8
    assert not joblist.in_state(BackgroundJob.objects.all(), "nonsense").exists()


def test_a_workspace_counts_its_own():
    mine, other = factories.make_workspace(), factories.make_workspace()
    make(mine, "failed", fingerprint="f1")
    for status in ("queued", "running", "failed", "succeeded"):
        make(other, status, fingerprint="f2")

    assert {state: count for state, count in joblist.counts([mine.pk]).items() if count} == {"failed": 1}
    assert [cause.key for cause in tally.read([joblist.causes([mine.pk])])] == ["f1"]
    assert tally.read([joblist.causes([])]) == []


def test_failures_are_grouped_by_cause_the_latest_first():
    first, second = factories.make_workspace("Northwind"), factories.make_workspace("Bluebird")
    early = timezone.now() - timedelta(hours=2)
    for workspace in (first, second, second):
        make(workspace, "failed", fingerprint="f1", last_error="refused", finished_at=early)
    make(first, "failed", fingerprint="f2", last_error="mailbox full")

    latest, before = tally.read([joblist.causes(None)])

    assert (latest.key, latest.title, latest.count, latest.workspaces) == (
        "f2",
        "mailbox full",
        1,
        ["Northwind"],
    )
    assert (before.key, before.count, before.first, before.workspaces) == (
        "f1", 3, early, ["Bluebird", "Northwind"]
    )  # fmt: skip


def test_the_latest_rows_are_looked_at_and_no_more():
    workspace, now = factories.make_workspace(), timezone.now()
    made = [make(workspace, "failed", finished_at=now - timedelta(minutes=n)) for n in range(5)]

    assert set(tally.latest(BackgroundJob.objects.all(), "finished_at", 2)) == set(made[:2])
    assert set(tally.oldest(BackgroundJob.objects.all(), "finished_at", 2)) == set(made[3:])
    assert tally.latest(BackgroundJob.objects.all(), "finished_at", 9).count() == 5
