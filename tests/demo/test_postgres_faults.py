"""The embedded PostgreSQL after crashes: whatever was left, the next start works and nobody else is hurt."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest

from demo.postgres import EmbeddedPostgres
from demo.postgres_user import bin_dir
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.faults

HOLD = """
import sys
from demo.postgres import ensure_running
print(ensure_running({!r}).postmaster().pid, flush=True)
sys.stdin.read()
"""


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def works(server: EmbeddedPostgres) -> bool:
    with server, psycopg.connect(server.url(), connect_timeout=5) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def works_on(process: psutil.Process) -> bool:
    """Whether a process has not ended; one that nobody has reaped yet has."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@pytest.fixture
def stopped(data_dir: Path) -> EmbeddedPostgres:
    """A server that has run and stopped cleanly."""
    server = EmbeddedPostgres(data_dir)
    server.start()
    server.stop()
    return server


def leave_behind(server: EmbeddedPostgres, pid: int) -> None:
    """The pid file and the socket files of a server that was killed as process ``pid``."""
    lines = [pid, server.data_dir, 1700000000, 5432, server.socket_dir, "", "  5432001    131073", "ready   "]
    (server.data_dir / "postmaster.pid").write_text("\n".join(map(str, lines)))
    server.socket_dir.mkdir(mode=0o700)
    (server.socket_dir / ".s.PGSQL.5432").touch()
    (server.socket_dir / ".s.PGSQL.5432.lock").write_text("\n".join(map(str, [pid, *lines[1:5]])) + "\n")


def test_starts_after_its_postmaster_was_killed(server):
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS n")
    killed = server.postmaster()
    killed.kill()
    wait_until(lambda: server.postmaster() is None)
    server.acquire()
    assert server.postmaster().pid != killed.pid
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("TABLE kept").fetchone() == (7,)


def test_waits_for_a_backend_that_outlived_its_postmaster(server):
    busy = psycopg.connect(server.url(), autocommit=True)
    backend = psutil.Process(busy.info.backend_pid)
    query = "SELECT count(*) FROM generate_series(1, 3000) a, generate_series(1, 3000) b"
    thread = threading.Thread(target=busy.execute, args=[query])
    thread.start()
    wait_until(lambda: backend.cpu_times().user > 0.1)
    server.postmaster().kill()
    wait_until(lambda: server.postmaster() is None)
    assert works_on(backend)
    server.acquire()
    assert not works_on(backend)
    thread.join()
    busy.close()
    assert works(EmbeddedPostgres(server.data_dir))


def test_stops_after_a_holder_was_killed(data_dir, spawn):
    holder = spawn("-c", HOLD.format(str(data_dir)), stdin=subprocess.PIPE)
    pid = int(holder.stdout.readline())
    with EmbeddedPostgres(data_dir) as server:
        assert server.postmaster().pid == pid
        holder.kill()
        holder.wait()
    assert server.postmaster() is None


def test_ignores_the_pid_of_a_dead_process(stopped):
    dead = subprocess.Popen(["true"])
    dead.wait()
    leave_behind(stopped, dead.pid)
    assert works(stopped)


def test_ignores_a_pid_that_another_program_has_now(stopped, spawn):
    program = spawn("60", program="sleep")
    leave_behind(stopped, program.pid)
    assert stopped.postmaster() is None
    stopped.stop()
    assert works(stopped)
    assert program.poll() is None


def test_ignores_a_pid_that_another_postgres_has_now(stopped, tmp_path):
    with EmbeddedPostgres(tmp_path / "other") as other:
        neighbour = other.postmaster()
        leave_behind(stopped, neighbour.pid)
        assert works(stopped)
        assert other.postmaster() == neighbour


def test_ignores_a_pid_that_only_a_zombie_has(stopped):
    zombie = subprocess.Popen([bin_dir() / "postgres", "--version"], stdout=subprocess.DEVNULL)
    wait_until(lambda: psutil.Process(zombie.pid).status() == psutil.STATUS_ZOMBIE)
    leave_behind(stopped, zombie.pid)
    assert works(stopped)
    zombie.wait()


@pytest.mark.parametrize("content", ["", "\n", "garbage\n", "-1\n", "99999999999999999999\n"])
def test_ignores_a_pid_file_without_a_pid(stopped, content):
    (stopped.data_dir / "postmaster.pid").write_text(content)
    assert works(stopped)


def test_starts_after_initdb_was_killed_with_its_starter(tmp_path, spawn):
    data_dir = tmp_path / "postgres"
    command = ["-m", "demo.postgres", "start", "--data-dir", str(data_dir)]
    starter = spawn(*command, start_new_session=True)
    wait_until(lambda: list(tmp_path.glob("postgres*/base/1")))  # without .init- only if we looked too late
    os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()
    assert works(EmbeddedPostgres(data_dir))
    assert not list(tmp_path.glob("postgres.init-*"))


def test_starts_while_initdb_outlives_its_killed_starter(tmp_path, spawn):
    data_dir = tmp_path / "postgres"
    starter = spawn("-m", "demo.postgres", "start", "--data-dir", str(data_dir))
    wait_until(lambda: list(tmp_path.glob("postgres*/PG_VERSION")))
    starter.kill()
    starter.wait()
    assert works(EmbeddedPostgres(data_dir))


def test_starts_after_its_starter_was_killed_half_way(stopped, spawn):
    starter = spawn("-m", "demo.postgres", "start", "--data-dir", str(stopped.data_dir))
    wait_until((stopped.data_dir / "postmaster.pid").exists)
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    assert works(stopped)


def test_is_up_again_for_one_who_comes_while_it_shuts_down(server):
    leaving = psycopg.connect(server.url())
    dying = server.postmaster()
    dying.send_signal(signal.SIGTERM)  # smart: waits for the connection, takes no new ones
    closer = threading.Timer(0.5, leaving.close)
    closer.start()
    assert works(EmbeddedPostgres(server.data_dir))
    assert server.postmaster() != dying
    closer.join()


@pytest.mark.races
def test_starters_at_once_share_one_server(tmp_path, spawn):
    data_dir = tmp_path / "postgres"
    starters = [spawn("-c", HOLD.format(str(data_dir)), stdin=subprocess.PIPE) for _ in range(4)]
    pids = {int(starter.stdout.readline()) for starter in starters}
    assert len(pids) == 1
    for starter in starters:
        starter.stdin.close()
    assert [starter.wait(timeout=PATIENCE_S) for starter in starters] == [0, 0, 0, 0]
    assert EmbeddedPostgres(data_dir).postmaster() is None
    assert not os.path.exists(f"/proc/{pids.pop()}/cwd")
