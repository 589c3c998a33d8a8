"""PgBouncer in transaction mode in front of an embedded PostgreSQL, as docs/operations.md allows it."""

import socket
import subprocess
from pathlib import Path

from config.postgres import EmbeddedPostgres
from config.postgres_user import run_as_server

SETTINGS = """[databases]
holdfast = host={socket} port=5432 dbname=holdfast user=holdfast
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {pool}
max_client_conn = 200
max_prepared_statements = 0
server_login_retry = 1
server_connect_timeout = 3
query_wait_timeout = 5
ignore_startup_parameters = extra_float_digits
"""


class Pooler:
    """A PgBouncer on a port of its own, with `pool` server connections. `process` is None until `start`."""

    def __init__(self, postgres: EmbeddedPostgres, pool: int) -> None:
        self._postgres, self._pool = postgres, pool
        self.process: subprocess.Popen | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def url(self, database: str = "holdfast") -> str:
        """The URL of `database` behind it; "pgbouncer" is its own console."""
        return f"postgresql://holdfast@127.0.0.1:{self.port}/{database}"

    def start(self, log: Path) -> subprocess.Popen:
        """Run it as the server's user, who alone may use the server's socket."""
        prefix, identity = run_as_server(self._postgres.data_dir)
        settings = self._postgres.socket_dir / "pgbouncer.ini"
        settings.write_text(
            SETTINGS.format(socket=self._postgres.socket_dir, port=self.port, pool=self._pool)
        )
        settings.chmod(0o644)
        with log.open("ab") as lines:
            self.process = subprocess.Popen(
                [*prefix, "pgbouncer", str(settings)], stdout=lines, stderr=lines, cwd="/", **identity
            )
        return self.process
