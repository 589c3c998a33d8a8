"""Adds the frame of every page to the template context: navigation, banner and workspaces."""

from uuid import UUID

from django.conf import settings
from django.utils.functional import cached_property

from inbox.health.banner import Banner, banner_for
from inbox.health.model_outage import ModelAway
from inbox.models import Membership, Workspace
from inbox.pages import navigation
from inbox.pages.access import LAST_WORKSPACE, WorkspaceRequest
from inbox.pages.account import profile
from inbox.pages.desk import counts
from inbox.pages.desk.conversation_list import list_url
from inbox.pages.palette import SHORTCUTS
from inbox.pages.release import Release, release
from inbox.pages.start.steps_page import is_setting_up
from inbox.pages.state_marks import StateMark
from inbox.pages.team import Team, is_over_all, members_of, own_memberships, team_of


class Shell:
    """The frame of a page. Each part is computed only if a template uses it."""

    shortcuts = SHORTCUTS

    def __init__(self, request: WorkspaceRequest) -> None:
        self._request = request

    @cached_property
    def rail(self) -> navigation.Rail:
        return navigation.rail(self._request)

    @cached_property
    def doors(self) -> list[navigation.Entry]:
        return navigation.doors(self._request)

    @property
    def place(self) -> navigation.Entry | None:
        """The door behind which the open page is, if it leads to several pages; None for other pages."""
        return next((door for door in self.doors if door.current and door.pages), None)

    @property
    def label(self) -> str:
        """The open page's label in the navigation; "" for a page that is not in it."""
        links = [link for door in self.doors for link in door.pages or [door]]
        return next((link.label for link in links if link.current), "")

    @property
    def setting_up(self) -> bool:
        """Whether the user is to set up the workspace: the door to it is then the first."""
        return not self.over_all and is_setting_up(self._request)

    @cached_property
    def clients(self) -> list[navigation.Client]:
        return navigation.clients(self._request)

    @property
    def tabs(self) -> list[navigation.Entry]:
        return navigation.tabs(self._request)

    @cached_property
    def memberships(self) -> list[Membership]:
        return own_memberships(self._request)

    @property
    def over_all(self) -> bool:
        """Whether the page lists the conversations of all workspaces of the user."""
        return is_over_all(self._request)

    @cached_property
    def members(self) -> list[Membership]:
        """The user's memberships in the workspaces whose conversations the page lists."""
        return members_of(self._request)

    @property
    def home(self) -> Workspace:
        """The workspace of the page; on a page over several, the one that the user last changed or opened."""
        workspace: Workspace | None = getattr(self._request, "workspace", None)
        last = self._request.session.get(LAST_WORKSPACE)
        rows = sorted(self.memberships, key=lambda row: str(row.workspace_id) != last)
        return workspace or rows[0].workspace

    @property
    def snapshot(self) -> str:
        """The database snapshot that was taken before the page was read (inbox.pages.changes)."""
        membership = getattr(self._request, "membership", None) or self.memberships[0]
        return str(vars(membership)["snapshot"])

    @cached_property
    def writable(self) -> set[UUID]:
        """The ids of the workspaces of `members` in which the user's role allows changes."""
        return {row.workspace_id for row in self.members if row.at_least(Membership.Role.MEMBER)}

    @property
    def list_url(self) -> str:
        return list_url(self._request)

    @property
    def team(self) -> Team:
        return team_of(self._request)

    @cached_property
    def banner(self) -> Banner | None:
        """The banner about broken accounts; None if all accounts work or this user has hidden the banner."""
        request = self._request
        rows = navigation.health_rows(request)
        away = self.model is not None
        return banner_for(request.workspace, request.user, request.membership, rows, model_away=away)

    @cached_property
    def model(self) -> ModelAway | None:
        """The notice that no language model reads replies at the moment; None if one does."""
        return counts.model_away(self._request)

    @property
    def here(self) -> str:
        """The address to which a form returns: the page, or the page around a fragment. It is "/" after a POST."""
        if self._request.htmx:
            return self._request.htmx.current_url_abs_path or "/"
        return self._request.get_full_path() if self._request.method == "GET" else "/"

    @property
    def notices(self) -> str:
        """How this browser shows notices: "on", "sound" (with a sound), or "" (not at all)."""
        return profile.chosen(self._request)

    @property
    def may_write(self) -> bool:
        """Whether the user's role allows changes (member or higher)."""
        membership = getattr(self._request, "membership", None)
        return membership.at_least(Membership.Role.MEMBER) if membership else bool(self.writable)

    @property
    def may_share(self) -> bool:
        """Whether the user's role allows changes that affect everyone in the workspace (admin or higher)."""
        return self._request.membership.at_least(Membership.Role.ADMIN)

    @property
    def environment(self) -> StateMark:
        """The mark "Development" or "Production" in the admin's header."""
        return (
            StateMark("warn", "warn", "Development") if settings.DEBUG else StateMark("", "ok", "Production")
        )

    @property
    def version(self) -> str:
        return settings.VERSION

    @property
    def release(self) -> Release:
        return release()


def shell(request: WorkspaceRequest) -> dict[str, object]:
    """The context processor: `shell`, the theme and density, the workspace and the membership."""
    user = getattr(request, "user", None)
    return {
        "shell": Shell(request),
        "theme": getattr(user, "theme", ""),
        "density": getattr(user, "density", ""),
        "workspace": getattr(request, "workspace", None),
        "membership": getattr(request, "membership", None),
    }
