"""Dumps the database while it is in use, and checks that a restored database is complete.

The dump and the list of its contents come from one database snapshot. For each table, the list of contents has the
number of rows and a checksum of the rows, but no row.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

from django.db import connection, transaction

from jobs.db import fetch

TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname
"""
CONTENTS = """
SELECT count(*), coalesce(sum(('x' || left(md5(one::text), 15))::bit(60)::bigint), 0)::text FROM {} AS one
"""
SCHEMA = """
SELECT 'constraint ' || conrelid::regclass || ' ' || conname FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND convalidated AND contype IN ('c', 'f', 'p', 'u', 'x')
UNION ALL SELECT 'index ' || indexrelid::regclass FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relnamespace = 'public'::regnamespace AND indisvalid
UNION ALL SELECT 'trigger ' || tgrelid::regclass || ' ' || tgname FROM pg_trigger
    WHERE NOT tgisinternal AND tgenabled = 'O'
UNION ALL SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace
ORDER BY 1
"""
BEHIND = """
SELECT class.relname, attname, pg_get_serial_sequence(quote_ident(class.relname), attname)
FROM pg_class AS class JOIN pg_attribute ON attrelid = class.oid AND attnum > 0 AND NOT attisdropped
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    AND pg_get_serial_sequence(quote_ident(class.relname), attname) IS NOT NULL
"""


class DumpFailed(Exception):
    """pg_dump is missing or has failed; the message is its output."""


def dump(file: Path) -> dict[str, Any]:
    """Dumps the database to `file` in pg_dump's custom format. Returns the dump's contents. Raises DumpFailed."""
    if which("pg_dump") is None:
        raise DumpFailed("pg_dump is not in PATH. On Debian: apt-get install postgresql-client")
    with transaction.atomic():
        fetch("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        _have_time()
        [(snapshot,)] = fetch("SELECT pg_export_snapshot()")
        client = connection.client.settings_to_cmd_args_env(connection.settings_dict, [])
        command = [
            "pg_dump",
            *client[0][1:],
            "--format=custom",
            f"--file={file}",
            f"--snapshot={snapshot}",
        ]
        done = subprocess.run(
            command, env={**os.environ, **(client[1] or {})}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise DumpFailed(done.stderr.strip()[-2_000:])
        return _contents()


def contents() -> dict[str, Any]:
    """Returns each table's row count and checksum (`tables`), and the names of objects that guard tables (`schema`)."""
    with transaction.atomic():
        _have_time()
        return _contents()


def missing(expected: dict[str, Any]) -> Iterator[str]:
    """Yields a sentence for each difference between the database and `expected`, the contents of a dump."""
    actual = contents()
    for table, (rows, total) in expected["tables"].items():
        now, sum_now = actual["tables"].get(table, (0, ""))
        if now != rows:
            yield f"{table}: {now} rows, but the dump had {rows}"
        elif sum_now != total:
            yield f"{table}: {rows} rows, some of which differ from the dump"
    for name in sorted(set(expected["schema"]) - set(actual["schema"])):
        yield f"{name} is not there"
    yield from _sequences_behind()


def _sequences_behind() -> Iterator[str]:
    quote = connection.ops.quote_name
    for table, column, sequence in fetch(BEHIND):
        newest = f"SELECT max({quote(column)}) FROM {quote(table)}"
        if fetch(f"SELECT coalesce(({newest}), 0) > last_value FROM {sequence}")[0][0]:
            yield f"{sequence} would give an ID that is already taken"


def _contents() -> dict[str, Any]:
    tables = {
        table: list(fetch(CONTENTS.format(connection.ops.quote_name(table)))[0]) for (table,) in fetch(TABLES)
    }
    return {"tables": tables, "schema": [name for (name,) in fetch(SCHEMA)]}


def _have_time() -> None:
    """Lifts the role's time limits for this transaction, because reading a large table takes minutes."""
    for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
        fetch("SELECT set_config(%s, '0', true)", [name])
