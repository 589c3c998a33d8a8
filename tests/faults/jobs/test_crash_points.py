"""A kill at each named point of a job's way: each converges, and nothing is sent twice."""

from collections import Counter

import pytest

from tests.faults.jobs.patches import POINTS

pytestmark = pytest.mark.faults

NOT_FOUND = "send started"
"""Killed between the mark and the call: nobody can know, so a person decides."""


@pytest.mark.slow(seconds=20)
def test_every_crash_point_converges(stage):
    def passed() -> set[str]:
        return {path.name.replace("-", " ") for path in stage.directory.iterdir()} & set(POINTS)

    *ahead, last = POINTS
    stage.put("harness.work", len(ahead), "--names", *ahead)
    # One at a time: a job that another one's crash cuts short may miss its own point.
    stage.start_cluster(workers=1, HARNESS_PATCH="crash_points")
    stage.wait(lambda: not stage.unfinished(), "all jobs ended")
    stage.put("harness.work", 1, "--names", last)  # the kills took the wake-ups of the others along

    # Every point is reached, and kills its process.
    stage.wait(lambda: passed() == set(POINTS) and not stage.unfinished(), "the last one, too")

    sends = Counter(line["key"] for line in stage.events("send"))
    states = dict(stage.query("SELECT payload->>'key', status FROM jobs_backgroundjob"))
    assert {point: sends[point] for point in POINTS} == {point: int(point != NOT_FOUND) for point in POINTS}
    assert states == {point: "failed" if point == NOT_FOUND else "succeeded" for point in POINTS}
    assert stage.query("SELECT job_key FROM harness_booking GROUP BY 1 HAVING count(*) > 1") == []
