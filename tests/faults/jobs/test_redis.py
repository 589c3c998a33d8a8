"""The same promise with wake-ups on Redis: lost ones, and a Redis that dies, cost seconds."""

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from jobs.enqueue import REDIS_PAUSE_S
from tests import forms
from tests.faults.jobs import campaign
from tests.faults.jobs.campaign import Plan
from tests.faults.jobs.stage import Stage
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.faults


class RedisServer:
    """A redis-server that keeps nothing."""

    def __init__(self, directory: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._directory = directory
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        options = [
            "--port",
            str(self.port),
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(self._directory),
        ]
        self._process = subprocess.Popen(
            ["redis-server", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < until, "redis-server did not start"
                time.sleep(0.05)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def redis(stage: Stage) -> Iterator[RedisServer]:
    server = RedisServer(stage.directory)
    stage.extra["Q_BROKER_URL"] = server.url
    yield server
    server.kill()


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
        redis.start()

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
