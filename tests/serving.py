"""The web server as production runs it: gunicorn with its own settings, DEBUG unset, real sockets."""

import fcntl
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import quote, urlencode
from urllib.request import urlopen

from cryptography.fernet import Fernet

from tests.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[1]
READY_S = 120
BEHIND_PROXY = {"X-Forwarded-Proto": "https", "Host": "127.0.0.1"}
"""What the proxy in front adds: without it production sends everybody to HTTPS."""


def free_port() -> int:
    """A port on 127.0.0.1 that nothing listens at just now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def database_url(settings: dict[str, Any]) -> str:
    """The URL of Django's database `settings` (a connection's `settings_dict`)."""
    login = f"{quote(settings['USER'])}:{quote(settings['PASSWORD'], safe='')}@" if settings["USER"] else ""
    query = {name: settings[name.upper()] for name in ("host", "port") if settings[name.upper()]}
    return f"postgresql://{login}/{quote(settings['NAME'])}?{urlencode(query, quote_via=quote)}"


@cache
def collected_static() -> Path:
    """The static files as production has them, collected anew once per run of tests, whichever process is first."""
    target = ROOT / ".local" / "test-static"
    target.parent.mkdir(exist_ok=True)
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", "")
    with target.with_suffix(".lock").open("a+") as collected_by:
        fcntl.flock(collected_by, fcntl.LOCK_EX)
        collected_by.seek(0)
        if run and collected_by.read() == run:
            return target
        subprocess.run(
            [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "DATABASE_URL": "postgres://nobody@127.0.0.1/nothing",
                "SECRET_KEY": secrets.token_urlsafe(50),
                "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
                "STATIC_ROOT": str(target),
            },
            check=True,
            timeout=120,
        )
        collected_by.truncate(0)
        collected_by.write(run)
    return target


class WebServer:
    """A gunicorn on a port of its own for the block. `log` is what it wrote to standard error.

    `fernet_keys`: where the database's secrets were written by another process, the keys of that process.
    `application`: the WSGI module, where a test needs another than the product's. `root`: the folder of the product.
    """

    def __init__(
        self,
        database_url: str,
        log: Path,
        *,
        fernet_keys: tuple[str, ...] = (),
        application: str = "config.wsgi",
        root: Path = ROOT,
        **environment: str,
    ) -> None:
        self.log, self._application, self._root = log, application, root
        self.port = free_port()
        self.environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment |= {
            "DATABASE_URL": database_url,
            "BIND": f"127.0.0.1:{self.port}",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "FIELD_ENCRYPTION_KEYS": ",".join(fernet_keys or (Fernet.generate_key().decode(),)),
            "ALLOWED_HOSTS": "127.0.0.1",
            "PUBLIC_URL": "https://holdfast.example",
            "TRUSTED_PROXY": "1",
            **environment,
        }
        if "DEBUG" not in self.environment and "STATIC_ROOT" not in self.environment:
            self.environment["STATIC_ROOT"] = str(collected_static())

    def __enter__(self) -> "WebServer":
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", self._application],
                cwd=self._root,
                env=self.environment,
                stderr=log,
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """The process of gunicorn's arbiter."""
        return self._process.pid

    def post(
        self, path: str, body: bytes | Iterable[bytes], headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of an answer, over a connection of its own. A body in pieces is sent chunked."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request("POST", path, body, BEHIND_PROXY | (headers or {}))
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def manage(self, *arguments: str) -> str:
        """What a management command prints, run with the server's environment."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self._root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr[-2_000:]
        return done.stdout

    def _wait(self) -> None:
        until = time.monotonic() + READY_S
        while True:
            try:
                with urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2):
                    return
            except (URLError, OSError):
                if self._process.poll() is not None or time.monotonic() > until:
                    words = self.log.read_text(errors="replace")[-2_000:]
                    raise AssertionError(f"the web server did not start: {words}") from None
                time.sleep(0.1)
