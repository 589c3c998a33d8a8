"""Searches the leads of one workspace by words, address, phone number in any spelling, or id.

The lead with the newest hit comes first. Words match by prefix ("roof" finds "Roofing"), and phone numbers by their
last digits ("555-0119" finds +15555550119). A search covers the lead's own names, addresses, numbers and ids, and its
messages.

The work is bounded for any input. docs/adr/0072-a-search-reads-the-newest-first.md explains how and why.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import Http404

from inbox.models import Lead, Message, Workspace
from inbox.models.words import HasWords
from inbox.pages.desk.search_sql import (
    OF_FEW,
    OF_HIT,
    Place,
    Row,
    Steps,
    not_older_than,
    older_than,
    workspace_unindexed,
)
from inbox.pages.desk.search_terms import Part, Typed
from inbox.pages.pagination import EPOCH, PAGE_SIZE, KeysetPage

FAR = 99
"""How many hits a search counts. It reads one more."""


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
    """One page of hits. `after` is the cursor of the next page, or None.

    `count` is the number of leads on the previous pages, on this one, and on those read ahead: at most FAR + 1.
    """

    hits: list[Hit]
    count: int
    after: str | None


def search_page(
    leads: QuerySet[Lead], workspace: Workspace, text: str, *, after: str = "", size: int = PAGE_SIZE
) -> tuple[KeysetPage, int]:
    """Returns one page of hits, and the count. Each row has its Hit as `hit`.

    `before` of the page is None, as one can only move to older hits. Raises Http404 for an invalid cursor.
    """
    hits = search(leads, workspace, text, after=after, size=size)
    rows = leads.in_bulk([hit.lead_id for hit in hits.hits])
    for hit in hits.hits:
        if hit.lead_id in rows:  # it may have left the list since then
            rows[hit.lead_id].hit = hit  # type: ignore[attr-defined]
    listed = [rows[hit.lead_id] for hit in hits.hits if hit.lead_id in rows]
    return KeysetPage(listed, hits.after, None), hits.count


def following(leads: QuerySet[Lead], workspace: Workspace, text: str, lead: Lead) -> Lead | None:
    """Returns the lead after `lead` in the list of hits; None if `lead` is the last hit or no hit."""
    alone = search(Lead.objects.filter(workspace=workspace, pk=lead.pk), workspace, text, size=1).hits
    if not alone:
        return None
    page, _ = search_page(leads, workspace, text, after=_cursor((alone[0].at, alone[0].id), 0), size=1)
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
    """Returns `size` of the `leads` that match `text` after the cursor `after`, newest hits first.

    An empty text matches nothing. Without `by_messages`, only the leads' own fields are searched. Raises Http404 for an
    invalid cursor.
    """
    typed = Typed.read(workspace, text)
    if typed is None:
        return Found([], 0, None)
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
    return Found(hits, count, _cursor(floor, shown + len(page)) if floor else None)


def matches(leads: QuerySet[Lead], workspace: Workspace, text: str) -> QuerySet[Lead]:
    """Returns those of `leads` whose own fields match, even without a message. An empty `text` matches nothing."""
    typed = Typed.read(workspace, text)
    if typed is None:
        return leads.none()
    ours = Lead.objects.filter(workspace=workspace)
    ways = [typed.identity, *typed.phones, *filter(None, [typed.names])]
    # This is a union of index look-ups, because OR over them would read every lead of the workspace.
    first, *further = (ours.filter(way).order_by().values("pk") for way in ways)
    return leads.filter(pk__in=first.union(*further))


def _place(row: Row) -> Place:
    return row[2], row[0]


def _cursor(place: Place, shown: int) -> str:
    """Encodes the place after which the next page begins, and the number of leads on previous pages, for a URL."""
    return f"{shown}.{(place[0] - EPOCH) // timedelta(microseconds=1)}-{place[1]}"


def _read_cursor(cursor: str) -> tuple[int, Place]:
    shown, _, place = cursor.partition(".")
    microseconds, _, pk = place.partition("-")
    try:
        return max(0, int(shown)), (EPOCH + timedelta(microseconds=int(microseconds)), UUID(pk))
    except (ValueError, OverflowError):
        raise Http404("No such page.") from None


def _by_itself(leads: QuerySet[Lead], workspace: Workspace, typed: Typed, place: Place | None) -> Steps:
    """The search for leads by their own names, addresses, numbers and ids."""
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
    """The search for leads by their messages. It leaves out leads whose own fields match."""
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
    """Returns the filter for leads whose own fields match, for testing one lead at a time."""
    return reduce(or_, [typed.identity, *typed.phones, *filter(None, [typed.names])])
