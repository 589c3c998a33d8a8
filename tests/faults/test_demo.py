"""`manage.py demo` as a newcomer meets it: on real processes, with a database, ports and a folder of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from config.postgres import EmbeddedPostgres

pytestmark = pytest.mark.faults

ROOT = Path(__file__).resolve().parents[2]
TRAFFIC = ROOT / "inbox" / "demo" / "traffic.jsonl"


@pytest.fixture(scope="module")
def database(tmp_path_factory) -> str:
    with EmbeddedPostgres(tmp_path_factory.mktemp("demo") / "postgres") as server:
        server.start()
        yield server.url()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(database: str, *options: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "manage.py", "demo", *options],
        cwd=ROOT,
        env={**os.environ, "DEBUG": "1", "DATABASE_URL": database},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ports() -> list[str]:
    return ["--port", str(free_port()), "--sandbox-port", str(free_port())]


@pytest.mark.timeout(240)
def test_a_first_run_meets_every_expectation_and_a_second_one_finds_duplicates(database, tmp_path):
    file = tmp_path / "traffic.jsonl"
    file.write_text("\n".join(TRAFFIC.read_text().splitlines()[:60]))
    for again in ("", "again"):
        run = start(database, *ports(), "--traffic", str(file), "--exit-after", "8")
        output, _ = run.communicate(timeout=110)
        assert run.returncode == 0, output
        assert "60 of 60 recorded requests posted, 60 answered as expected" in output
        assert again in output


@pytest.mark.timeout(150)
def test_ctrl_c_stops_all_of_it(database):
    demo = start(database, *ports())
    children: list[psutil.Process] = []
    for line in demo.stdout:
        if line.startswith("received"):
            children = psutil.Process(demo.pid).children(recursive=True)
            break
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=60)
    ends = time.monotonic() + 10
    while (
        any(child.is_running() and child.status() != "zombie" for child in children)
        and time.monotonic() < ends
    ):
        time.sleep(0.1)
    assert len(children) >= 3
    assert not [child for child in children if child.is_running() and child.status() != "zombie"]


def test_a_taken_port_is_named_with_the_option_that_picks_another(database):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = start(database, "--port", str(port), "--sandbox-port", str(free_port()))
        output, _ = demo.communicate(timeout=60)
    assert demo.returncode == 1
    assert f"Port {port} is taken by another program. Choose another with --port." in output
