"""One cluster and one fault at a time: what each role's end, each signal and each kind of bad job leads to."""

import os
import signal
import time

import psutil
import pytest

from jobs.conf import LEASE_S, SWEEP_S, WORKER_ALIVE_S
from tests import forms
from tests.faults.jobs import outside
from tests.faults.jobs.stage import Cluster, Stage, living_processes
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.faults


@pytest.fixture
def cluster(stage: Stage) -> Cluster:
    cluster = stage.start_cluster(HARNESS_PATCH="short_waits")
    stage.wait(cluster.ready, "the cluster is up")
    return cluster


def started(stage: Stage, key: str) -> bool:
    return any(line["key"] == key for line in stage.events("start"))


def row(stage: Stage, key: str) -> tuple:
    return stage.query(
        "SELECT status, attempts, worker_deaths, losses FROM jobs_backgroundjob WHERE dedupe_key = %s", (key,)
    )[0]


@pytest.mark.parametrize("role", ["worker", "monitor", "dispatcher", "sentinel"])
def test_a_killed_process_takes_its_cluster_along_and_a_fresh_one_works(stage, cluster, role):
    before = {process.pid for _, process in cluster.roles()} - {cluster.process.pid}
    cluster.find(role)[0].kill()
    stage.wait(lambda: before.isdisjoint(process.pid for _, process in cluster.roles()), "all others ended")

    stage.put("harness.stamp", 1, "--names", "after")

    stage.wait(lambda: started(stage, "after"), f"work goes on after the {role} was killed")
    assert cluster.process.poll() is None


def test_a_killed_parent_leaves_no_orphans(stage, cluster):
    cluster.process.kill()
    cluster.process.wait()

    stage.wait(lambda: not living_processes(stage.ledger), "all processes are gone")
    assert cluster.process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(("name", "to"), forms.spread(["SIGTERM", "SIGINT"], ["parent", "group"], one_in=2))
def test_a_stop_ends_with_exit_code_0_and_nobody_left(stage, cluster, name, to):
    send = os.killpg if to == "group" else os.kill
    send(cluster.process.pid, signal.Signals[name])

    assert cluster.process.wait(timeout=PATIENCE_S) == 0
    assert living_processes(stage.ledger) == []


@pytest.mark.slow(seconds=20)
def test_a_stop_hands_running_jobs_back_at_no_cost(stage, cluster):
    """One job minds its Deadline and hands itself back; the other is killed after the grace period."""
    stage.put("harness.sleep", 1, "--names", "minds", "--pause-ms", "60000", "60000")
    stage.put("harness.stubborn", 1, "--names", "stubborn", "--pause-ms", "60000", "60000")
    stage.wait(lambda: started(stage, "minds") and started(stage, "stubborn"), "both run")

    assert cluster.stop() == 0

    assert [row(stage, key) for key in ("minds", "stubborn")] == [("queued", 0, 0, 0)] * 2
    outcomes = stage.query("SELECT outcome FROM jobs_jobattempt")
    assert outcomes == [("handed_back",)] * 2


@pytest.mark.slow(seconds=20)
def test_a_job_that_kills_its_worker_is_parked_after_three(stage, cluster):
    stage.put("harness.kill", 1, "--names", "poison")
    stage.wait(lambda: not stage.unfinished(), "it was parked")

    assert row(stage, "poison") == ("failed", 3, 3, 3)
    error = stage.value("SELECT last_error FROM jobs_backgroundjob")
    assert error.startswith("killed its worker 3 times")
    stage.put("harness.stamp", 1, "--names", "after")
    stage.wait(lambda: started(stage, "after"), "others go on")


def test_a_job_ended_by_anothers_death_pays_nothing(stage, cluster):
    stage.put("harness.held", 1, "--names", "bystander")
    stage.wait(lambda: started(stage, "bystander"), "it runs")
    runner = stage.events("start")[0]["pid"]
    next(worker for worker in cluster.find("worker") if worker.pid != runner).kill()
    stage.wait(lambda: len(stage.events("start")) == 2, "it runs again")

    outside.release(stage.ledger)
    stage.wait(lambda: not stage.unfinished(), "it ended")

    assert row(stage, "bystander") == ("succeeded", 1, 0, 1)
    assert len(stage.events("start")) == 2


