"""The admin's start page. It shows what is broken, in which workspace and since when, each with a button that helps.

The page takes four queries for any number of workspaces: for accounts, for the work that waits for accounts, for lanes,
and for `admin.tallies`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from admin import accounts
from admin.columns import list_url
from admin.scope import Scope, scope_of
from admin.tallies import CauseLine, of_jobs, read, whose
from inbox.models import Deviation, Draft, Lead, OutboundSend, WebhookDelivery
from inbox.pages.state_marks import state_of
from inbox.pages.templatetags.holdfast import ago_text
from integrations.models import WorkspaceIntegrationHealth
from jobs import backlog, stats, tally
from jobs.backlog import Backlog, TenantQueue
from jobs.display import counted, tile
from jobs.joblist import FAILURES
from jobs.models import NO_WORKSPACE, BackgroundJob
from jobs.tally import Tally
from jobs.ticks import TICKS

SHOWN = 5
"""The most causes that a list on the page shows. A link leads to the others."""

VIEWS = {
    "cause": "jobs.view_backgroundjob",
    "sends": "inbox.view_outboundsend",
    "unread": "inbox.view_lead",
    "deliveries": "inbox.view_webhookdelivery",
    "contract": "inbox.view_deviation",
    "drafts": "inbox.view_draft",
    "ticks": "jobs.view_tick",
    "decisions": "inbox.view_auditentry",
}
"""The permission that each part of the page requires. A user without the permission does not see the part."""


class LaneLine(NamedTuple):
    """A lane of the job queue, and its longest queue `fullest`, which belongs to the workspace `whose`. The URLs link
    to lists of the lane's due jobs.
    """

    backlog: Backlog
    url: str
    fullest: TenantQueue | None = None
    whose: str = ""
    fullest_url: str = ""

    @property
    def percent(self) -> int:
        """The wait of the oldest due job in percent of the longest wait that the lane promises, at most 100."""
        return min(100, round(100 * self.backlog.oldest_s / self.backlog.lane.promise_s))


class Cockpit:
    """The contents of the admin's start page for `request.user`, read by four queries. `shows` holds the parts (keys of
    VIEWS) that the user may view; the other parts are empty.
    """

    def __init__(self, request: HttpRequest) -> None:
        scope = scope_of(request)
        # ticks belong to no workspace, so only users who see all workspaces see ticks, here and in the list of ticks
        hidden = () if scope.sees_all else ("ticks",)
        self.shows = [name for name, right in VIEWS.items() if scope.may(right) and name not in hidden]
        tallies, self.accounts = read(self.shows, scope.ids), accounts.Board(request)
        lanes = backlog.by_lane(scope.ids) if "cause" in self.shows else []
        self.tiles = _tiles(self.shows, self.accounts, lanes, tallies)
        self.lanes = [_lane_line(lane, scope) for lane in lanes]
        may_retry = scope.may("jobs.retry_backgroundjob")
        failed, deliveries = tallies["cause"], tallies["deliveries"]
        self.failed = [of_jobs(cause, may_retry=may_retry) for cause in failed[:SHOWN]]
        self.failed_more = max(0, len(failed) - SHOWN)
        self.deliveries = [_delivery_cause(place, cause) for place, cause in enumerate(deliveries[:SHOWN])]
        self.deliveries_more = max(0, len(deliveries) - SHOWN)
        self.decisions, self.at = tallies["decisions"], timezone.now()


# --- tiles ---


def _tiles(
    parts: Sequence[str], board: accounts.Board, lanes: Sequence[Backlog], tallies: dict[str, list[Tally]]
) -> list[dict[str, Any]]:
    tiles = [_accounts_tile(board)] if board.seen else []
    if "cause" in parts:
        failed, url = tallies["cause"], list_url(BackgroundJob, state="failed")
        tiles += [_tile("Jobs failed", failed, url, _causes(failed), "bad", FAILURES), _promises_tile(lanes)]
    for part, (label, model, filters, note, tone) in NUMBERS.items():
        if part in parts:
            rows, url = tallies[part], list_url(model, **filters)
            tiles.append(_tile(label, rows, url, note(rows), tone))
    if "ticks" in parts:
        tiles.append(_ticks_tile(tallies["ticks"]))
    return tiles


def _tile(
    label: str, tallies: Sequence[Tally], url: str, note: str, tone: str, cap: int = tally.CAP
) -> dict[str, Any]:
    count = sum(row.count for row in tallies)
    return tile(label, counted(count, cap), note, tone if count else "", url)


def _causes(causes: Sequence[Tally]) -> str:
    return f"{len(causes)} cause{'' if len(causes) == 1 else 's'}" if causes else "none"


def _oldest(tallies: Sequence[Tally]) -> str:
    first = min((row.first for row in tallies if row.first), default=None)
    return f"oldest {_for(first)}" if first else "none"


def _of_week(causes: Sequence[Tally]) -> str:
    return f"{_causes(causes)}, 7 days" if causes else "none in 7 days"


def _sources(deviations: Sequence[Tally]) -> str:
    return ", ".join(row.title for row in deviations) or "none in 7 days"


Number = tuple[str, type[Model], dict[str, object], Callable[[Sequence[Tally]], str], str]
NUMBERS: dict[str, Number] = {
    "sends": ("Unconfirmed sends", OutboundSend, {"state__exact": "unknown"}, _oldest, "warn"),
    "unread": (
        "Not understood yet",
        Lead,
        {"awaiting_model__exact": 1, "sample__exact": 0},
        _oldest,
        "warn",
    ),
    "deliveries": ("Deliveries with problems", WebhookDelivery, {"trouble": "open"}, _of_week, "warn"),
    "contract": ("Provider changes", Deviation, {"told": "lately"}, _sources, "warn"),
    "drafts": ("Drafts waiting", Draft, {"status__exact": "pending", "sample": 0}, _oldest, ""),
}
"""The tiles that show tallies, by part. A tile has a label, a model and a filter for the list to which it links, a
function that returns its note, and a tone."""


def _for(since: datetime) -> str:
    waited = ago_text(since)
    return "under 1 min" if waited == "now" else waited


def _accounts_tile(board: accounts.Board) -> dict[str, Any]:
    note = f"worst {_for(board.oldest)}" if board.oldest else f"of {board.total}"
    url = list_url(WorkspaceIntegrationHealth, standing="down" if board.down else "")
    return tile("Accounts down", str(board.down), note, "bad" if board.down else "", url)


def _promises_tile(lanes: Sequence[Backlog]) -> dict[str, Any]:
    worst = max(lanes, key=lambda lane: lane.broken)
    if not worst.broken:
        return tile("Missed targets", "0", "in the last hour", "", list_url(BackgroundJob, state="due"))
    url = list_url(BackgroundJob, state="due", lane=worst.lane.name)
    note = f"most in {worst.lane.name.capitalize()}, last hour"
    return tile("Missed targets", f"{sum(lane.broken for lane in lanes):,}", note, "bad", url)


def _ticks_tile(ticks: Sequence[Tally]) -> dict[str, Any]:
    began, now = {tick.title: tick.first for tick in ticks}, timezone.now()
    late = [name for name, spec in TICKS.items() if stats.missed(began.get(name), spec.every_s, now)]
    failing = [tick.title for tick in ticks if tick.about and tick.title in TICKS]
    note = f"of {len(TICKS)}" + (f", {len(failing)} failing" if failing else "")
    tone = "bad" if late else "warn" if failing else ""
    return tile("Overdue scheduled tasks", str(len(late)), note, tone, reverse("admin:jobs_tick_crons"))


# --- causes ---


def _delivery_cause(place: int, row: Tally) -> CauseLine:
    word = state_of("delivery", row.key).word
    filters = {"trouble": "open", "verdict__exact": row.key, "source": row.about, "reason__exact": row.title}
    url = list_url(WebhookDelivery, **filters)
    return CauseLine(
        key=f"deliveries-{place}",
        count=counted(row.count, tally.CAP),
        title=f"{word}: {row.title}" if row.title else word,
        about=row.about,
        workspaces=whose(row.workspaces),
        since=row.first,
        url=url,
        fix="Look",
        fix_url=url,
    )


# --- lanes ---


def _lane_line(lane: Backlog, scope: Scope) -> LaneLine:
    filters = {"state": "due", "lane": lane.lane.name}
    url = list_url(BackgroundJob, **filters)
    if not lane.tenants:
        return LaneLine(lane, url)
    first = lane.tenants[0]
    if str(first.tenant) == NO_WORKSPACE:
        ours = list_url(BackgroundJob, **filters, workspace__isnull="True")
        return LaneLine(lane, url, first, "Holdfast itself", ours)
    whose = dict(scope.names).get(first.tenant, "Another workspace")
    return LaneLine(lane, url, first, whose, list_url(BackgroundJob, **filters, workspace=first.tenant))
