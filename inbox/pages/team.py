"""The members of a workspace as a page names them: "You" for the current user, and the name for any other member."""

from collections import Counter
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from inbox.models import Membership, User
from inbox.pages.access import WorkspaceRequest, once, signed_in
from inbox.workspaces.identity import identity_of

YOU = "You"
MOST_NAMES = 3
"""If a member can answer in more workspaces, a page gives their number instead of their names."""


class Teammate:
    """A member. `name` is "You" for the viewer, `full_name` is always the name. `initials` are at most two letters.
    `clients` names the workspaces in which the member can answer, in a list over several (`receivers`). `email` is set
    only if another member of the team has the same name.
    """

    def __init__(self, row: Membership, viewer_id: int | None) -> None:
        self.membership_id, self.user_id = row.pk, row.user_id
        clients = vars(row.user).get("clients", ())
        self.clients = ", ".join(clients) if len(clients) <= MOST_NAMES else f"{len(clients)} clients"
        self.email = ""
        self.is_you = row.user_id == viewer_id
        self.full_name = row.user.name
        self.name = YOU if self.is_you else self.full_name
        self.initials = "".join(word[0] for word in self.full_name.split()[:2]).upper()
        self.may_write = row.at_least(Membership.Role.MEMBER)
        self.away_until = row.away_until if row.away_until and row.away_until > timezone.now() else None


class Team:
    """The members of one workspace: the current user first, then the others by name."""

    def __init__(self, rows: list[Membership], viewer_id: int | None) -> None:
        mates = [Teammate(row, viewer_id) for row in rows]
        self.members = sorted(mates, key=lambda mate: (not mate.is_you, mate.full_name.lower()))
        self._by_user = {mate.user_id: mate for mate in mates}
        names = Counter(mate.full_name for mate in mates)
        for row, mate in zip(rows, mates, strict=True):
            if names[mate.full_name] > 1:
                mate.email = row.user.email

    @property
    def writers(self) -> list[Teammate]:
        """The members to whom conversations can be assigned: all members except viewers."""
        return [mate for mate in self.members if mate.may_write]

    @property
    def heirs(self) -> list[Teammate]:
        """The members who can take over the user's conversations: all other writers who are not away."""
        return [mate for mate in self.writers if not mate.is_you and not mate.away_until]

    @property
    def callable(self) -> dict[int, str]:
        """The full names of the members whom a note can mention, by the id of the membership."""
        return {mate.membership_id: mate.full_name for mate in self.writers}

    def of(self, user_id: int | None) -> Teammate | None:
        return self._by_user.get(user_id) if user_id is not None else None

    def name_of(self, user_id: int | None) -> str:
        """Returns "You" for the current user, another member's name, or "A former member"."""
        mate = self.of(user_id)
        return mate.name if mate else SOMEBODY


def team_of(request: WorkspaceRequest) -> Team:
    """Returns the members of the request's workspace. They are read once per request."""

    def read() -> Team:
        rows = [row for row in _memberships(request) if row.workspace_id == request.workspace.pk]
        return Team(rows, signed_in(request).pk)

    return once(request, "team", read)


def receivers(request: WorkspaceRequest) -> list[Teammate]:
    """Returns the members to whom the list's conversations can be assigned. In a list over workspaces, these are the
    members of any listed workspace in which the user can assign, without the ids of their memberships.
    """
    if not is_over_all(request):
        return team_of(request).writers
    ids, listed = [], listed_ids(request)
    for row in open_memberships(request):
        if row.workspace_id in listed and row.at_least(Membership.Role.MEMBER):
            ids.append(row.workspace_id)
    roles = [role for role, rank in Membership.RANK.items() if rank]
    users = User.objects.filter(memberships__workspace__in=ids, memberships__role__in=roles)
    clients = ArrayAgg("memberships__workspace__name", order_by="memberships__workspace__name")
    rows = [Membership(user=user) for user in users.annotate(clients=clients)]
    return Team(rows, signed_in(request).pk).members


def own_memberships(request: WorkspaceRequest) -> list[Membership]:
    """Returns the memberships of the request's user in all workspaces, ordered by the workspace's name."""
    return [row for row in _memberships(request) if row.user_id == request.user.pk]


def is_over_all(request: HttpRequest) -> bool:
    """Whether the request's list is the one over all of the user's workspaces (`/desk/`), not one workspace's list."""
    return "desk" in request.GET or not hasattr(request, "workspace")


def members_of(request: WorkspaceRequest) -> list[Membership]:
    """Returns the user's memberships in the workspaces over which the request's list goes."""
    return open_memberships(request) if is_over_all(request) else [request.membership]


def open_memberships(request: WorkspaceRequest) -> list[Membership]:
    """Returns the user's memberships, without workspaces that require a stronger login than the user's."""
    is_strong = identity_of(request).is_strong
    return [row for row in own_memberships(request) if is_strong or not row.workspace.requires_second_factor]


def listed_ids(request: WorkspaceRequest) -> list[UUID]:
    """Returns the ids of the workspaces over which the request's list goes; `workspace` in its query chooses one."""
    chosen = request.GET.get("workspace") if is_over_all(request) else None
    ids = [row.workspace_id for row in members_of(request)]
    return [workspace_id for workspace_id in ids if str(workspace_id) == chosen] if chosen else ids


def _memberships(request: WorkspaceRequest) -> list[Membership]:
    """Returns all memberships of the user and all members of the request's workspace. Makes one query per request."""

    def read() -> list[Membership]:
        workspace, is_user = getattr(request, "workspace", None), Q(user_id=request.user.pk)
        rows = Membership.objects.filter(is_user | Q(workspace=workspace) if workspace else is_user)
        return list(rows.select_related("user", "workspace").order_by("workspace__name", "pk"))

    return once(request, "memberships", read)


def desks_of(user: User) -> list[tuple[Membership, Team]]:
    """Returns the user's memberships that can answer, by workspace name, each with the team as the user sees it."""
    rows = Membership.objects.filter(workspace__in=user.workspaces.all()).select_related("user", "workspace")
    teams: dict[UUID, list[Membership]] = {}
    for row in rows.order_by("workspace__name", "pk"):
        teams.setdefault(row.workspace_id, []).append(row)
    desks = [
        (row, Team(mates, user.pk)) for mates in teams.values() for row in mates if row.user_id == user.pk
    ]
    return [(membership, team) for membership, team in desks if membership.at_least(Membership.Role.MEMBER)]


SOMEBODY = "A former member"