@pytest.mark.slow(seconds=25)
def test_a_job_that_ignores_its_deadline_is_taken_away_and_its_process_replaced_alone(stage):
    """Beside it one job ends in its own time, and one that takes too long for that is handed back."""
    cluster = stage.start_cluster(workers=1, HARNESS_PATCH="short_graces", HARNESS_THREADS="4")
    stage.wait(cluster.ready, "the cluster is up")
    [first], others = cluster.find("worker"), cluster.find("dispatcher") + cluster.find("monitor")
    stage.put("harness.sleep", 1, "--names", "brief", "--pause-ms", "2500", "2500")
    stage.put("harness.sleep", 1, "--names", "long", "--pause-ms", "60000", "60000")
    stage.put("harness.deaf", 1, "--names", "deaf", "--pause-ms", "60000", "60000")
    stage.wait(lambda: first not in cluster.find("worker") and cluster.ready(), "its process was replaced")

    seen = stage.query(
        "SELECT dedupe_key, outcome, error_class FROM jobs_jobattempt JOIN jobs_backgroundjob j ON j.id = job_id"
        " WHERE worker LIKE %s ORDER BY 1",
        (f"%:{first.pid}",),
    )
    assert seen == [
        ("brief", "succeeded", ""),
        ("deaf", "retried", "jobs.errors.TimeLimitExceeded"),
        ("long", "handed_back", "jobs.errors.ShutdownRequested"),
    ]
    assert [line["key"] for line in stage.events("end")] == ["brief"]
    assert row(stage, "long")[2:] == (0, 0)
    assert others == cluster.find("dispatcher") + cluster.find("monitor")
    assert cluster.process.poll() is None


@pytest.mark.slow(seconds=20)
def test_a_lease_that_runs_out_costs_its_job_and_not_the_process_with_the_others(stage):
    cluster = stage.start_cluster(workers=1, HARNESS_PATCH="first_leases_run_out", HARNESS_THREADS="4")
    stage.wait(cluster.ready, "the cluster is up")
    before = {process.pid for _, process in cluster.roles()}
    stage.put("harness.stubborn", 1, "--names", "lapsed", "--pause-ms", "9000", "9000")
    stage.wait(lambda: not stage.unfinished(), "another attempt ended")

    assert {process.pid for _, process in cluster.roles()} == before
    status, attempts, deaths, _ = row(stage, "lapsed")
    assert (status, deaths) == ("succeeded", 0) and attempts > 1


@pytest.mark.slow(seconds=20)
def test_a_worker_that_is_killed_with_all_its_places_busy_loses_and_doubles_nothing(stage):
    cluster = stage.start_cluster(workers=1, HARNESS_PATCH="short_waits", HARNESS_THREADS="8")
    stage.wait(cluster.ready, "the cluster is up")
    stage.put("harness.gated_work", 16)
    stage.wait(lambda: len(stage.events("start")) >= 7, "all that one workspace may hold are busy")

    cluster.find("worker")[0].kill()  # each of its jobs reads, and none has sent anything
    outside.release(stage.ledger)
    stage.wait(lambda: not stage.unfinished(), "all ended")

    assert stage.states() == {"succeeded": 16}
    sends = [line["key"] for line in stage.events("send")]
    assert len(sends) == len(set(sends)) == 16
    assert stage.value("SELECT count(*) FROM harness_booking") == 16
    assert stage.value("SELECT max(worker_deaths) FROM jobs_backgroundjob") == 1


@pytest.mark.slow(seconds=20)
def test_a_job_that_kills_its_worker_is_parked_and_those_beside_it_are_not(stage):
    cluster = stage.start_cluster(workers=1, HARNESS_PATCH="short_waits", HARNESS_THREADS="8")
    stage.wait(cluster.ready, "the cluster is up")
    stage.put("harness.sleep", 4, "--prefix", "good", "--pause-ms", "1500", "1500")
    stage.put("harness.kill", 1, "--names", "poison")
    stage.wait(lambda: not stage.unfinished(), "all ended")

    assert row(stage, "poison")[0] == "failed"
    assert stage.states() == {"succeeded": 4, "failed": 1}


ALIVE = (
    "SELECT count(*) FROM jobs_worker WHERE ended_at IS NULL"
    f" AND heartbeat_at > now() - interval '{WORKER_ALIVE_S} seconds'"
)


def test_a_stopped_worker_does_not_count_as_alive(stage, cluster):
    stage.wait(lambda: stage.value(ALIVE) == 3, "all three are alive")
    stopped = cluster.find("worker")[0]
    assert stage.value(f"{ALIVE} AND pid = {stopped.pid}") == 1
    stopped.suspend()

    # its cluster starts another one soon, so the sum is less than three for a moment only
    stage.wait(lambda: not stage.value(f"{ALIVE} AND pid = {stopped.pid}"), "it does not count")


