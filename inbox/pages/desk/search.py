"""Searches the leads of one workspace by words, address, phone number in any spelling, or id.

The lead with the newest hit comes first. Words match by prefix ("roof" finds "Roofing"), and phone numbers by their
last digits ("555-0119" finds +15555550119). A search covers the lead's own names, addresses, numbers and ids, and its
messages.

Any search reads a limited number of rows. docs/adr/0072-a-search-reads-the-newest-first.md explains how and why.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, F, Model, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.http import Http404

from inbox.models import Lead, Message, Workspace
from inbox.models.words import TEXT_CHARS, HasWords
from inbox.pages.desk.search_terms import Part, Typed
from inbox.pages.pagination import EPOCH, PAGE_SIZE, KeysetPage

FEW = 500
"""If a list has no more leads than this, each of its leads is checked for a hit."""
NEWEST: dict[type[Model], int] = {Message: 3_000, Lead: 150}
"""The number of newest rows, by model, that are read before an index is used to find older hits."""
OLDER = 5_000
"""The maximum number of hits that are read by an index. If there are more, the search continues from page to page."""
Place = tuple[datetime, UUID]
"""The position of a hit in the list: its time, and the id of the message or lead. Newer hits come first."""
Row = tuple[UUID, UUID, datetime, str, str]
"""A hit: the id of the message or lead, the lead's id, the time, and the subject and text of the message."""

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
"""The statement with which the search reads leads or messages: a bounded number of rows for any input.

Each step is fenced (MATERIALIZED, LATERAL with a limit, WordsQuery), so that the planner has only one plan:

1. `few`: if the list has few leads, the newest hit of each.
2. `newest` and `near`: otherwise the hits among the newest rows.
3. `older` and `far`: if these are too few, the hits that the indexes find.
4. `floor`: if the indexes find too many, how far back the newest rows reach. The next page starts there.
"""
OF_HIT, OF_FEW = RawSQL("hit.lead_id", ()), RawSQL("few.lead_id", ())
"""The lead of the current row, for the subqueries that FRAME runs once per row."""


@dataclass(frozen=True)
class Read:
    """Hits, one per lead, newest first. They are complete down to the place `floor`, or, without it, to the end."""

    rows: list[Row]
    floor: Place | None = None


@dataclass(frozen=True)
class Steps:
    """The queries of one search of `model`. Each statement selects the columns that FRAME names beside it.

    - `few`: the leads of the list.
    - `of_few`: the newest hit of the lead OF_FEW.
    - `newest`: unsliced rows, each with whether it matches.
    - `older`: hits, one query for each index.
    - `listed`: the lead OF_HIT, if the list contains it.
    - `seen`: a hit of the lead OF_HIT that previous pages have shown.
    """

    model: type[Model]
    few: QuerySet[Any, Any]
    of_few: QuerySet[Any, Any]
    newest: QuerySet[Any, Any]
    older: list[QuerySet[Any, Any]]
    listed: QuerySet[Any, Any]
    seen: QuerySet[Any, Any] | None

    def read(self, place: Place | None, want: int) -> Read:
        """Returns the `want` newest hits after `place` (None: from the start), one per lead. Makes one query."""
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
    """Returns a filter for the rows of `workspace` that uses no index, so that another condition's index is used."""
    return RawSQL(f"({model._meta.db_table}.workspace_id = %s) IS TRUE", (workspace.pk,), BooleanField())


def older_than(time_field: str, place: Place | None) -> Q:
    """Returns a filter for the rows that follow `place`, newest first by `time_field` and id; all rows for None."""
    if place is None:
        return Q()
    at, pk = place
    # The second condition implies the first, but an index scan can start only at the first condition.
    return Q(**{f"{time_field}__lte": at}) & (
        Q(**{f"{time_field}__lt": at}) | Q(**{time_field: at, "pk__lt": pk})
    )


def not_older_than(time_field: str, place: Place) -> Q:
    """Returns a filter for the row at `place`, and the rows before it, in the order newest first."""
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


