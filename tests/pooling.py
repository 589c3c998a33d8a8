"""PgBouncer in front of an embedded PostgreSQL, with the settings that deploy/ ships."""

import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path
from typing import Self

from demo.postgres import EmbeddedPostgres
from demo.postgres_user import run_as_server
from tests.serving import free_port
from tests.waiting import PATIENCE_S

PGBOUNCER = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
"""Debian puts it where the PATH of an ordinary user does not look."""
SHIPPED = Path(__file__).resolve().parents[1] / "deploy" / "pgbouncer" / "pgbouncer.ini"


class Pooler:
    """A PgBouncer on a port of its own, with `pool` server connections. It runs in the `with` block."""

    def __init__(self, postgres: EmbeddedPostgres, pool: int, settings: dict[str, str] | None = None) -> None:
        self._postgres, self._pool, self._changes = postgres, pool, settings or {}
        self.port = free_port()

    def url(self, database: str = "holdfast") -> str:
        """The URL of `database` behind it; "pgbouncer" is its own console."""
        return f"postgresql://holdfast@127.0.0.1:{self.port}/{database}"

    def __enter__(self) -> Self:
        """Run it as the server's user, who alone may use the server's socket."""
        prefix, identity = run_as_server(self._postgres.data_dir)
        path = self._postgres.data_dir / "pgbouncer.ini"
        with path.open("w") as file:
            self._settings().write(file)
        path.chmod(0o644)
        with self._postgres.data_dir.with_name("pgbouncer.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*prefix, PGBOUNCER, str(path)], stdout=log, stderr=log, cwd="/", **identity
            )
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_S)

    def _settings(self) -> ConfigParser:
        """The file that is shipped, with this server and without logins."""
        settings = ConfigParser(interpolation=None)
        settings.read(SHIPPED)
        server = f"host={self._postgres.socket_dir} port=5432 dbname=holdfast user=holdfast"
        settings["databases"]["holdfast"] = server
        settings["databases"]["*"] = f"host={self._postgres.socket_dir} port=5432 user=holdfast"
        del settings["pgbouncer"]["auth_file"]
        settings["pgbouncer"].update(
            {
                "listen_port": str(self.port),
                "unix_socket_dir": "",
                "auth_type": "any",
                "default_pool_size": str(self._pool),
                "reserve_pool_size": "0",
                "max_prepared_statements": "0",
                **self._changes,
            }
        )
        return settings
