"""A benchmark that is ended before its time."""

import os
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest

from tests.campaign.stage import ROOT
from tests.waiting import PATIENCE_S, until

pytestmark = [pytest.mark.faults, pytest.mark.slow(seconds=15)]


def at_work_in(directory) -> list[str]:
    """The processes whose working directory or arguments name `directory`."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if f"{directory}" in " ".join([process.cwd(), *process.cmdline()]):
                found.append(" ".join(process.cmdline()))
    return found


def test_a_benchmark_that_is_ended_by_sigterm_leaves_no_server_behind(tmp_path):
    """Its PostgreSQL and its cluster idled beside each later measurement."""
    environment = os.environ | {"TMPDIR": f"{tmp_path}", "DEBUG": "1"}
    benchmark = subprocess.Popen([sys.executable, "-m", "benchmarks.jobs"], cwd=ROOT, env=environment)
    until(lambda: [*tmp_path.rglob("bench_1")], "the first measurement begins")
    assert at_work_in(tmp_path)

    benchmark.terminate()

    assert benchmark.wait(PATIENCE_S) == 128 + 15
    assert at_work_in(tmp_path) == []
