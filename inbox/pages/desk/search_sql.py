"""The SQL statement with which the search reads leads or messages. It reads a bounded number of rows for any input.

Each step is fenced (MATERIALIZED, LATERAL with a limit, WordsQuery), so that the planner has only one plan:

1. `few`: if the list has few leads, the newest hit of each.
2. `newest` and `near`: otherwise the hits among the newest rows.
3. `older` and `far`: if these are too few, the hits that the indexes find.
4. `floor`: if the indexes find too many, how far back the newest rows reach. The next page starts there.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, Model, Q, QuerySet
from django.db.models.expressions import RawSQL

from inbox.models import Lead, Message, Workspace
from inbox.models.words import TEXT_CHARS

FEW = 500
"""If a list has no more leads than this, each lead is checked."""
NEWEST: dict[type[Model], int] = {Message: 3_000, Lead: 150}
"""The newest rows that are read before an index is used for older ones."""
OLDER = 5_000
"""The rows that are read by an index. A search with more of them continues from page to page."""
Place = tuple[datetime, UUID]
"""The place of a hit in the list: its time, and the id of the message or lead. Newer places come first."""
Row = tuple[UUID, UUID, datetime, str, str]
"""A hit: the id of the message or lead, the lead's id, the time, and the message's subject and text."""

FRAME = """
WITH few (lead_id) AS MATERIALIZED ({few}),
newest (id, lead_id, at, matches) AS MATERIALIZED ({newest}),
near (id, lead_id, at) AS MATERIALIZED (
    SELECT hit.* FROM (
        SELECT * FROM (
            SELECT DISTINCT ON (lead_id) * FROM (
                SELECT id, lead_id, at FROM newest WHERE matches
                UNION ALL
                SELECT one.id, few.lead_id, one.at FROM few CROSS JOIN LATERAL ({of_few}) one (id, at)
                WHERE (SELECT count(*) FROM few) <= {few_limit} AND {place}
            ) hits ORDER BY lead_id, at DESC, id DESC
        ) leads ORDER BY at DESC, id DESC
    ) hit CROSS JOIN LATERAL ({listed}) listed WHERE {unseen} ORDER BY hit.at DESC, hit.id DESC LIMIT {want}
),
older (id, lead_id, at) AS MATERIALIZED (
    SELECT * FROM ({older}) found (id, lead_id, at)
    WHERE (SELECT count(*) FROM near) < {want} AND (SELECT count(*) FROM newest) = {newest_limit}
    LIMIT {older_limit} + 1
),
far (id, lead_id, at) AS MATERIALIZED (
    SELECT hit.* FROM (
        SELECT * FROM (
            SELECT DISTINCT ON (lead_id) * FROM older
            WHERE (SELECT count(*) FROM older) <= {older_limit} AND {place}
              AND lead_id NOT IN (SELECT lead_id FROM near)
            ORDER BY lead_id, at DESC, id DESC
        ) leads ORDER BY at DESC, id DESC
    ) hit CROSS JOIN LATERAL ({listed}) listed WHERE {unseen} ORDER BY hit.at DESC, hit.id DESC LIMIT {want}
),
floor (id, lead_id, at) AS (
    SELECT id, NULL::uuid, at FROM newest WHERE (SELECT count(*) FROM older) > {older_limit} ORDER BY at, id LIMIT 1
)
SELECT found.id, found.lead_id, found.at, coalesce(m.subject, ''), coalesce(left(m.text, {chars}), '')
FROM (SELECT * FROM near UNION ALL SELECT * FROM far UNION ALL SELECT * FROM floor) found
LEFT JOIN inbox_message m ON m.id = found.id
ORDER BY found.at DESC, found.id DESC
"""
OF_HIT, OF_FEW = RawSQL("hit.lead_id", ()), RawSQL("few.lead_id", ())
"""The current lead in the subqueries that run once per row."""


@dataclass(frozen=True)
class Read:
    """Hits, one for each lead, newest first, complete down to the place `floor`. It is None if no older hit exists."""

    rows: list[Row]
    floor: Place | None = None


@dataclass(frozen=True)
class Steps:
    """The queries of one search of `model`. Each selects the columns that FRAME names beside it.

    - `few`: the leads of the list.
    - `of_few`: the newest hit of OF_FEW.
    - `newest`: unsliced rows, each with whether it matches.
    - `older`: hits, one query for each index.
    - `listed`: OF_HIT, if the list contains it.
    - `seen`: a hit of OF_HIT that previous pages have shown.
    """

    model: type[Model]
    few: QuerySet[Any, Any]
    of_few: QuerySet[Any, Any]
    newest: QuerySet[Any, Any]
    older: list[QuerySet[Any, Any]]
    listed: QuerySet[Any, Any]
    seen: QuerySet[Any, Any] | None

    def read(self, place: Place | None, want: int) -> Read:
        """Returns the `want` newest hits after `place`, one per lead, by one statement. None starts at the newest."""
        not_few = RawSQL("(SELECT count(*) FROM few) > %s", (FEW,), BooleanField())
        newest = NEWEST[self.model]
        parts = {
            "few": _sql(self.few[: FEW + 1]),
            "of_few": _sql(self.of_few[:1]),
            "newest": _sql(self.newest.filter(not_few)[:newest]),
            "older": _union([_sql(way.order_by()[: OLDER + 1]) for way in self.older]),
            "listed": _sql(self.listed.order_by()[:1]),
            "unseen": _absent(_sql(self.seen[:1])) if self.seen is not None else ("true", ()),
            "place": ("(at, id) < (%s, %s)", place) if place else ("true", ()),
            "want": ("%s", (want,)),
            "few_limit": ("%s", (FEW,)),
            "newest_limit": ("%s", (newest,)),
            "older_limit": ("%s", (OLDER,)),
            "chars": ("%s", (TEXT_CHARS,)),
        }
        statement = FRAME.format(**{name: sql for name, (sql, _) in parts.items()})
        params = [param for name in re.findall(r"{(\w+)}", FRAME) for param in parts[name][1]]
        with connection.cursor() as cursor:
            cursor.execute(statement, params)
            rows = cursor.fetchall()
        hits = [row for row in rows if row[1] is not None]
        last = rows[-1] if len(rows) > len(hits) or len(hits) == want else None
        return Read(hits, (last[2], last[0]) if last else None)


def workspace_unindexed(model: type[Model], workspace: Workspace) -> RawSQL:
    """Returns a filter for rows of `workspace` that uses no index, so that another condition's index is used."""
    return RawSQL(f"({model._meta.db_table}.workspace_id = %s) IS TRUE", (workspace.pk,), BooleanField())