FAR = 99
"""The number up to which a search counts its hits. It reads one more, to know whether there are more."""
TYPOS = "~"
"""The beginning of the cursor of a list in which names matched with one typo."""


@dataclass(frozen=True)
class Hit:
    """A lead that the search found.

    `at` is the time of the matching message, or of the lead's last message if the lead's own fields matched. `snippet`
    is an excerpt of the message, in pieces.
    """

    lead_id: UUID
    at: datetime
    id: UUID
    snippet: list[Part]


@dataclass(frozen=True)
class Found:
    """One page of a search's hits. `after` is the cursor of the next page, or None. `typos`: whether the hits match
    only with one typo.

    `count` is the number of leads on the previous pages, on this one, and on those read ahead: at most FAR + 1.
    """

    hits: list[Hit]
    count: int
    after: str | None
    typos: bool = False


def search_page(
    leads: QuerySet[Lead], workspace: Workspace, text: str, *, after: str = "", size: int = PAGE_SIZE
) -> tuple[KeysetPage, int]:
    """Returns one page of leads with a hit, and the number of hits. Each lead has its Hit as `hit`.

    `before` of the page is None, because users can only move to older hits. Raises Http404 for an invalid cursor.
    """
    hits = search(leads, workspace, text, after=after, size=size)
    rows = leads.in_bulk([hit.lead_id for hit in hits.hits])
    for hit in hits.hits:
        if hit.lead_id in rows:  # the lead may have left the list since the search
            rows[hit.lead_id].hit = hit  # type: ignore[attr-defined]
    listed = [rows[hit.lead_id] for hit in hits.hits if hit.lead_id in rows]
    return KeysetPage(listed, hits.after, None), hits.count


def following(leads: QuerySet[Lead], workspace: Workspace, text: str, lead: Lead) -> Lead | None:
    """Returns the lead after `lead` in the list of hits; None if `lead` is the last of them, or not one of them."""
    alone = search(Lead.objects.filter(workspace=workspace, pk=lead.pk), workspace, text, size=1)
    if not alone.hits:
        return None
    place = alone.hits[0].at, alone.hits[0].id
    page, _ = search_page(leads, workspace, text, after=_cursor(place, 0, typos=alone.typos), size=1)
    return next(iter(page.rows), None)


def search(
    leads: QuerySet[Lead],
    workspace: Workspace,
    text: str,
    *,
    after: str = "",
    size: int = PAGE_SIZE,
    by_messages: bool = True,
) -> Found:
    """Returns `size` of the `leads` that match `text` after the cursor `after`, newest hits first. If no lead matches,
    this page and the following ones hold the leads whose names match with one typo.

    An empty text matches nothing. Without `by_messages`, only the leads' own fields are searched. Raises Http404 for an
    invalid cursor.
    """
    typed = Typed.read(workspace, text)
    if typed is None:
        return Found([], 0, None)
    if not after.startswith(TYPOS):
        exact = _search(leads, workspace, typed, after, size, by_messages)
        if after or exact.hits or exact.after:
            return exact
    near = replace(typed, typos=True)
    return _search(leads, workspace, near, after.removeprefix(TYPOS), size, by_messages=False)


def _search(
    leads: QuerySet[Lead], workspace: Workspace, typed: Typed, after: str, size: int, by_messages: bool
) -> Found:
    shown, place = _read_cursor(after) if after else (0, None)
    want = max(size, FAR) + 1
    sources = [_by_itself(leads, workspace, typed, place).read(place, want)]
    if typed.words and by_messages:
        sources.append(_by_messages(leads, workspace, typed, place).read(place, want))
    rows = sorted((row for source in sources for row in source.rows), key=_place, reverse=True)
    floor = max((source.floor for source in sources if source.floor), default=None)
    if floor:
        rows = [row for row in rows if _place(row) >= floor]
    page = rows[:size]
    if len(rows) > size:
        floor = _place(page[-1])
    hits = [Hit(lead, at, pk, typed.snippet(body, subject)) for pk, lead, at, subject, body in page]
    count = min(shown + len(rows), FAR + 1)
    further = _cursor(floor, shown + len(page), typos=typed.typos) if floor else None
    return Found(hits, count, further, typed.typos)


