"""Starts the programs that the product needs, with the files of deploy/: PostgreSQL, PgBouncer, Redis and nginx."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
ROLES = ("owner", "web", "worker")
PATIENCE_S = 180
_given: set[int] = set()


class Failed(Exception):
    """The rehearsal cannot go on; the message says why."""


class Machine:
    """The folder of one installation, with `etc`, `log` and `releases`, and the processes that were started for it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        for folder in ("etc", "log", "releases"):
            (home / folder).mkdir(parents=True)
        self._started: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, name: str, *command: object, **options: Any) -> subprocess.Popen[bytes]:
        """Starts a process in a process group of its own. Its output is written to the log `name`."""
        with (self.home / "log" / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [str(part) for part in command], stdout=log, stderr=log, start_new_session=True, **options
            )
        self._started.append((name, process))
        return process

    def run(self, *command: object, check: bool = True, **options: Any) -> str:
        """Runs a command and returns its output. Raises Failed if it cannot run, or if it fails and `check` is True."""
        words = [str(part) for part in command]
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
        except OSError as error:
            raise Failed(f"{' '.join(words)} cannot be run: {error}") from error
        if check and done.returncode:
            raise Failed(f"{' '.join(words)}\n{(done.stdout + done.stderr)[-3_000:]}")
        return done.stdout

    def stop_all(self) -> None:
        """Stops the processes that still run, latest first."""
        for _, process in reversed(self._started):
            stop(process)

    def render(self, shipped: str, to: str, instead: dict[str, str]) -> Path:
        """Copies a file of deploy/ to `etc` and replaces texts as `instead` says. Raises Failed if one is missing."""
        text = (DEPLOY / shipped).read_text(encoding="utf-8")
        for there, here in instead.items():
            if there not in text:
                raise Failed(f"deploy/{shipped} has no {there!r}: deploy/rehearsal follows it")
            text = text.replace(there, here)
        (self.home / "etc" / to).write_text(text, encoding="utf-8")
        return self.home / "etc" / to


class Server:
    """A PostgreSQL server with the three roles of deploy/postgres. Every role logs in with a password."""

    def __init__(self, machine: Machine, name: str) -> None:
        self.port, self._machine = free_port(), machine
        self.passwords = {role: secrets.token_hex(16) for role in (*ROLES, "postgres")}
        self.bin, self._home = programs(), machine.home / name
        self._home.mkdir()
        user = as_servant(self._home)
        (self._home / "password").write_text(self.passwords["postgres"])
        (self._home / "password").chmod(0o644)
        initdb = ("-A", "scram-sha-256", "-U", "postgres", "--pwfile", self._home / "password", "-E", "UTF8")
        machine.run(self.bin / "initdb", *initdb, "--no-sync", "-D", self._home / "data", **user)
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "max_connections": 200}
        given = [f"-c{key}={value}" for key, value in options.items()]
        sockets = f"-cunix_socket_directories={self._home}"
        self._process = machine.start(
            name, self.bin / "postgres", "-D", self._home / "data", sockets, *given, **user
        )
        wait_for(self._answers, f"{name} answers")
        passwords = [f"-v{role}_password={self.passwords[role]}" for role in ROLES]
        machine.run(
            "psql", "-qX", self.url("postgres", "postgres"), *passwords, "-f", DEPLOY / "postgres/roles.sql"
        )

    def url(self, role: str, database: str = "holdfast", port: int | None = None) -> str:
        name = role if role == "postgres" else f"holdfast_{role}"
        return f"postgres://{name}:{self.passwords[role]}@127.0.0.1:{port or self.port}/{database}"

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url("postgres"), autocommit=True) as session:
            return session.execute(statement).fetchall()  # type: ignore[call-overload]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Suspends the server's processes during the `with` block. The kernel still accepts connections for them."""
        stopped = [psutil.Process(self._process.pid)]
        try:
            stopped[0].suspend()  # the parent comes first, so that it starts no more children
            stopped += stopped[0].children(recursive=True)
            for process in stopped[1:]:
                with suppress(psutil.NoSuchProcess):
                    process.suspend()
            yield
        finally:
            for process in stopped:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def restore(self, dump: Path) -> None:
        """Restores the dump as docs/operations.md describes."""
        how = ("--exit-on-error", "--no-owner", "--role=holdfast_owner", "-d", self.url("postgres"))
        self._machine.run(self.bin / "pg_restore", *how, dump)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres", "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def start_pooler(machine: Machine, server: Server) -> int:
    """Starts PgBouncer in front of `server`. Returns PgBouncer's port."""
    port = free_port()
    users = machine.home / "etc" / "userlist.txt"
    users.write_text("".join(f'"holdfast_{role}" "{server.passwords[role]}"\n' for role in ROLES))
    settings = machine.render(
        "pgbouncer/pgbouncer.ini",
        "pgbouncer.ini",
        {
            "port=5432": f"port={server.port}",
            "listen_port = 6432": f"listen_port = {port}\nunix_socket_dir =",
            "/etc/pgbouncer/userlist.txt": str(users),
        },
    )
    machine.start("pgbouncer", "pgbouncer", settings, cwd="/", **as_servant(machine.home / "etc"))
    wait_for(lambda: is_open(port), "PgBouncer listens")
    return port


