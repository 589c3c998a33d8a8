"""The embedded PostgreSQL in ordinary life: where it listens, who keeps it running, what it refuses."""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from demo import postgres
from demo.postgres import EmbeddedPostgres, PostgresError, embedded_url
from demo.postgres_user import run_as_server, server_ids

ROOT = Path(__file__).resolve().parents[2]
HOLD = "from demo.postgres import ensure_running; print(ensure_running({!r}).postmaster().pid)"


def query(server: EmbeddedPostgres, sql: str) -> object:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        return connection.execute(sql).fetchone()[0]


def test_url_is_computed_without_touching_the_disk():
    nowhere = Path(tempfile.gettempdir(), "holdfast-none")  # short: a socket's path has a limit
    url = embedded_url(nowhere / "postgres")
    assert conninfo_to_dict(url) == {
        "user": "holdfast",
        "dbname": "holdfast",
        "host": str(nowhere / "postgres.run"),
        "port": "5432",
    }
    assert url == embedded_url(str(nowhere / "postgres"))
    assert not nowhere.exists()


def test_listens_on_a_socket_that_only_its_owner_may_reach(server):
    assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
    assert query(server, "SHOW listen_addresses") == ""


def test_keeps_what_is_committed_and_knows_letters_beyond_ascii(server):
    assert query(server, "SHOW fsync") == "on"
    assert query(server, "SELECT lower('ÄÉЖ')") == "äéж"


def test_log_holds_no_statement(server):
    for mishap in ("1 / 0", "pg_terminate_backend(pg_backend_pid())"):
        with pytest.raises(psycopg.OperationalError if "terminate" in mishap else psycopg.DataError):
            query(server, f"SELECT 'private words', {mishap}")
    log = server.log_file.read_text()
    assert "terminating connection" in log
    assert "private words" not in log


@pytest.mark.parametrize(
    "name", ["deep/" * 30 + "postgres", "spaced name/postgres", 'a,"b/postgres', "it's ünï$x/postgres"]
)
def test_works_below_any_path(tmp_path, name):
    with EmbeddedPostgres(tmp_path / name) as server:
        assert Path(query(server, "SHOW data_directory")) == tmp_path / name
        assert len(os.fsencode(server.socket_dir)) < 90
    assert not server.socket_dir.exists()


def test_works_below_a_folder_closed_to_all_others(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o700)
    with EmbeddedPostgres(tmp_path / "closed" / "postgres") as server:
        assert query(server, "SELECT 1") == 1
        assert server.postmaster().uids().effective == server_ids(server.data_dir)[0] != 0


def test_runs_for_a_user_without_privileges(tmp_path):
    """Root becomes the unprivileged user first; anybody else is one already."""
    home = tmp_path / "home"
    home.mkdir()
    data_dir = home / "postgres"
    os.chown(home, *server_ids(data_dir))
    prefix, identity = run_as_server(data_dir)
    cli = [*prefix, sys.executable, "-m", "demo.postgres"]
    for action, code in [
        ("status", 3),
        ("start", 0),
        ("status", 0),
        ("restart", 0),
        ("stop", 0),
        ("status", 3),
    ]:
        done = subprocess.run(
            [*cli, action, "--data-dir", str(data_dir)], cwd=ROOT, capture_output=True, text=True, **identity
        )
        assert done.returncode == code, (action, done.stdout, done.stderr)
    assert {path.stat().st_uid for path in home.iterdir()} == {home.stat().st_uid}


def test_last_one_out_stops_it(data_dir):
    first, second = EmbeddedPostgres(data_dir), EmbeddedPostgres(data_dir)
    first.acquire()
    second.acquire()
    first.release()
    assert query(second, "SELECT 1") == 1
    second.release()
    assert second.postmaster() is None
    assert not second.socket_dir.exists()
    second.release()


def test_is_released_when_the_interpreter_ends(data_dir, spawn):
    child = spawn("-c", HOLD.format(str(data_dir)))
    assert int(child.communicate(timeout=30)[0]) > 0
    assert EmbeddedPostgres(data_dir).postmaster() is None


def test_forked_child_keeps_the_share(data_dir):
    server = EmbeddedPostgres(data_dir)
    server.acquire()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writer)
        os.read(reader, 1)  # until the parent closes its end
        server.release()
        os._exit(0)
    os.close(reader)
    server.release()
    assert query(server, "SELECT 1") == 1
    os.close(writer)
    assert os.waitpid(child, 0)[1] == 0
    assert server.postmaster() is None


def test_program_started_meanwhile_keeps_no_share(data_dir, spawn):
    with EmbeddedPostgres(data_dir) as server:
        program = spawn("60", program="sleep", close_fds=False)
    assert program.poll() is None
    assert server.postmaster() is None


def test_restart_keeps_data_and_shares(server):
    with psycopg.connect(server.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    before = server.postmaster()
    for mode in ("fast", "immediate"):
        server.restart(mode)
        assert query(server, "TABLE kept") == 7
    assert server.postmaster() != before
    with EmbeddedPostgres(server.data_dir):
        pass
    assert query(server, "TABLE kept") == 7


def test_creates_the_database_again_where_it_was_dropped(server):
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE holdfast")
    server.acquire()
    assert query(server, "SELECT current_database()") == "holdfast"


def test_refuses_a_folder_with_other_contents(tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "letter.txt").write_text("mine")
    with pytest.raises(
        PostgresError, match="is no PostgreSQL data directory.*Remove it, or set DATABASE_URL"
    ):
        EmbeddedPostgres(tmp_path / "postgres").acquire()
    assert [path.name for path in (tmp_path / "postgres").iterdir()] == ["letter.txt"]


def test_refuses_the_data_of_another_version(tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(PostgresError, match=r"made by PostgreSQL 9\.6"):
        EmbeddedPostgres(tmp_path / "postgres").acquire()


def test_refuses_a_socket_folder_of_somebody_else(data_dir, tmp_path):
    server = EmbeddedPostgres(data_dir)
    server.stop()
    server.socket_dir = Path("/usr")
    if os.geteuid() == 0:
        server.socket_dir = tmp_path / "foreign"
        server.socket_dir.mkdir()
        os.chown(server.socket_dir, 12345, 12345)
    with pytest.raises(PostgresError, match="belongs to user id"):
        server.acquire()
    assert server.socket_dir.exists()


def test_says_why_it_does_not_start(data_dir):
    server = EmbeddedPostgres(data_dir)
    server.stop()
    configuration = data_dir / "postgresql.conf"
    good = configuration.read_text()
    configuration.write_text(good + "no_such_setting = 1\n")
    try:
        with pytest.raises(PostgresError, match="did not start(.|\n)*no_such_setting"):
            server.acquire()
    finally:
        configuration.write_text(good)


def test_log_is_rotated_at_a_start(data_dir):
    server = EmbeddedPostgres(data_dir)
    server.stop()
    server.log_file.write_bytes(b"x" * (postgres.LOG_LIMIT_BYTES + 1))
    with server:
        assert server.log_file.stat().st_size < 10_000
    assert server.log_file.with_name("postgres.log.1").stat().st_size > postgres.LOG_LIMIT_BYTES
