"""`manage.py demo` as a newcomer meets it: on real processes, with a database, ports and a folder of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from demo import postgres
from demo.postgres import EmbeddedPostgres
from tests import forms, template
from tests.serving import free_port
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.faults

ROOT = Path(__file__).resolve().parents[2]
TRAFFIC = ROOT / "demo" / "traffic.jsonl"
REQUESTS = forms.either(30, 60)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[EmbeddedPostgres]:
    """Its database `another` is migrated too, or empty in the long form, as a newcomer's is."""
    with template.server_in(tmp_path_factory.mktemp("demo")) as server:
        like = forms.either(postgres.DATABASE, "template1")
        with psycopg.connect(server.url(template.MAINTENANCE), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE another TEMPLATE "{like}"')
        if not forms.LONG:
            with psycopg.connect(server.url("another")) as connection:
                template.adopt(connection)
        yield server


@pytest.fixture(scope="module")
def database(server) -> str:
    return server.url()


@pytest.fixture
def unused_database(server) -> str:
    """Another one on the same server, without any day in it."""
    return server.url("another")


def start(database: str, *options: str, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "manage.py", "demo", *options],
        cwd=ROOT,
        env={**os.environ, "DEBUG": "1", "DATABASE_URL": database, "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ports() -> list[str]:
    return ["--port", str(free_port()), "--sandbox-port", str(free_port())]


def said(run: subprocess.Popen) -> str:
    """The rest of what it says until it ends."""
    return run.communicate(timeout=3 * PATIENCE_S)[0]


@pytest.fixture
def file(tmp_path) -> Path:
    """The first requests of the day. Some of them are duplicates of others."""
    file = tmp_path / "traffic.jsonl"
    file.write_text("\n".join(TRAFFIC.read_text().splitlines()[:REQUESTS]))
    return file


@pytest.mark.shortened
@pytest.mark.slow(seconds=40)
def test_a_first_run_meets_every_expectation_and_a_second_one_finds_duplicates(database, file):
    for again in forms.either([""], ["", "again"]):
        run = start(database, *ports(), "--traffic", str(file), "--exit-after", "4")
        output = said(run)
        assert run.returncode == 0, output
        assert f"{REQUESTS} of {REQUESTS} recorded requests posted, {REQUESTS} answered as expected" in output
        assert again in output


@pytest.mark.shortened
@pytest.mark.slow(seconds=50)
def test_ctrl_c_stops_all_of_it_and_the_day_goes_on_at_the_next_start(unused_database, file):
    """Part of it has been accepted before and part of it has not: each line is judged by itself."""
    run = start(unused_database, *ports(), "--traffic", str(file))
    received = (int(found[1]) for line in run.stdout if (found := re.match(r"received +(\d+)", line)))
    assert next(number for number in received if number) < REQUESTS
    children = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(signal.SIGINT)
    output = said(run)
    assert run.returncode == 0 and "expected" not in output.replace("answered as expected", ""), output
    assert len(children) >= 3
    until(lambda: not any(child.is_running() and child.status() != "zombie" for child in children), "all end")

    run = start(unused_database, *ports(), "--traffic", str(file), "--exit-after", "4")
    output = said(run)
    assert (
        f"{REQUESTS} of {REQUESTS} recorded requests posted, {REQUESTS} answered as expected (again" in output
    )
    assert run.returncode == 0


def test_ctrl_c_while_it_starts_ends_it_quietly(database):
    run = start(database, *ports())
    assert run.stdout.readline().startswith("Preparing")
    run.send_signal(signal.SIGINT)
    output = said(run)
    assert run.returncode == 0 and "Traceback" not in output and "Log in" not in output, output


def test_a_second_demo_on_the_same_database_says_that_there_is_one(database):
    first = start(database, *ports())
    assert first.stdout.readline().startswith("Preparing")
    second = start(database, *ports())
    output = said(second)
    first.send_signal(signal.SIGINT)
    said(first)
    assert second.returncode == 1
    assert "A demo runs on this database already. Stop it first" in output and "Traceback" not in output


def test_a_process_that_ends_is_named_with_its_last_words_before_any_log_in(database):
    run = start(database, *ports(), WEB_CONCURRENCY="two")
    output = said(run)
    assert run.returncode == 1
    assert "The web process ended. Its last words" in output and "'two'" in output
    assert "Log in" not in output


def test_a_taken_port_is_named_with_the_option_that_picks_another(database):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = start(database, "--port", str(port), "--sandbox-port", str(free_port()))
        output = said(demo)
    assert demo.returncode == 1
    assert f"Port {port} is taken by another program. Choose another with --port." in output
