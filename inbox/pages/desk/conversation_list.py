"""The list of conversations: one folder, filtered, 50 a page. The page of a conversation shows it too.

An empty list says why it is empty. It never says that all is done while nothing is connected, no event has arrived, or
an account is down. A list over several workspaces begins with the leads of highest worth that have waited longest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from inbox.health import sentences
from inbox.health.banner import down_in
from inbox.leads.folders import (
    COUNT_LIMIT,
    DEFAULT_FOLDER,
    CappedCount,
    Folder,
    by_worth,
    capped_count,
    count_since,
    folder_counts,
    leads_in,
    oldest_looked_at,
    oldest_not_understood,
    read_values,
    with_badges,
)
from inbox.models import Lead, SavedView, Workspace
from inbox.pages.access import SignedInRequest, WorkspaceRequest, desk_view, signed_in, workspace_view
from inbox.pages.combined_query import expression, instances
from inbox.pages.desk.counts import UNCERTAIN, counts_of
from inbox.pages.desk.filters import ORDER, LeadFilter, choices_in, filtered, looked_at, offer
from inbox.pages.desk.saved_views import open_view
from inbox.pages.desk.search import FAR, search_page
from inbox.pages.pagination import EPOCH, PAGE_SIZE, SCAN, KeysetPage, page_of
from inbox.pages.parts import COUNTS, THREADS, part_asked, render_part, varied
from inbox.pages.start import first_steps
from inbox.pages.start.first_steps import WORKS, FirstSteps, state_of
from inbox.pages.start.steps_page import context_of, is_setting_up
from inbox.pages.team import is_over_all, listed_ids
from inbox.pages.templatetags.holdfast import capped
from inbox.replying.prompts import model_calls
from integrations.models import HealthState

NOT_DOWN = tuple(state for state in WORKS if state != HealthState.QUIET)
"""The states in which an account's replies arrive. A quiet account has a valid key, but replies may be missing."""

ELSEWHERE = (
    ("scheduled", "going out", "See what’s going out"),
    ("snoozed", "snoozed", "See snoozed"),
)
"""The folders that are offered if nobody needs a reply, each with the words after its count, and the link."""


@dataclass(frozen=True)
class Empty:
    """Why a list is empty: an icon, the headline `what`, the sentence `why`, and perhaps an action with its URL."""

    icon: str
    what: str
    why: str
    url: str = ""
    action: str = ""


def of_folder(workspace: Workspace, folder: Folder) -> Empty:
    """Explains the empty `folder`: what prevents replies, or else that all is well."""
    return (_wrong(workspace, folder) if folder.incoming else None) or _well(workspace, folder)


def over_several(folder: Folder, down: Sequence[Workspace]) -> Empty:
    """Returns why `folder` of a list over several workspaces is empty. Accounts are down in the workspaces `down`."""
    if down and folder.incoming:
        return Empty("warn", "Replies may be missing", "Replies may be missing. See above.")
    return Empty(folder.icon, folder.empty, folder.why)


def beyond(url: str) -> Empty:
    """Returns why a page after the last page of the list at `url` is empty."""
    return Empty(
        "inbox", "No conversations on this page", "The list is shorter now.", url, "Go to the first page"
    )


def _wrong(workspace: Workspace, folder: Folder) -> Empty | None:
    first, start = FirstSteps.of(workspace), first_steps.url(workspace)
    if not first.senders and not first.facts["heard"]:
        return Empty(
            "plug",
            "Nothing’s connected yet",
            "Replies come in once you connect the account that sends your campaigns.",
            start,
            "Set up in four minutes",
        )
    for account in first.senders:
        if state_of(account) not in (*NOT_DOWN, HealthState.UNKNOWN):
            return Empty(
                "warn",
                "Replies may be missing",
                f"{sentences.headline(account.health, workspace.name)}, so new replies may be missing.",
                reverse("inbox:health", args=[workspace.pk]),
                "See what’s down",
            )
    if not first.facts["heard"]:
        why = f"{first.names} {first.is_are} connected. New replies appear here within a second."
        return Empty("inbox", "No replies yet", why, start, "See what’s missing")
    if folder.key == "drafts" and not model_calls.ready():
        return Empty("draft", "No drafts yet", model_calls.NO_KEY, start, "See what’s missing")
    return None


def _well(workspace: Workspace, folder: Folder) -> Empty:
    counts = folder_counts(workspace) if folder.key == DEFAULT_FOLDER else {}
    for elsewhere, words, action in ELSEWHERE:
        if count := counts.get(elsewhere):
            url = f"{reverse('inbox:list', args=[workspace.pk])}?{urlencode({'view': elsewhere})}"
            why = f"{folder.why} {capped(count)} {words}."
            return Empty(folder.icon, folder.empty, why, url, action)
    return Empty(folder.icon, folder.empty, folder.why)