def start_redis(machine: Machine) -> str:
    """Starts Redis, for wake-ups, on a free port. Returns its URL."""
    port = free_port()
    machine.start(
        "redis", "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"
    )
    wait_for(lambda: is_open(port), "Redis listens")
    return f"redis://127.0.0.1:{port}/0"


def start_nginx(machine: Machine, webs: tuple[int, int]) -> tuple[str, Path]:
    """Starts nginx in front of the web processes at the ports `webs`. Returns its URL and its certificate's path."""
    etc, port = machine.home / "etc", free_port()
    name = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    files = ("-keyout", etc / "privkey.pem", "-out", etc / "fullchain.pem")
    machine.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *name, *files)
    shipped = nginx_site(machine, port, webs)
    (etc / "nginx.conf").write_text(
        f"{'user root; ' * (os.geteuid() == 0)}daemon off; pid {etc}/nginx.pid; error_log {etc}/nginx.log;\n"
        "events {}\n"
        f"http {{ access_log off; client_body_temp_path {etc}/body; proxy_temp_path {etc}/proxy;\n"
        f"include {shipped}; }}\n"
    )
    machine.run("nginx", "-t", "-p", etc, "-c", etc / "nginx.conf")
    machine.start("nginx", "nginx", "-p", etc, "-c", etc / "nginx.conf")
    wait_for(lambda: is_open(port), "nginx listens")
    return f"https://localhost:{port}", etc / "fullchain.pem"


def nginx_site(machine: Machine, port: int, webs: tuple[int, int]) -> Path:
    """Copies the file in deploy/nginx with the ports of nginx and of the web processes. Returns the copy's path."""
    return machine.render(
        "nginx/holdfast.conf",
        "holdfast.conf",
        {
            "listen 80;": f"listen 127.0.0.1:{free_port()};",
            "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
            "server_name holdfast.example.com;": "server_name localhost;",
            "127.0.0.1:8000": f"127.0.0.1:{webs[0]}",
            "127.0.0.1:8010": f"127.0.0.1:{webs[1]}",
            "/etc/ssl/holdfast/": f"{machine.home}/etc/",
            "/var/log/nginx/": f"{machine.home}/log/",
        },
    )


def as_servant(folder: Path) -> dict[str, Any]:
    """Returns options of Popen for programs that refuse to run as root: another user, who gets `folder`. {} if not
    root.
    """
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise Failed("There is no user for PostgreSQL to run as.")


def programs() -> Path:
    """Returns the folder of PostgreSQL's programs: Debian's newest, or else the one in PATH, or else the demo's."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    if inside := shutil.which("initdb"):
        return Path(inside).parent
    from demo.postgres_user import bin_dir

    return bin_dir()


def free_port() -> int:
    """Returns a new free port of four digits. The port with a number 10,000 higher, for `/healthz`, is free too."""
    while True:
        port = secrets.choice(range(2_000, 9_999))
        if port not in _given and not is_open(port) and not is_open(10_000 + port):
            _given.add(port)
            return port


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition: Callable[[], object], what: str, every_s: float = 0.2) -> None:
    """Waits until `condition()` is true. Raises Failed with `what` after PATIENCE_S seconds."""
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            raise Failed(f"Not in {PATIENCE_S} s: {what}")
        time.sleep(every_s)


def stop(process: subprocess.Popen[bytes], within_s: float = 60) -> None:
    """Stops a process as systemd does with KillMode=mixed: SIGTERM to the parent, then SIGKILL to the whole group."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(within_s)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
