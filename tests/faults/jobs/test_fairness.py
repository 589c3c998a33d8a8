"""One workspace's flood and another's single job."""

import pytest

from tests import forms

pytestmark = pytest.mark.faults


FLOOD = forms.either(2_000, 5_000)
OVERTAKEN = 300
"""Of a flood, so many may start while another workspace's job is due: two seconds' worth."""


@pytest.mark.shortened
def test_few_of_a_flood_start_before_another_workspaces_job(stage):
    stage.put("harness.sleep", FLOOD, "--workspace", "Flooded", "--prefix", "flood", "--pause-ms", "20", "20")
    cluster = stage.start_cluster()
    stage.wait(cluster.ready, "the cluster is up")
    stage.wait(lambda: len(stage.events("end")) > 50, "the flood is being worked off")

    stage.put("harness.stamp", 1, "--workspace", "Quiet", "--names", "quiet")
    stage.wait(lambda: any(line["key"] == "quiet" for line in stage.events("start")), "the quiet one started")

    due_at = stage.value(
        "SELECT extract(epoch FROM run_at)::float8 FROM jobs_backgroundjob WHERE dedupe_key = 'quiet'"
    )
    starts = [line["key"] for line in stage.events("start") if line["at"] >= due_at]
    assert starts.index("quiet") < OVERTAKEN
    before = len(stage.events("end"))
    stage.wait(lambda: len(stage.events("end")) > before + 20, "the flood goes on")
    assert stage.states()["queued"] > 1_000


def test_two_hosts_keep_one_workspace_to_all_workers_but_one(stage):
    """The cap is in the database: it holds over both hosts, at every moment."""
    stage.put("harness.sleep", 60, "--workspace", "Flooded", "--pause-ms", "250", "250")
    for host in ("host-a", "host-b"):
        stage.start_cluster(host, workers=2)
    for cluster in stage.clusters:
        stage.wait(cluster.ready, f"{cluster.host} is up")

    stage.wait(lambda: not stage.unfinished(), "all done")

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
