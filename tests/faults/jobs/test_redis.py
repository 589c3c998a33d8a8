"""The same promise with wake-ups on Redis: lost ones, and a Redis that dies, cost seconds."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict

import pytest

from jobs.enqueue import REDIS_PAUSE_S
from tests import forms
from tests.campaign.stage import Service
from tests.faults.jobs import campaign
from tests.faults.jobs.campaign import Plan
from tests.faults.jobs.stage import Stage
from tests.serving import free_port
from tests.waiting import until

pytestmark = pytest.mark.faults


@pytest.fixture
def redis(stage: Stage) -> Iterator[Service]:
    """A redis-server that keeps nothing."""
    port = free_port()
    stage.extra["Q_BROKER_URL"] = f"redis://127.0.0.1:{port}/0"
    options = ["--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(stage.directory)]
    server = Service(["redis-server", *options], {}, stage.directory / "redis.log")
    until(lambda: listens(port), "redis-server listens")
    yield server
    server.kill()


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@pytest.mark.slow(seconds=30)
@pytest.mark.shortened
def test_the_short_campaign_holds_while_redis_dies_too(stage, redis, capsys):
    plan = forms.either(
        Plan(jobs=80, kills=4, restarts=1, stops=0, seconds=8, seed=3),
        Plan(jobs=150, kills=8, restarts=1, stops=0, seconds=15, seed=3),
    )

    def harm() -> None:
        time.sleep(plan.seconds / 2)
        redis.kill()
        time.sleep(3)
        redis.keep()

    harming = threading.Thread(target=harm)
    harming.start()
    try:
        report = campaign.run(stage, plan)
    finally:
        harming.join()

    with capsys.disabled():
        print("\njobs campaign on Redis:", json.dumps(asdict(report)))
    assert report.verdict() == []
    assert stage.value("SELECT count(*) FROM django_q_ormq") == 0


def test_enqueues_leave_a_redis_that_is_gone_alone_after_one_try(stage, redis):
    redis.kill()
    cluster = stage.start_cluster()
    stage.wait(cluster.ready, "the cluster is up")

    stage.put("harness.stamp", 30, "--seconds", "1")

    stage.wait(lambda: len(stage.events("start")) == 30, "the due check found them all")
    took_s = stage.value(
        "SELECT extract(epoch FROM max(created_at) - min(created_at)) FROM jobs_backgroundjob"
    )
    tries = (stage.directory / "commands.log").read_text().count("wake-up not sent")
    assert 1 <= tries <= 1 + took_s / REDIS_PAUSE_S