COUNT, OLDEST = "count", "oldest"
"""The keys of values that are read together with the counts of the page."""


@dataclass(frozen=True)
class Number:
    """The number of leads in a list: `known`, or the value of `expression`. `has_older`: whether there may be more."""

    known: int = 0
    expression: CappedCount | None = None
    has_older: bool = False

    def words(self, read: int | None) -> str:
        """Formats the number, such as "12", "12+" or "999+". `read` is the value of `expression`."""
        count = self.known if read is None else read
        return capped(count) if count > COUNT_LIMIT or not self.has_older else f"{count}+"


@dataclass(frozen=True)
class Chip:
    """An active filter of the list, and the list's query string without that filter."""

    label: str
    value: str
    without: str


@dataclass(frozen=True)
class Threads:
    """The list of conversations, as a page of its own or beside an open conversation.

    `view` is the saved view with this folder and these filters, if any. `query` is the list's query string without the
    page. `count` is the list's length; "12+" and "999+" mean that there are more. `uncertain` counts the workspace's
    messages that may have been sent. `over_all`: whether this is the list of `/desk/`; then replies may be missing in
    the workspaces `down`. `oldest` is the time since which the folder's oldest reply has waited to be understood.
    `empty` explains why the page has no rows, unless filters exclude them all.
    """

    folder: Folder
    filter: LeadFilter
    chips: list[Chip]
    page: KeysetPage
    count: str
    query: str
    uncertain: int
    oldest: datetime | None = None
    empty: Empty | None = None
    view: SavedView | None = None
    over_all: bool = False
    down: Sequence[Workspace] = ()

    @property
    def label(self) -> str:
        return self.view.name if self.view else self.folder.label

    @property
    def accounts(self) -> list[str]:
        """Our addresses and numbers in the newest messages of this page, each once, as choices for a filter."""
        return sorted({row.last_account for row in self.page.rows if row.last_account})


def threads(request: WorkspaceRequest, also: Mapping[str, Any] | None = None) -> Threads:
    """Returns the list for the request's query string.

    The SQL expressions `also` are read with the counts of the page (`counts_of`). Raises Http404 for an unknown folder
    or an invalid cursor.
    """
    folder, lead_filter, leads = filtered(request)
    page, number = _page(request, folder, lead_filter, leads)
    counts = _read(request, folder, number, also or {})
    over_all = is_over_all(request)
    down = down_in(listed_ids(request)) if over_all else []
    active, values = _values(folder, lead_filter, request)
    chips = [Chip(label, choice, urlencode(_without(name, values))) for name, label, choice in active]
    query = urlencode(values)
    empty = None
    if not page.rows and _is_later(request):
        empty = beyond(f"{list_url(request)}?{query}")
    elif not page.rows and not chips and lead_filter.is_valid():
        empty = over_several(folder, down) if over_all else of_folder(request.workspace, folder)
    view = open_view(request) if chips and not over_all else None
    count = number.words(counts.get(COUNT))
    return Threads(
        folder,
        lead_filter,
        chips,
        page,
        count,
        query,
        counts[UNCERTAIN],
        counts.get(OLDEST),
        empty,
        view,
        over_all,
        down,
    )


def _without(name: str, values: dict[str, str]) -> dict[str, str]:
    """Returns the parameters of the list without the filter `name`. If `name` is the search (`q`), a list over several
    workspaces returns to the default folder, because only a search may be in any folder.
    """
    gone = {name, "view"} if name == "q" and "desk" in values else {name}
    return {key: values[key] for key in values if key not in gone}


def _read(
    request: WorkspaceRequest, folder: Folder, number: Number, also: Mapping[str, Any]
) -> dict[str, Any]:
    if is_over_all(request):
        counts = counts_of(request, also) if also else {}
        total = number.expression and read_values(listed_ids(request)[0], {COUNT: number.expression})
        return counts | {UNCERTAIN: 0} | (total or {})
    choices = choices_in(request.workspace)
    expressions: dict[str, Any] = {name: expression(part) for name, part in choices.items()}
    expressions |= also
    if number.expression is not None:
        expressions[COUNT] = number.expression
    if folder.key == "not-understood":
        expressions[OLDEST] = oldest_not_understood(request.workspace)
    counts = counts_of(request, expressions)
    for name, part in choices.items():
        offer(request, name, instances(part, counts[name]))
    return counts


def _is_later(request: WorkspaceRequest) -> bool:
    return bool(request.GET.get("after") or request.GET.get("before"))


