"""What PostgreSQL reads for a statement: the rows that it looks at, by the plan that it really ran."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection

from tests.waiting import until


@dataclass
class Read:
    """One SELECT, how many rows of tables it looked at, those included that it then left out, and how many buffers
    (pages of tables and indexes) it read.

    Unlike rows, buffers depend on what earlier tests have left dead in the table.
    """

    sql: str
    rows: int
    buffers: int


@contextmanager
def reads(text: str) -> Iterator[list[Read]]:
    """The SELECTs of the block that hold `text`, each explained just before it runs."""
    found: list[Read] = []

    def explain(execute, sql, params, many, context):
        if sql.lstrip(" \n(").startswith(("SELECT", "WITH")) and text in sql:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {sql}", params)
                (plan,) = cursor.fetchone()
            top = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
            found.append(Read(sql, _rows(top), top["Shared Hit Blocks"] + top["Shared Read Blocks"]))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield found


def vacuum(table: str) -> None:
    """VACUUM with statistics, after which PostgreSQL reads an index without its table. VACUUM marks only pages whose
    commits are on disk, and the server of the tests does not wait for the disk; and only rows that are older than each
    transaction in the database, such as one of autovacuum. FULL removes what earlier tests have left: wide indexes, and
    pages that a killed process has added and that VACUUM never marks.
    """

    def is_marked() -> bool:
        cursor.execute("SET synchronous_commit = on")
        cursor.execute(f"ANALYZE {table}")
        cursor.execute("RESET synchronous_commit")
        cursor.execute(f"VACUUM {table}")
        cursor.execute("SELECT relallvisible >= relpages FROM pg_class WHERE oid = %s::regclass", [table])
        return cursor.fetchone()[0]

    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (FULL) {table}")
        until(is_marked, f"all rows of {table} are older than other transactions")


def pages_of(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size(%s) / current_setting('block_size')::int", [table])
        return cursor.fetchone()[0]


def _rows(node: dict) -> int:
    own = 0
    if "Relation Name" in node:
        left_out = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        own = round((node["Actual Rows"] + left_out) * node["Actual Loops"])
    return own + sum(map(_rows, node.get("Plans", ())))
