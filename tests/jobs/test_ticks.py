"""Ticks: one at a time, once a period for schedules, always for who asks by cron."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django_q.models import Schedule

from jobs import ticks
from jobs.errors import DeadlineExceeded
from jobs.models import Tick
from jobs.ticks import TICKS, TickSpec, run_tick

pytestmark = pytest.mark.django_db


@pytest.fixture
def ran(monkeypatch) -> list:
    """The registered tick t.tick, and how often it ran."""
    calls = []

    def run(deadline):
        calls.append(deadline)
        return {"worked": len(calls)}

    monkeypatch.setattr(ticks, "TICKS", {"t.tick": TickSpec("t.tick", run, 60, 20_000)})
    return calls


def test_records_when_it_ran_and_what_it_counted(ran):
    assert run_tick("t.tick") == {"worked": 1}

    row = Tick.objects.get()
    assert (row.name, row.counts, row.error_class, row.overruns) == ("t.tick", {"worked": 1}, "", 0)
    assert row.finished_at >= row.started_at and row.lease_token is None


def test_the_last_runs_are_kept_the_latest_first(ran):
    for _ in range(ticks.RECENT + 2):
        run_tick("t.tick", requested=True)

    recent = Tick.objects.get().recent
    assert [run["counts"]["worked"] for run in recent] == list(range(ticks.RECENT + 2, 2, -1))
    assert recent[0]["error"] == "" and recent[0]["ms"] >= 0 and recent[0]["at"]


def test_a_run_that_failed_is_kept_with_its_error(monkeypatch):
    def run(deadline):
        raise ValueError("x")

    monkeypatch.setattr(ticks, "TICKS", {"t.tick": TickSpec("t.tick", run, 60, 20_000)})
    with pytest.raises(ValueError, match="x"):
        run_tick("t.tick")

    assert [run["error"] for run in Tick.objects.get().recent] == ["ValueError"]


def test_a_schedule_works_each_period_once(ran):
    run_tick("t.tick")

    assert run_tick("t.tick") == {"skipped": "already worked"}
    assert len(ran) == 1


def test_a_new_period_is_worked(ran):
    run_tick("t.tick")
    Tick.objects.update(slot=Tick.objects.get().slot - 1)

    assert run_tick("t.tick") == {"worked": 2}


def test_a_cron_request_always_works_and_uses_the_period_up(ran):
    assert run_tick("t.tick", requested=True) == {"worked": 1}
    assert run_tick("t.tick", requested=True) == {"worked": 2}
    assert run_tick("t.tick") == {"skipped": "already worked"}


def test_two_never_run_at_once(monkeypatch):
    inner = []

    def run(deadline):
        inner.append(run_tick("t.tick", requested=True))
        return {}

    monkeypatch.setattr(ticks, "TICKS", {"t.tick": TickSpec("t.tick", run, 60, 20_000)})
    run_tick("t.tick", requested=True)

    assert inner == [{"skipped": "running"}]


def test_a_lease_left_by_a_dead_process_runs_out(ran):
    run_tick("t.tick")
    Tick.objects.update(lease_token="00000000-0000-0000-0000-000000000001", lease_expires_at=timezone.now())
    Tick.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))

    assert run_tick("t.tick", requested=True) == {"worked": 2}


def test_an_overrun_is_counted(monkeypatch):
    def run(deadline):
        deadline.sleep_s(0.005)

    monkeypatch.setattr(ticks, "TICKS", {"t.tick": TickSpec("t.tick", run, 60, 1)})
    with pytest.raises(DeadlineExceeded):
        run_tick("t.tick")

    assert Tick.objects.get().overruns == 1


def test_a_defect_is_recorded_and_raised(monkeypatch):
    def run(deadline):
        raise ValueError("dana@example.org")

    monkeypatch.setattr(ticks, "TICKS", {"t.tick": TickSpec("t.tick", run, 60, 20_000)})
    with pytest.raises(ValueError):
        run_tick("t.tick")

    row = Tick.objects.get()
    assert (row.error_class, row.lease_token) == ("ValueError", None)
    assert "dana" not in row.error


@pytest.mark.parametrize(
    "given", [{"every_s": 30}, {"every_s": 90}, {"every_s": 60, "budget_ms": 60_000}], ids=str
)
def test_an_impossible_period_is_refused(given):
    with pytest.raises(ImproperlyConfigured):
        ticks.tick("t.impossible", lambda deadline: {}, **given)


def test_schedules_follow_the_code():
    Schedule.objects.create(name="tick: of an older release", func="x")
    Schedule.objects.create(name="somebody's own", func="y")

    ticks.sync_schedules()
    ticks.sync_schedules()

    assert set(Schedule.objects.values_list("name", flat=True)) == {f"tick: {name}" for name in TICKS} | {
        "somebody's own"
    }
    row = Schedule.objects.get(name="tick: background-jobs")
    assert (row.func, row.args, row.minutes) == ("jobs.ticks.run_tick", "('background-jobs',)", 1)


def test_syncing_keeps_the_next_run():
    ticks.sync_schedules()
    later = timezone.now() + timedelta(minutes=5)
    Schedule.objects.update(next_run=later)

    ticks.sync_schedules()

    assert set(Schedule.objects.values_list("next_run", flat=True)) == {later}
