"""One workspace's flood and another's single job."""

import pytest

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]


def test_a_flood_of_5000_delays_another_workspaces_job_by_less_than_2_seconds(stage):
    stage.put("harness.sleep", 5_000, "--workspace", "Flooded", "--prefix", "flood", "--pause-ms", "20", "20")
    cluster = stage.start_cluster()
    stage.wait(cluster.ready, 30, "the cluster is up")
    stage.wait(lambda: len(stage.events("end")) > 50, 30, "the flood is being worked off")

    stage.put("harness.stamp", 1, "--workspace", "Quiet", "--names", "quiet")
    stage.wait(
        lambda: any(line["key"] == "quiet" for line in stage.events("start")), 20, "the quiet one started"
    )

    waited_s = stage.value(
        "SELECT extract(epoch FROM started_at - run_at) FROM jobs_backgroundjob WHERE dedupe_key = 'quiet'"
    )
    assert waited_s < 2
    before = len(stage.events("end"))
    stage.wait(lambda: len(stage.events("end")) > before + 20, 10, "the flood goes on")
    assert stage.states()["queued"] > 1_000


def test_two_hosts_keep_one_workspace_to_all_workers_but_one(stage):
    """The cap is in the database: it holds over both hosts, at every moment."""
    stage.put("harness.sleep", 60, "--workspace", "Flooded", "--pause-ms", "250", "250")
    for host in ("host-a", "host-b"):
        stage.start_cluster(host, workers=2)
    for cluster in stage.clusters:
        stage.wait(cluster.ready, 30, f"{cluster.host} is up")

    stage.wait(lambda: not stage.unfinished(), 60, "all done")

    moments = [(line["at"], 1) for line in stage.events("start")] + [
        (line["at"], -1) for line in stage.events("end")
    ]
    running = most = 0
    for _, change in sorted(moments):
        running += change
        most = max(most, running)
    assert most == 3
    hosts = {worker.split(":")[0] for (worker,) in stage.query("SELECT worker FROM jobs_jobattempt")}
    assert hosts == {"host-a", "host-b"}
