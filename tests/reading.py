"""What PostgreSQL reads for a statement: the rows that it looks at, by the plan that it really ran."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection


@dataclass
class Read:
    """One SELECT, and how many rows of tables it looked at, those included that it then left out.

    Unlike buffers these do not depend on what earlier tests have left dead in the table.
    """

    sql: str
    rows: int


@contextmanager
def reads(text: str) -> Iterator[list[Read]]:
    """The SELECTs of the block that hold `text`, each explained just before it runs."""
    found: list[Read] = []

    def explain(execute, sql, params, many, context):
        if sql.lstrip(" \n(").startswith("SELECT") and text in sql:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", params)
                (plan,) = cursor.fetchone()
            found.append(Read(sql, _rows((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield found


def _rows(node: dict) -> int:
    own = 0
    if "Relation Name" in node:
        left_out = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        own = round((node["Actual Rows"] + left_out) * node["Actual Loops"])
    return own + sum(map(_rows, node.get("Plans", ())))
