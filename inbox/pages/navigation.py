"""Builds the navigation: the inbox's folders, and the doors (menu entries) to other pages. PAGES lists all pages."""

from collections.abc import Callable, Sequence
from datetime import datetime
from textwrap import shorten
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from inbox.health import banner
from inbox.leads.folders import COUNT_LIMIT, DEFAULT_FOLDER, FOLDERS, TABS, Folder
from inbox.models import Membership, Workspace
from inbox.pages.access import ADMIN, MEMBER, WorkspaceRequest, once, signed_in
from inbox.pages.desk import saved_views
from inbox.pages.desk.conversation_list import list_url
from inbox.pages.desk.counts import CLIENTS, UNREPAIRED, counts_of, desk_counts
from inbox.pages.team import is_over_all, own_memberships
from inbox.pages.templatetags.holdfast import capped
from integrations.models import WorkspaceIntegrationHealth


class Badge(NamedTuple):
    """The small text after a link of the navigation. `tone` (as in inbox.pages.state_marks) marks an urgent one."""

    text: str
    tone: str = ""


class Page(NamedTuple):
    """A page of a workspace, by its URL name. The URL's only argument is the workspace's id. `door` is the key in DOORS
    of the menu entry that leads to the page; "" if it is an entry. `min_role` is the lowest role that can use the page.
    """

    url_name: str
    label: str
    icon: str
    min_role: str = Membership.Role.VIEWER
    door: str = ""
    badge: Callable[[WorkspaceRequest], Badge | None] = lambda request: None
    shown: Callable[[Workspace], bool] = lambda workspace: True


def health_rows(request: WorkspaceRequest) -> list[WorkspaceIntegrationHealth]:
    """Returns the accounts in trouble, for the banner and the badge of the page Health. Reads them once per request."""
    user = signed_in(request)
    return once(request, "health_rows", lambda: banner.rows_for(request.workspace, user))


def _down(request: WorkspaceRequest) -> Badge | None:
    count = sum(health.is_down for health in health_rows(request))
    return Badge(f"{count} down", "bad") if count else None


def _failed(request: WorkspaceRequest) -> Badge | None:
    count = counts_of(request)[UNREPAIRED]
    return Badge(f"{capped(count)} failed", "bad") if count else None


def _paused(request: WorkspaceRequest) -> Badge | None:
    return Badge("stopped", "warn") if request.workspace.sends_paused else None


FIRST_STEPS, SETTINGS, OPERATE = "First steps", "Settings", "Operate"
DOORS = {SETTINGS: "settings", OPERATE: "health"}
"""The doors that have several pages behind them, each with its icon."""
PAGES: list[Page] = [
    Page("inbox:start", FIRST_STEPS, "run", ADMIN, shown=lambda workspace: not workspace.set_up_at),
    Page("inbox:followups", "Follow-ups", "steps"),
    Page("inbox:integrations", "Accounts", "plug", ADMIN, SETTINGS),
    Page("inbox:people", "People", "team", door=SETTINGS),
    Page("inbox:automation", "Automation", "bolt", door=SETTINGS, badge=_paused),
    Page("inbox:settings", "Workspace", "settings", ADMIN, SETTINGS),
    Page("inbox:facts", "Facts", "book", door=SETTINGS),
    Page("inbox:labels", "Labels", "label", ADMIN, SETTINGS),
    Page("inbox:snippets", "Snippets", "draft", MEMBER, SETTINGS),
    Page("inbox:rules", "Rules", "filter", ADMIN, SETTINGS),
    Page("inbox:notices", "Notifications", "mail", ADMIN, SETTINGS),
    Page("inbox:programs", "Programs", "key", ADMIN, SETTINGS),
    Page("inbox:people-security", "Security", "lock", ADMIN, SETTINGS),
    Page(
        "inbox:start", FIRST_STEPS, "run", ADMIN, SETTINGS, shown=lambda workspace: bool(workspace.set_up_at)
    ),
    Page("inbox:health", "Health", "health", door=OPERATE, badge=_down),
    Page("inbox:jobs", "Jobs", "jobs", ADMIN, OPERATE),
    Page("inbox:deliveries", "Deliveries", "trace", ADMIN, OPERATE, _failed),
    Page("inbox:find", "Trace", "search", door=OPERATE),
]
"""The pages in the order of the navigation. Other apps add their pages in AppConfig.ready()."""
FRONT = ("needs-reply", "mine", "mentions", "drafts", "snoozed", "sent", "failed")
"""The folders that the menu shows at once. The style sheet hides "failed" while it is empty. More has the others."""
HINT = 32
"""The maximum number of letters in the line below a door."""


class Entry(NamedTuple):
    """A link in the navigation. `current` is true if it leads to the open page. A link with `pages` behind it (a door)
    shows the badges of these pages and, as `hint`, as many of their labels as fit in one line.
    """

    url: str
    label: str
    icon: str
    current: bool
    badges: Sequence[Badge] = ()
    pages: Sequence["Entry"] = ()
    hint: str = ""


