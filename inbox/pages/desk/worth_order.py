"""The page of a list over several workspaces: the highest worth first, then the longest wait."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404

from inbox.leads.folders import leads_in, with_badges
from inbox.models import Lead
from inbox.models.lead import WAITS_SINCE, WORTH
from inbox.pages.access import WorkspaceRequest, signed_in
from inbox.pages.desk.filters import LeadFilter
from inbox.pages.pagination import EPOCH, PAGE_SIZE, KeysetPage
from inbox.pages.team import listed_ids

ORDER = ("-worth", "since", "pk")


def worth_page(request: WorkspaceRequest, folder: str, lead_filter: LeadFilter) -> KeysetPage:
    """Returns the page of `folder` after the request's cursor `after`. Raises Http404 for an invalid cursor.

    One statement finds the first leads of each workspace by its index, and merges them. A second one reads their rows.
    """
    user_id, ids, after = signed_in(request).pk, listed_ids(request), request.GET.get("after", "")
    if not ids or not lead_filter.is_valid():
        return KeysetPage([], None, None)

    def first(workspaces: list[UUID]) -> QuerySet[Any]:
        leads: QuerySet[Any] = lead_filter.filter_queryset(leads_in(workspaces, folder, user_id))
        return _after(leads.annotate(worth=WORTH, since=WAITS_SINCE), after).order_by(*ORDER)[: PAGE_SIZE + 1]

    groups = [ids] if lead_filter.words else [[workspace_id] for workspace_id in ids]  # names have one index
    parts = [first(group).values_list("pk", "worth", "since") for group in groups]
    merged = parts[0].union(*parts[1:], all=True).order_by(*ORDER)[: PAGE_SIZE + 1] if parts[1:] else parts[0]
    keys = list(merged)
    shown = [pk for pk, _, _ in keys[:PAGE_SIZE]]
    rows = with_badges(Lead.objects.filter(workspace__in=ids, pk__in=shown), ids, user_id)
    by_id = {lead.pk: lead for lead in rows.select_related("workspace", "assigned_to")}
    more = _cursor(*keys[PAGE_SIZE - 1]) if len(keys) > PAGE_SIZE else None
    return KeysetPage([by_id[pk] for pk in shown if pk in by_id], more, None)


def _cursor(pk: UUID, worth: int, since: datetime) -> str:
    return f"{worth}_{(since - EPOCH) // timedelta(microseconds=1)}_{pk}"


def _after(leads: QuerySet[Any], cursor: str) -> QuerySet[Any]:
    if not cursor:
        return leads
    try:
        worth, microseconds, pk = cursor.split("_")
        since = EPOCH + timedelta(microseconds=int(microseconds))
        later = Q(since__gt=since) | Q(since=since, pk__gt=UUID(pk))
        # The first condition is where the planner starts its index scan.
        return leads.filter(Q(worth__lte=int(worth)), Q(worth__lt=int(worth)) | later)
    except (ValueError, OverflowError):
        raise Http404("No such page.") from None