def matches(leads: QuerySet[Lead], workspace: Workspace, text: str) -> QuerySet[Lead]:
    """Returns the `leads` whose own fields match `text`, even if they have no messages. An empty text matches none."""
    typed = Typed.read(workspace, text)
    if typed is None:
        return leads.none()
    ours = Lead.objects.filter(workspace=workspace)
    ways = [typed.identity, *typed.phones, *filter(None, [typed.names])]
    # The query is a union of index look-ups, because an OR over them would read every lead of the workspace.
    first, *further = (ours.filter(way).order_by().values("pk") for way in ways)
    return leads.filter(pk__in=first.union(*further))


def _place(row: Row) -> Place:
    return row[2], row[0]


def _cursor(place: Place, shown: int, *, typos: bool) -> str:
    return f"{TYPOS * typos}{shown}.{(place[0] - EPOCH) // timedelta(microseconds=1)}-{place[1]}"


def _read_cursor(cursor: str) -> tuple[int, Place]:
    shown, _, place = cursor.partition(".")
    microseconds, _, pk = place.partition("-")
    try:
        return max(0, int(shown)), (EPOCH + timedelta(microseconds=int(microseconds)), UUID(pk))
    except (ValueError, OverflowError):
        raise Http404("This page doesn’t exist.") from None


def _by_itself(leads: QuerySet[Lead], workspace: Workspace, typed: Typed, place: Place | None) -> Steps:
    """Returns the search for leads whose own names, addresses, numbers or ids match."""
    ours = Lead.objects.filter(workspace=workspace, last_message_at__isnull=False)
    matches_name = _named(typed)
    newest = ours.filter(older_than("last_message_at", place)).order_by("-last_message_at", "-pk")
    older = [ours.filter(way) for way in (typed.identity, *typed.phones)]
    if typed.names:
        older.append(
            Lead.objects.filter(
                typed.names, workspace_unindexed(Lead, workspace), last_message_at__isnull=False
            )
        )
    return Steps(
        Lead,
        few=leads.order_by("-last_message_at").values("pk"),
        of_few=ours.filter(matches_name, pk=OF_FEW).values("pk", "last_message_at"),
        newest=newest.annotate(lead=F("pk"), matches=ExpressionWrapper(matches_name, BooleanField())).values(
            "pk", "lead", "last_message_at", "matches"
        ),
        older=[way.annotate(lead=F("pk")).values("pk", "lead", "last_message_at") for way in older],
        listed=leads.filter(pk=OF_HIT).values("pk"),
        seen=None,
    )


def _by_messages(leads: QuerySet[Lead], workspace: Workspace, typed: Typed, place: Place | None) -> Steps:
    """Returns the search for leads whose messages match, without the leads whose own fields match."""
    has_words = HasWords(F("found_by"), typed.in_messages)
    matches = Coalesce(has_words, False, output_field=BooleanField())  # this expression uses no index
    ours = Message.objects.filter(workspace=workspace)
    anywhere = Message.objects.filter(workspace_unindexed(Message, workspace))
    newest = ours.filter(older_than("received_at", place)).order_by("-received_at", "-pk")
    hits = anywhere.filter(matches)
    return Steps(
        Message,
        few=leads.order_by("-last_message_at").values("pk"),
        of_few=hits.filter(lead=OF_FEW).order_by("-received_at", "-pk").values("pk", "received_at"),
        newest=newest.annotate(matches=matches).values("pk", "lead", "received_at", "matches"),
        older=[anywhere.filter(has_words).values("pk", "lead", "received_at")],
        listed=leads.filter(~_named(typed), pk=OF_HIT).values("pk"),
        seen=hits.filter(not_older_than("received_at", place), lead=OF_HIT).values("pk") if place else None,
    )


def _named(typed: Typed) -> Q:
    """Returns the filter for leads whose own fields match. It is used to test one lead at a time."""
    return reduce(or_, [typed.identity, *typed.phones, *filter(None, [typed.names])])