def _page(
    request: WorkspaceRequest, folder: Folder, lead_filter: LeadFilter, leads: QuerySet[Lead]
) -> tuple[KeysetPage, Number]:
    if is_over_all(request):
        page = worth_page(request, folder.key, lead_filter)
        one_page = not page.after and not _is_later(request)
        return page, Number(len(page.rows)) if one_page else Number(expression=capped_count(leads))
    rows = with_badges(leads, request.workspace, signed_in(request).pk)
    if lead_filter.words:
        after = request.GET.get("after", "")
        hits, count = search_page(rows, request.workspace, lead_filter.words, after=after)
        return hits, Number(min(count, FAR), has_older=count > FAR)
    among = looked_at(request, folder, lead_filter)
    page = page_of(request, rows, ORDER, among=among, rises=folder.rises)
    return page, _number(request, leads, page, among)


def _values(
    folder: Folder, lead_filter: LeadFilter, request: WorkspaceRequest
) -> tuple[list[tuple[str, str, str]], dict[str, str]]:
    active = lead_filter.active() if lead_filter.is_valid() else []
    whose = {"desk": "1"} if is_over_all(request) else {}
    return active, whose | {"view": folder.key} | {name: request.GET[name] for name, _, _ in active}


def list_url(request: WorkspaceRequest) -> str:
    """Returns the URL of the request's list without its query string."""
    return reverse("desk") if is_over_all(request) else reverse("inbox:list", args=[request.workspace.pk])


def query_of(request: WorkspaceRequest) -> str:
    """Returns the query string of the request's list without the page. Raises Http404 for an unknown folder."""
    folder, lead_filter, _ = filtered(request)
    return urlencode(_values(folder, lead_filter, request)[1])


def _number(
    request: WorkspaceRequest, leads: QuerySet[Lead], page: KeysetPage, among: QuerySet[Lead] | None
) -> Number:
    if not page.after and not page.before and not _is_later(request):
        return Number(len(page.rows))
    if among is None:
        return Number(expression=capped_count(leads))
    oldest = read_values(request.workspace.pk, {OLDEST: oldest_looked_at(among, SCAN)})[OLDEST]
    return Number(expression=count_since(leads, oldest), has_older=oldest is not None)


@workspace_view()
def thread_list(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/inbox/?view=…&q=…&after=…`: shows the list of conversations. The page has the parts "threads" and
    "folders".

    The other parameters of the URL are the filters of `inbox.pages.desk.filters`.
    """
    return _render(request)


@desk_view
def desk(request: SignedInRequest) -> HttpResponse:
    """`/desk/?view=…&workspace=…&after=…`: shows the list over all workspaces of the user.

    Its rows open the pages of their workspaces, which check the user's membership and role again for every action.
    """
    return _render(cast(WorkspaceRequest, request))  # without a workspace, `is_over_all` is true


def _render(request: WorkspaceRequest) -> HttpResponse:
    part = part_asked(request)
    if part == COUNTS:
        return render_part(request, part)
    listed = threads(request)
    context: dict[str, object] = {"threads": listed}
    shows_steps = listed.empty and listed.folder.key == DEFAULT_FOLDER and not listed.over_all
    if shows_steps and is_setting_up(request):
        context |= context_of(request, FirstSteps.of(request.workspace))
    if part == THREADS:
        return render_part(request, part, context)
    return varied(render(request, "inbox/list.html", context))


BY_WORTH = ("-worth", "since", "pk")


def worth_page(request: WorkspaceRequest, folder: str, lead_filter: LeadFilter) -> KeysetPage:
    """Returns the page of `folder` after the request's cursor `after`, in the order of `by_worth`. Raises Http404 for
    an invalid cursor.

    One statement finds the first leads of each workspace by indexes, and merges them. A second one reads their rows.
    """
    user_id, ids, after = signed_in(request).pk, listed_ids(request), request.GET.get("after", "")
    if not ids or not lead_filter.is_valid():
        return KeysetPage([], None, None)

    # one index holds the names of all leads, so a search by name needs no query per workspace
    groups = [ids] if lead_filter.words else [[workspace_id] for workspace_id in ids]
    parts = [
        _after(part, after).order_by(*BY_WORTH).values_list("pk", "worth", "since")[: PAGE_SIZE + 1]
        for group in groups
        for part in by_worth(lead_filter.filter_queryset(leads_in(group, folder, user_id)), folder)
    ]
    merged = (
        parts[0].union(*parts[1:], all=True).order_by(*BY_WORTH)[: PAGE_SIZE + 1] if parts[1:] else parts[0]
    )
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
        lower = Q(worth__lt=int(worth))
        # The last condition implies the others, but the planner starts its index scan at one of these.
        return leads.filter(Q(worth__lte=int(worth)), lower | Q(since__gte=since), lower | later)
    except (ValueError, OverflowError):
        raise Http404("This page doesn’t exist.") from None
