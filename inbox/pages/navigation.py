"""Builds the side navigation, with one entry for each page of a workspace. A new page adds a line to PAGES."""

from collections.abc import Callable
from typing import NamedTuple

from django.urls import reverse

from inbox.health import banner
from inbox.leads.folders import COUNT_LIMIT, DEFAULT_FOLDER, FOLDERS
from inbox.models import Membership, Workspace
from inbox.pages.access import WorkspaceRequest, signed_in
from inbox.pages.desk import saved_views
from inbox.pages.desk.counts import UNREPAIRED, counts_of
from inbox.pages.templatetags.holdfast import capped
from integrations.models import WorkspaceIntegrationHealth


class Badge(NamedTuple):
    """The small mark after a link of the navigation. It has a tone of inbox.pages.state_marks if it needs attention."""

    text: str
    tone: str = ""


class Page(NamedTuple):
    """A page of a workspace, by its URL name. The URL's only argument is the workspace's id."""

    url_name: str
    label: str
    icon: str
    min_role: str = Membership.Role.VIEWER
    badge: Callable[[WorkspaceRequest], Badge | None] = lambda request: None
    shown: Callable[[Workspace], bool] = lambda workspace: True


def health_rows(request: WorkspaceRequest) -> list[WorkspaceIntegrationHealth]:
    """Returns the accounts in trouble, for the banner and the badge of Health. They are read once per request."""
    rows: list[WorkspaceIntegrationHealth] | None = vars(request).get("health_rows")
    if rows is None:
        rows = vars(request)["health_rows"] = banner.rows_for(request.workspace, signed_in(request))
    return rows


def _down(request: WorkspaceRequest) -> Badge | None:
    count = sum(health.is_down for health in health_rows(request))
    return Badge(f"{count} down", "bad") if count else None


def _failed(request: WorkspaceRequest) -> Badge | None:
    count = counts_of(request)[UNREPAIRED]
    return Badge(f"{capped(count)} failed", "bad") if count else None


def _paused(request: WorkspaceRequest) -> Badge | None:
    return Badge("stopped", "warn") if request.workspace.sends_paused else None


PAGES: list[Page] = [
    Page("inbox:start", "First steps", "right", shown=lambda workspace: workspace.set_up_at is None),
    Page("inbox:followups", "Follow-ups", "steps"),
    Page("inbox:automation", "Automation", "bolt", badge=_paused),
    Page("inbox:facts", "Facts", "book"),
    Page("inbox:snippets", "Snippets", "draft"),
    Page("inbox:rules", "Rules", "filter"),
    Page("inbox:find", "Trace", "search"),
    Page("inbox:health", "Health", "health", badge=_down),
    Page("inbox:jobs", "Jobs", "jobs", Membership.Role.ADMIN),
    Page("inbox:deliveries", "Deliveries", "trace", Membership.Role.ADMIN, badge=_failed),
    Page("inbox:integrations", "Integrations", "plug"),
    Page("inbox:people", "People", "user"),
    Page("inbox:settings", "Settings", "settings", Membership.Role.ADMIN),
]
"""The pages in the order of the menu. Other apps append theirs in AppConfig.ready()."""


class Entry(NamedTuple):
    """One link in the side navigation. `current` is true if it leads to the open page."""

    url: str
    label: str
    icon: str
    current: bool
    badge: Badge | None


class Rail(NamedTuple):
    """The links to the inbox's folders and to the saved views."""

    folders: list[Entry]
    views: list[Entry]


def rail(request: WorkspaceRequest) -> Rail:
    counts = counts_of(request)
    base = reverse("inbox:list", args=[request.workspace.pk])
    here = request.path.startswith(base)
    key = request.GET.get("view", DEFAULT_FOLDER)
    shown = saved_views.open_view(request) if here else None
    return Rail(
        [
            Entry(
                url=f"{base}?view={folder.key}",
                label=folder.label,
                icon=folder.icon,
                current=here and folder.key == key and shown is None,
                badge=Badge(capped(counts[folder.key])) if counts.get(folder.key) else None,
            )
            for folder in FOLDERS.values()
        ],
        [
            Entry(
                url=f"{base}?{view.query}",
                label=view.name,
                icon="team" if view.is_shared else "filter",
                current=view == shown,
                badge=_counted(counts.get(f"{view.pk}", 0), counts.get(f"{view.pk}+", False)),
            )
            for view in saved_views.views_of(request)
        ],
    )


def _counted(count: int, has_older: bool) -> Badge | None:
    """Returns the badge of a view. With `has_older`, the view may have more than `count`."""
    if not count:
        return None
    return Badge(capped(count) if count > COUNT_LIMIT or not has_older else f"{count}+")


def page_entries(request: WorkspaceRequest) -> list[Entry]:
    """Returns the links to the other pages that the user's role may open."""
    entries = []
    for page in PAGES:
        if request.membership.at_least(page.min_role) and page.shown(request.workspace):
            url = reverse(page.url_name, args=[request.workspace.pk])
            entries.append(
                Entry(url, page.label, page.icon, request.path.startswith(url), page.badge(request))
            )
    return entries