def test_a_cancel_reaches_a_running_job(stage, cluster):
    stage.put("harness.sleep", 1, "--names", "unwanted", "--pause-ms", "300000", "300000")
    stage.wait(lambda: started(stage, "unwanted"), "it runs")

    stage.query("UPDATE jobs_backgroundjob SET cancel_requested_at = now()")

    stage.wait(lambda: row(stage, "unwanted")[0] == "cancelled", "it stopped")
    assert stage.events("end") == []


def test_a_job_whose_wakeup_was_lost_is_found(stage, cluster):
    """As on a broker that lost its memory: the job is there, nobody rings."""
    stage.query(
        "INSERT INTO jobs_backgroundjob (id, kind, dedupe_key, status, priority, payload, attempts, snoozes,"
        " worker_deaths, losses, last_error_class, last_error, fingerprint) VALUES"
        " (gen_random_uuid(), 'harness.stamp', 'a', 'queued', 1, '{\"key\": \"a\"}', 0, 0, 0, 0, '', '', '')"
    )

    stage.wait(lambda: row(stage, "a")[0] == "succeeded", "it ran")
    assert len(stage.events("start")) == 1


def test_a_job_starts_by_its_task_alone_and_not_where_the_broker_gives_none(stage):
    """The look once a second is taken away, and so is the first look of a worker that starts."""
    cluster = stage.start_cluster(HARNESS_PATCH="without_looks")
    stage.wait(cluster.ready, "the cluster is up")
    for key in ("a", "b", "c"):
        stage.put("harness.stamp", 1, "--names", key)
        stage.wait(lambda key=key: started(stage, key), f"{key} started")
    assert cluster.stop() == 0

    other = stage.start_cluster(HARNESS_PATCH="without_dequeue")
    stage.wait(lambda: stage.value(ALIVE) == 3, "its workers have looked once")
    time.sleep(1)
    stage.put("harness.stamp", 1, "--names", "d")
    time.sleep(0.5)
    assert not started(stage, "d")
    assert other.stop() == 0
    stage.start_cluster(HARNESS_PATCH="without_looks")
    stage.wait(lambda: started(stage, "d"), "d started")


def test_jobs_whose_tasks_were_deleted_start_at_the_next_look(stage):
    stage.put("harness.stamp", 5, "--seconds", "1")
    assert stage.value("SELECT count(*) FROM django_q_ormq WHERE key = 'holdfast-wake-ups'") == 5
    stage.query("DELETE FROM django_q_ormq")
    cluster = stage.start_cluster()
    stage.wait(cluster.ready, "the cluster is up")

    stage.wait(lambda: not stage.unfinished(), "all ended")
    assert stage.states() == {"succeeded": 5}


def test_a_hundred_thousand_wake_ups_are_taken_at_once(stage):
    stage.query(
        "INSERT INTO django_q_ormq (key, payload, lock)"
        " SELECT 'holdfast-wake-ups', repeat('x', 400), now() FROM generate_series(1, 100000)"
    )
    stage.put("harness.stamp", 1, "--names", "a")
    cluster = stage.start_cluster()
    stage.wait(cluster.ready, "the cluster is up")

    wake_ups = "SELECT count(*) FROM django_q_ormq WHERE key = 'holdfast-wake-ups'"
    stage.wait(lambda: not stage.value(wake_ups), "none is left")
    stage.wait(lambda: not stage.unfinished(), "the job ended")
    assert (stage.value(wake_ups), row(stage, "a")[0]) == (0, "succeeded")


def test_a_wakeup_that_cannot_be_read_is_dropped(stage, cluster):
    stage.query("INSERT INTO django_q_ormq (key, payload, lock) VALUES ('holdfast', 'not signed', now())")
    stage.put("harness.stamp", 1, "--names", "a")

    stage.wait(lambda: not stage.unfinished(), "work goes on")
    assert row(stage, "a")[0] == "succeeded"
    unreadable = "SELECT 1 FROM django_q_ormq WHERE payload = 'not signed'"
    stage.wait(lambda: not stage.query(unreadable), "dropped")
    assert stage.query(unreadable) == []


def test_a_stuck_dispatcher_is_noticed(stage, cluster):
    stuck = cluster.find("dispatcher")[0]
    stuck.suspend()

    stage.put("harness.stamp", 1, "--names", "a")

    stage.wait(lambda: not stage.unfinished(), "work goes on")
    assert row(stage, "a")[0] == "succeeded"  # maybe by a worker's first look, which needs no dispatcher
    stage.wait(lambda: stuck not in cluster.find("dispatcher"), "it was replaced")
    stage.put("harness.stamp", 1, "--names", "b")
    stage.wait(lambda: started(stage, "b"), "the other one passes work on")


