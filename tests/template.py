"""One migrated database for each set of migrations, of which every test process copies its own in a second.

Tests that stop, restart or crowd a server have one of their own, which begins as a copy of a migrated one too.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection
from psycopg import Connection
from psycopg.errors import ObjectInUse, UndefinedObject

from demo.postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[1]
SERVERS = ROOT / ".local" / "test-servers"
PREFIX = "holdfast_template_"
MAINTENANCE = "postgres"
"""A database that every server has, and that nobody copies."""
TURN = 7_314_025
"""The advisory lock of whoever makes a template: the others wait for it instead of making it too."""


def copy_to(database: str) -> None:
    """Make `database` on this process's server a copy of the template, in place of what a killed run may have left.

    Its commits do not wait for the disk, which takes longer than most of what tests commit: nobody crashes this server.
    """
    with _in_turn() as server:
        _ensure(server)
        server.execute(f'DROP DATABASE IF EXISTS "{database}"')
        server.execute(f'CREATE DATABASE "{database}" TEMPLATE "{name()}"')
        server.execute(f'ALTER DATABASE "{database}" SET synchronous_commit = off')
    with _session(database) as session:
        adopt(session)


def adopt(session: Any) -> None:
    """Let the database be one of its own: nothing is sent from a copy."""
    session.execute("UPDATE inbox_databaseorigin SET place = inbox_place()")


def drop(database: str) -> None:
    """Drop a copy, whoever is still connected to it."""
    with _in_turn() as server:
        server.execute(f'DROP DATABASE "{database}" WITH (FORCE)')


def server_in(directory: Path, *, durable: bool = False) -> EmbeddedPostgres:
    """A server of a test's own with its data in `directory`, not started yet. Its database is migrated already.

    Unless it is `durable`, it leaves it to the operating system when to write: killed processes lose nothing by that.
    """
    kept = SERVERS / fingerprint()
    SERVERS.mkdir(parents=True, exist_ok=True)
    with (SERVERS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            _make_server(kept)
    subprocess.run(["cp", "-a", str(kept / "pg"), str(directory / "pg")], check=True)
    if not durable:
        with (directory / "pg" / "postgresql.auto.conf").open("a") as settings:
            settings.write("fsync = off\n")
    return EmbeddedPostgres(directory / "pg")


def name() -> str:
    """The template for today's migrations, which is there as soon as a copy is."""
    return PREFIX + fingerprint()


def fingerprint(root: Path = ROOT) -> str:
    """Differs where a migration does, or the version of a package: some have migrations of their own.

    After the migrations, the groups get permissions for the models that the admin shows.
    """
    seen = hashlib.sha256()
    groups = sorted(root.glob("admin/*.py"))
    for file in [root / "requirements.txt", *sorted(root.glob("*/migrations/*.py")), *groups]:
        if file.exists():
            seen.update(file.read_bytes())
    return seen.hexdigest()[:16]


@contextmanager
def _in_turn() -> Iterator[Connection]:
    """A session of this process's server outside all copied databases, one process at a time."""
    with _session(MAINTENANCE) as server:
        server.execute("SELECT pg_advisory_lock(%s)", [TURN])
        yield server


def _session(database: str) -> Connection:
    """A session of this process's server that Django does not know of."""
    session = connection.get_new_connection(connection.get_connection_params() | {"dbname": database})
    session.autocommit = True
    return session


def _ensure(server: Connection) -> None:
    """Make the template where it is missing.

    Templates of other migrations are dropped, except one that somebody copies just now.
    """
    making = f"{name()}_making"
    if name() in _templates(server):
        return
    for old in _templates(server):
        with suppress(ObjectInUse, UndefinedObject):
            server.execute(f'DROP DATABASE IF EXISTS "{old}"')
    server.execute(f'CREATE DATABASE "{making}"')
    _migrate(making)
    server.execute(f'ALTER DATABASE "{making}" RENAME TO "{name()}"')


def _templates(server: Connection) -> set[str]:
    rows = server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
    return {found for (found,) in rows}


def _migrate(database: str) -> None:
    with lent_to(database):
        call_command("migrate", verbosity=0)


@contextmanager
def lent_to(database: str) -> Iterator[None]:
    """Django's connection works in `database` meanwhile."""
    own = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own


def _make_server(kept: Path) -> None:
    """Keep a stopped, migrated server in `kept`, and none of other migrations."""
    for old in SERVERS.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
    making = kept.with_name("making")
    making.mkdir()
    with EmbeddedPostgres(making / "pg") as server:
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v0"],
            cwd=ROOT,
            env={**os.environ, "DEBUG": "1", "DATABASE_URL": server.url()},
            check=True,
            timeout=300,
        )
    making.rename(kept)