def older_than(time_field: str, place: Place | None) -> Q:
    """Returns a filter for the rows after `place`, newest first by `time_field` and id. None keeps all rows."""
    if place is None:
        return Q()
    at, pk = place
    # The second condition implies the first, but an index scan can start only at the first.
    return Q(**{f"{time_field}__lte": at}) & (
        Q(**{f"{time_field}__lt": at}) | Q(**{time_field: at, "pk__lt": pk})
    )


def not_older_than(time_field: str, place: Place) -> Q:
    """Returns a filter for rows at `place` in the list or before it."""
    at, pk = place
    return Q(**{f"{time_field}__gt": at}) | Q(**{time_field: at, "pk__gte": pk})


def _sql(query: QuerySet[Any, Any]) -> tuple[str, tuple[Any, ...]]:
    return query.query.sql_with_params()


def _union(queries: list[tuple[str, tuple[Any, ...]]]) -> tuple[str, tuple[Any, ...]]:
    parts = " UNION ALL ".join(f"({sql})" for sql, _ in queries)
    return parts, tuple(param for _, params in queries for param in params)


def _absent(query: tuple[str, tuple[Any, ...]]) -> tuple[str, tuple[Any, ...]]:
    # PostgreSQL could turn NOT EXISTS into a join that reads every hit.
    return f"({query[0]}) IS NULL", query[1]