def test_a_stuck_sentinel_is_noticed(stage, cluster):
    sentinel = cluster.find("sentinel")[0]
    sentinel.suspend()

    stage.wait(lambda: cluster.ready() and sentinel not in cluster.find("sentinel"), "it was replaced")
    stage.put("harness.stamp", 1, "--names", "a")
    stage.wait(lambda: not stage.unfinished(), "work goes on")
    assert row(stage, "a")[0] == "succeeded"
    assert sentinel not in cluster.find("sentinel")


def test_a_stuck_parent_is_ended_with_its_cluster(stage, cluster):
    """Whatever started it starts it again, as after any other end: it alone would restart a cluster that has died."""
    cluster.process.send_signal(signal.SIGSTOP)

    assert cluster.process.wait(timeout=PATIENCE_S) == -signal.SIGKILL
    stage.wait(lambda: not living_processes(stage.ledger), "all processes are gone")


def test_a_wedge_that_no_heartbeat_shows_is_noticed_by_progress(stage):
    cluster = stage.start_cluster(HARNESS_PATCH="wedged_once")
    stage.wait(cluster.ready, "the cluster is up")
    stage.put("harness.stamp", 1, "--names", "a")

    stage.wait(lambda: started(stage, "a"), "a fresh cluster took over")
    assert (stage.directory / "wedged").exists()


def test_workers_outlive_a_database_that_goes_away(stage, cluster):
    """The same processes afterwards: nobody died, and nobody was busy waiting."""
    before = sorted(process.pid for _, process in cluster.roles())
    stage.put("harness.sleep", 1, "--names", "through", "--pause-ms", "6000", "6000")
    stage.wait(lambda: started(stage, "through"), "it runs")
    stage.postgres.stop("fast")
    cpu_before, began = cpu_seconds(cluster), time.monotonic()
    time.sleep(4)
    cpu, passed = cpu_seconds(cluster) - cpu_before, time.monotonic() - began
    stage.postgres.start()

    stage.wait(lambda: not stage.unfinished(), "the job ended")

    assert row(stage, "through") == ("succeeded", 1, 0, 0)
    assert sorted(process.pid for _, process in cluster.roles()) == before
    assert cpu < passed / 2, f"{cpu} s of CPU in {passed} s without a database"


def cpu_seconds(cluster: Cluster) -> float:
    return sum(sum(process.cpu_times()[:2]) for _, process in cluster.roles())


def test_a_cluster_started_without_a_database_waits_for_it(stage):
    stage.put("harness.stamp", 1, "--names", "a")
    stage.postgres.stop("fast")
    try:
        cluster = stage.start_cluster()
        stage.wait(cluster.ready, "the processes are up")
        time.sleep(2)
        assert cluster.process.poll() is None
    finally:
        stage.postgres.start()

    stage.wait(lambda: started(stage, "a"), "it works once the database is there")


@pytest.mark.slow(seconds=45)
def test_a_silent_hosts_job_reaches_another_when_its_lease_is_over_and_its_own_worker_writes_no_more(
    stage, cluster
):
    """SIGSTOP of a whole host past the lease, another host does its job, SIGCONT: what it still writes is refused."""
    assert LEASE_S + 2 * SWEEP_S <= 30
    stage.put("harness.work", 1, "--names", "slow", "--pause-ms", "4000", "4000")
    stage.wait(lambda: started(stage, "slow"), "it runs")
    zombie = psutil.Process(stage.events("start")[0]["pid"])
    zombie.suspend()  # within its first step
    for _, process in cluster.roles():
        process.suspend()
    lease_ends = stage.value("SELECT extract(epoch FROM lease_expires_at)::float8 FROM jobs_backgroundjob")
    other = stage.start_cluster("host-b")
    stage.wait(lambda: len(stage.events("start")) == 2, "the other host has the job")
    assert stage.events("start")[1]["at"] >= lease_ends
    stage.wait(lambda: not stage.unfinished(), "the other host did it")
    before = ledger_of(stage)

    zombie.resume()
    time.sleep(4)

    assert ledger_of(stage) == before
    assert row(stage, "slow")[0] == "succeeded"
    assert len(stage.events("send")) == 1
    assert other.process.poll() is None


def ledger_of(stage: Stage) -> list[tuple]:
    return [
        *stage.query("SELECT id, status, attempts, result, finished_at FROM jobs_backgroundjob"),
        *stage.query("SELECT name, status, started_at, finished_at FROM jobs_jobstep ORDER BY id"),
        *stage.query("SELECT number, outcome, worker FROM jobs_jobattempt ORDER BY id"),
        *stage.query("SELECT job_key, host FROM harness_booking"),
    ]
