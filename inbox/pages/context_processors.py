"""Adds the frame of every page to the template context: navigation, banner, workspaces and the running release."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db.migrations.loader import MigrationLoader
from django.utils.functional import cached_property

from inbox.health.banner import Banner, banner_for
from inbox.models import Membership, Workspace
from inbox.pages import navigation
from inbox.pages.access import ADMIN, LAST_WORKSPACE, MEMBER, WorkspaceRequest
from inbox.pages.account import profile
from inbox.pages.desk import counts
from inbox.pages.desk.conversation_list import list_url
from inbox.pages.palette import SHORTCUTS
from inbox.pages.state_marks import StateMark
from inbox.pages.team import is_over_all, members_of, own_memberships, receivers, team_of
from jobs import schema_version


@dataclass(frozen=True, slots=True)
class Release:
    """`schema` is the number of inbox's newest migration in this code. `missing` counts the unapplied migrations."""

    version: str
    schema: str
    missing: int


_known: list[Release] = []
"""The release, stored once all migrations are applied. From then on, it cannot change while the process runs."""


def release() -> Release:
    """Returns the running release. The database is queried only until all migrations are applied."""
    if _known:
        return _known[0]
    missing = schema_version.missing()
    (_, last), *_ = MigrationLoader(None).graph.leaf_nodes("inbox")
    current = Release(settings.VERSION, last.partition("_")[0], len(missing))
    if not missing:
        _known.append(current)
    return current


T = TypeVar("T")


def part(read: Callable[[WorkspaceRequest], T]) -> "cached_property[T]":
    """Returns a property of Shell whose value is what `read` returns for the request. It is computed once."""
    return cached_property(lambda shell: read(shell.request))


class Shell:
    """The frame of a page. Each part of the frame is computed only if a template uses it."""

    shortcuts, version = SHORTCUTS, settings.VERSION
    rail = part(navigation.rail)
    doors = part(navigation.doors)
    clients = part(navigation.clients)
    tabs = part(navigation.tabs)
    memberships = part(own_memberships)
    members = part(members_of)
    over_all = part(is_over_all)
    list_url = part(list_url)
    team = part(team_of)
    receivers = part(receivers)
    model = part(counts.model_away)
    notices = part(profile.chosen)

    def __init__(self, request: WorkspaceRequest) -> None:
        self.request = request

    @property
    def place(self) -> navigation.Entry | None:
        """The door (menu entry) with several pages behind it, of which one is open; None for any other page."""
        return next((door for door in self.doors if door.current and door.pages), None)

    @property
    def label(self) -> str:
        """The open page's label in the navigation; "" for a page that is not in the navigation."""
        links = [link for door in self.doors for link in door.pages or [door]]
        return next((link.label for link in links if link.current), "")

    @property
    def home(self) -> Workspace:
        """The workspace of the page; on a page over all workspaces, the one that the user last opened or changed."""
        workspace: Workspace | None = getattr(self.request, "workspace", None)
        last = self.request.session.get(LAST_WORKSPACE)
        rows = sorted(self.memberships, key=lambda row: str(row.workspace_id) != last)
        return workspace or rows[0].workspace

    @property
    def snapshot(self) -> str:
        """The database snapshot that was taken before anything on the page was read (inbox.pages.changes)."""
        membership = getattr(self.request, "membership", None) or self.memberships[0]
        return str(vars(membership)["snapshot"])

    @cached_property
    def writable(self) -> set[UUID]:
        """The ids of the workspaces of `members` in which the user's role allows changes."""
        return {row.workspace_id for row in self.members if row.at_least(MEMBER)}

    @property
    def admin_of(self) -> list[Membership]:
        """Those of `members` (memberships) whose role allows inviting people."""
        return [row for row in self.members if row.at_least(ADMIN)]

    @cached_property
    def banner(self) -> Banner | None:
        """The banner about broken accounts; None if all accounts work or this user has hidden the banner."""
        request, rows = self.request, navigation.health_rows(self.request)
        away = self.model is not None
        return banner_for(request.workspace, request.user, request.membership, rows, model_away=away)

    @property
    def here(self) -> str:
        """The URL to which a form returns: the page in the browser, also from a part of it. It is "/" after a POST."""
        if self.request.htmx:
            return self.request.htmx.current_url_abs_path or "/"
        return self.request.get_full_path() if self.request.method == "GET" else "/"

    @property
    def may_write(self) -> bool:
        """Whether the user's role allows changes (member or higher)."""
        membership = getattr(self.request, "membership", None)
        return membership.at_least(MEMBER) if membership else bool(self.writable)

    @property
    def may_share(self) -> bool:
        """Whether the user's role allows changes that affect everyone in the workspace (admin or higher)."""
        return self.request.membership.at_least(ADMIN)

    @property
    def environment(self) -> StateMark:
        """The mark "Development" or "Production" in the admin's header."""
        return (
            StateMark("warn", "warn", "Development") if settings.DEBUG else StateMark("", "ok", "Production")
        )

    @property
    def release(self) -> Release:
        return release()


def shell(request: WorkspaceRequest) -> dict[str, object]:
    """Returns the context of every template: `shell`, the theme and density, the workspace and the membership."""
    user = getattr(request, "user", None)
    return {
        "shell": Shell(request),
        "theme": getattr(user, "theme", ""),
        "density": getattr(user, "density", ""),
        "workspace": getattr(request, "workspace", None),
        "membership": getattr(request, "membership", None),
    }
