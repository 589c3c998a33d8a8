"""What PostgreSQL reads for a statement: its plan, and the buffers that it touched."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection


@dataclass
class Read:
    """One SELECT: the pages of 8 kB that it touched in memory or on disk, and the names of the indexes it used."""

    sql: str
    buffers: int
    indexes: set[str] = field(default_factory=set)


@contextmanager
def reads(text: str) -> Iterator[list[Read]]:
    """The SELECTs of the block that hold `text`, each explained just before it runs."""
    found: list[Read] = []

    def explain(execute, sql, params, many, context):
        if sql.lstrip().startswith("SELECT") and text in sql:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
                (plan,) = cursor.fetchone()
            root = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
            buffers = root["Shared Hit Blocks"] + root["Shared Read Blocks"]
            found.append(Read(sql, buffers, set(_indexes(root))))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield found


def _indexes(node: dict) -> Iterator[str]:
    if "Index Name" in node:
        yield node["Index Name"]
    for child in node.get("Plans", ()):
        yield from _indexes(child)
