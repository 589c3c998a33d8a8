"""The overview page of insights: the numbers of a time span, each as a chart with a table."""

import zoneinfo
from datetime import datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from inbox.health import receipts
from inbox.models import Workspace
from inbox.pages import csvs
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.pages.team import open_memberships
from insights import charts, overview_numbers
from jobs.display import tile
from jobs.durations import duration

SPANS = {"7": "Last 7 days", "30": "Last 30 days", "90": "Last 90 days"}
DEFAULT_SPAN = "30"


@workspace_view()
def overview(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/insights/?days=7|30|90`: shows numbers of replies, answers and meetings."""
    span, since, until = _span(request)
    local = zoneinfo.ZoneInfo(request.workspace.timezone)
    numbers = overview_numbers.overview(request.workspace.pk, since, until)
    before = overview_numbers.totals(request.workspace.pk, since - (until - since), since)
    context = {
        "spans": SPANS,
        "span": span,
        "tiles": _tiles(request, numbers, before, f"the previous {span} days"),
        "found": numbers,
        "people": numbers.persons,
        "clients": _clients(request, since, until),
        "days": charts.days(numbers, since.astimezone(local).date(), until.astimezone(local).date()),
        "completeness": receipts.between(request.workspace, since, until),
        "since": since,
        "until": until,
    } | charts.of(numbers)
    return render(request, "insights/overview.html", context)


@workspace_view()
def overview_csv(request: WorkspaceRequest) -> HttpResponse:
    """Downloads the overview page's table of campaigns as CSV."""
    _, since, until = _span(request)
    complete = receipts.between(request.workspace, since, until)
    numbers = overview_numbers.overview(request.workspace.pk, since, until)
    head = ["Campaign", "Replies", "People", "Positive", "Booked", "First answer (median, s)", "Complete"]
    rows = (
        (row.name, row.replies, row.people, row.positive, row.booked, row.answer_s and round(row.answer_s))
        for row in numbers.campaigns
    )
    return csvs.answer(f"insights-{until:%Y-%m-%d}", head, [(*row, complete.label) for row in rows])


def _span(request: WorkspaceRequest) -> tuple[str, datetime, datetime]:
    span = request.GET.get("days", DEFAULT_SPAN)
    span = span if span in SPANS else DEFAULT_SPAN
    until = timezone.now()
    return span, until - timedelta(days=int(span)), until


def _clients(request: WorkspaceRequest, since: datetime, until: datetime) -> list[tuple[Workspace, int, int]]:
    """The kept and missed promises of the user's workspaces; none for a user with one workspace."""
    workspaces = {row.workspace_id: row.workspace for row in open_memberships(request)}
    rows = overview_numbers.by_client(workspaces, since, until) if len(workspaces) > 1 else []
    return [(workspaces[pk], kept, broken) for pk, kept, broken in rows]


def _tiles(
    request: WorkspaceRequest, numbers: overview_numbers.Overview, before: overview_numbers.Totals, then: str
) -> list[dict[str, object]]:
    """Returns the overview's tiles for partials/tiles.html. The first three have links, as they ask for a decision.
    The others are left out while they have no number.
    """
    inbox = f"{reverse('inbox:list', args=[request.workspace.pk])}?view="
    waiting = overview_numbers.waiting(request.workspace)
    change = numbers.replies - before.replies
    answered = "no answers" if before.answer_s is None else duration(before.answer_s)
    unchanged = percent(numbers.unchanged, numbers.reviewed)
    note = f"of {numbers.reviewed} reviewed" if numbers.reviewed else "no drafts reviewed"
    measures = [
        tile("Positive", percent(numbers.positive, numbers.people), f"of {numbers.people} people"),
        tile("First answer, median", answer_time(numbers.answer_s), f"{answered} in {then}"),
        tile("Replies", numbers.replies, f"{abs(change)} {'more' if change >= 0 else 'fewer'} than {then}"),
    ]
    return [
        tile("Needs reply", waiting, "waiting now", "warn" if waiting else "", f"{inbox}needs-reply"),
        tile("Drafts sent unchanged", unchanged, note, url=f"{inbox}sent" if numbers.reviewed else ""),
        tile("Booked", numbers.booked, f"{before.booked} in {then}", url=f"{inbox}all&tag=Meeting+Booked"),
        *(tile for tile in measures if tile["value"] != "–"),
    ]


def percent(count: int, total: int) -> str:
    """Formats `count` of `total` as a percentage such as "71%"; "–" if `total` is 0."""
    return f"{round(100 * count / total)}%" if total else "–"


def answer_time(seconds: float | None) -> str:
    """Formats the time from a reply to its answer; "–" for None, if no reply was answered."""
    return "–" if seconds is None else duration(seconds)