class Client(NamedTuple):
    """A workspace in the list of the user's workspaces. `waiting` and `oldest` are None if they were not counted."""

    url: str
    label: str
    current: bool
    waiting: int | None
    oldest: datetime | None


def clients(request: WorkspaceRequest) -> list[Client]:
    """Returns the user's workspaces. For a user with several, the first entry is the list over all of them."""
    over_all, here = is_over_all(request), getattr(request, "workspace", None)
    counts = desk_counts(request) if over_all else counts_of(request)
    rows = {UUID(row["pk"]): row for row in counts.get(CLIENTS, ())}
    entries = []
    for member in own_memberships(request):
        url = reverse("inbox:list", args=[member.workspace_id])
        row = rows.get(member.workspace_id, {})
        oldest = row.get("oldest") and datetime.fromisoformat(row["oldest"])
        current = not over_all and member.workspace == here
        entries.append(Client(url, member.workspace.name, current, row.get("count"), oldest))
    if not entries[1:]:
        return entries
    total = sum(client.waiting or 0 for client in entries)
    oldest = min((client.oldest for client in entries if client.oldest), default=None)
    return [Client(reverse("desk"), "All clients", over_all, total, oldest), *entries]


def tabs(request: WorkspaceRequest) -> list[Entry]:
    """Returns the tabs above the list of conversations, each with its count, and with its folder's key as the URL."""
    counts = desk_counts(request) if is_over_all(request) else counts_of(request)
    key = request.GET.get("view", DEFAULT_FOLDER)
    return [
        Entry(
            folder.key,
            folder.label,
            folder.icon,
            folder.key == key,
            _counted(counts.get(folder.key, 0), "warn" if folder.key == "over" else ""),
        )
        for folder in TABS
    ]


class Rail(NamedTuple):
    """The links to the inbox's folders and to the saved views. `more` has the folders that are not in FRONT."""

    folders: list[Entry]
    more: list[Entry]
    views: list[Entry]

    @property
    def opens_more(self) -> bool:
        """Whether the open list is a folder or saved view under More."""
        return any(entry.current for entry in (*self.more, *self.views))


def rail(request: WorkspaceRequest) -> Rail:
    over_all, base = is_over_all(request), list_url(request)
    counts = desk_counts(request) if over_all else counts_of(request)
    here = over_all or request.path.startswith(base)
    key = request.GET.get("view", DEFAULT_FOLDER)
    # The counts are those of the chosen client. No other filter narrows them, so a folder's link drops the others.
    client = {"workspace": chosen} if over_all and (chosen := request.GET.get("workspace")) else {}
    views = [] if over_all else saved_views.views_of(request)
    shown = saved_views.open_view(request) if views and here else None
    folders = {
        name: folder
        for name, folder in FOLDERS.items()
        if (folder.counted or not over_all) and (name in FRONT or not folder.tab)
    }

    def link(folder: Folder) -> Entry:
        return Entry(
            url=f"{base}?{urlencode({'view': folder.key} | client)}",
            label=folder.label,
            icon=folder.icon,
            current=here and folder.key == key and shown is None,
            badges=_counted(counts.get(folder.key, 0), "bad" if folder.key == "failed" else ""),
        )

    return Rail(
        [link(folders[name]) for name in FRONT if name in folders],
        [link(folder) for name, folder in folders.items() if name not in FRONT],
        [
            Entry(
                url=f"{base}?{view.query}",
                label=view.name,
                icon="team" if view.is_shared else "filter",
                current=view == shown,
                badges=_counted(counts.get(f"{view.pk}", 0), has_older=counts.get(f"{view.pk}+", False)),
            )
            for view in views
        ],
    )


def _counted(count: int, tone: str = "", has_older: bool = False) -> list[Badge]:
    if not count:
        return []
    return [Badge(capped(count) if count > COUNT_LIMIT or not has_older else f"{count}+", tone)]


def doors(request: WorkspaceRequest) -> list[Entry]:
    """Returns the doors (menu entries) to pages that the user's role can use, each with its pages. The list over all
    workspaces has no doors.
    """
    if is_over_all(request):
        return []
    pages = [
        (page, reverse(page.url_name, args=[request.workspace.pk]))
        for page in PAGES
        if request.membership.at_least(page.min_role) and page.shown(request.workspace)
    ]
    here = max((url for _, url in pages if request.path.startswith(url)), key=len, default="")
    behind: dict[str, list[Entry]] = {}
    for page, url in pages:
        badges = [badge] if (badge := page.badge(request)) else []
        entry = Entry(url, page.label, page.icon, url == here, badges)
        behind.setdefault(page.door or page.label, []).append(entry)
    return [
        Entry(
            entries[0].url,
            label,
            DOORS[label],
            any(entry.current for entry in entries),
            [badge for entry in entries for badge in entry.badges],
            entries,
            shorten(", ".join(entry.label for entry in entries), HINT, placeholder="").rstrip(","),
        )
        if label in DOORS
        else entries[0]
        for label, entries in behind.items()
    ]
