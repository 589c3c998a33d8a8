"""A job whose provider hangs, in a real worker: cancelled, timed out and shut down are three different ends."""

import re
import socket
from collections import Counter

import pytest

from tests.faults.jobs.stage import Stage
from tests.integrations.fault_server import FaultServer

pytestmark = pytest.mark.faults


def silence(server: FaultServer, conn: socket.socket) -> None:
    """Says nothing until the test is over."""
    server.stopped.wait()


def calls(server: FaultServer) -> Counter[str]:
    """Requests by the job that made them."""
    return Counter(re.match(rb"GET /(\w+) ", request)[1].decode() for request in server.requests)


def history(stage: Stage, key: str) -> list[tuple]:
    """How the job's attempts ended."""
    return stage.query(
        """SELECT attempt.outcome, substring(attempt.error_class FROM '[^.]+$') FROM jobs_jobattempt attempt
        JOIN jobs_backgroundjob job ON job.id = attempt.job_id
        WHERE job.dedupe_key = %s ORDER BY attempt.id""",
        (key,),
    )


def state(stage: Stage, key: str) -> tuple:
    return stage.query("SELECT status, attempts FROM jobs_backgroundjob WHERE dedupe_key = %s", (key,))[0]


@pytest.mark.slow(seconds=25)
def test_cancelled_timed_out_and_shut_down_are_told_apart_and_only_the_timeout_is_retried(stage: Stage):
    with FaultServer(silence) as server:
        cluster = stage.start_cluster(
            workers=3, HARNESS_PATCH="short_waits", HARNESS_PROVIDER=server.url, ALLOW_LOOPBACK_PROVIDERS="1"
        )
        stage.wait(cluster.ready, "the cluster is up")
        stage.put("harness.call", 2, "--names", "cancelled", "shutdown")
        stage.wait(lambda: calls(server).keys() >= {"cancelled", "shutdown"}, "both wait for the provider")
        stage.put("harness.call_briefly", 1, "--names", "timeout")
        stage.query(
            "UPDATE jobs_backgroundjob SET cancel_requested_at = now() WHERE dedupe_key = 'cancelled'"
        )
        stage.wait(lambda: history(stage, "cancelled"), "the cancelled job ended")
        stage.wait(lambda: calls(server)["timeout"] > 1, "the job that timed out was tried again")

        assert cluster.stop() == 0

        made = calls(server)
    assert history(stage, "cancelled") == [("cancelled", "CallCancelled")]
    assert state(stage, "cancelled") == ("cancelled", 1)
    assert history(stage, "timeout")[0] == ("retried", "ProviderTimeout")
    assert history(stage, "shutdown") == [("handed_back", "CallInterrupted")]
    assert state(stage, "shutdown") == ("queued", 0)
    assert (made["cancelled"], made["shutdown"]) == (1, 1)
