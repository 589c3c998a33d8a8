"""The rows that an admin request may see.

Operators see the rows of all workspaces. Other users see the rows of workspaces that they own or administer. User text
is visible to members of its workspace, and to users who have stated a reason (TextAccess).
"""

import contextlib
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Exists, Field, ForeignKey, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.http import Http404, HttpRequest

from inbox.models import Membership, TextAccess, User, Workspace
from inbox.pages.access import once, signed_in

INSTALLATION = "installation"
"""The `workspace_path` of a model whose rows belong to no workspace, such as workers. Only operators see them."""

CHOSEN = "admin_workspace"
"""The session key of the chosen workspace's id."""

SEE_ALL = "inbox.see_all_workspaces"
WORKSPACE_ADMIN = "Workspace admin"
"""The group that the database assigns to owners and admins of a workspace."""

MOST_NAMES = 200
"""The most workspaces in the switcher and the filters. Users choose any other one in the list of workspaces."""

Row = TypeVar("Row", bound=Model)


@dataclass
class Scope:
    """The rows that one user may see in the admin. `roles` maps workspaces to the user's role, and `runs` holds the
    workspaces that the user owns or administers. `chosen` is the workspace to which the session is narrowed. `in_group`
    says whether the user is in the group Workspace admin. `needs_factor` says whether the user needs a second factor:
    one of their workspaces requires it, or they see all workspaces and OPERATORS_NEED_FACTOR is set.
    """

    user: User
    sees_all: bool
    roles: dict[UUID, str]
    runs: list[UUID]
    chosen: UUID | None = None
    in_group: bool = True
    needs_factor: bool = False
    _names: list[tuple[UUID, str]] | None = None
    _granted: dict[UUID, bool] = field(default_factory=dict)
    _rights: set[str] | None = None

    def may(self, permission: str) -> bool:
        """Whether the user has `permission` in all workspaces whose rows they see.

        For a user who sees all workspaces, permissions of the group Workspace admin do not count, because they only
        apply to the workspaces that the user runs.
        """
        if not self.user.has_perm(permission):
            return False
        if not self.sees_all or not self.in_group or self.user.is_superuser:
            return True
        if self._rights is None:
            held = Q(user=self.user) | Q(group__in=self.user.groups.exclude(name=WORKSPACE_ADMIN))
            pairs = Permission.objects.filter(held).values_list("content_type__app_label", "codename")
            self._rights = {f"{label}.{name}" for label, name in pairs}
        return permission in self._rights

    @property
    def ids(self) -> list[UUID] | None:
        """The ids of the workspaces that the user may see, or None for all."""
        if self.chosen is not None:
            return [self.chosen]
        return None if self.sees_all else self.runs

    @property
    def names(self) -> list[tuple[UUID, str]]:
        """Ids and names of the workspaces that the user can choose, sorted by name, at most MOST_NAMES."""
        if self._names is None:
            rows = Workspace.objects.filter(drill_of=None)
            if not self.sees_all:
                rows = rows.filter(pk__in=self.runs)
            self._names = list(rows.order_by("name", "pk").values_list("pk", "name")[:MOST_NAMES])
        return self._names

    @property
    def chosen_name(self) -> str:
        """The name of the workspace to which the user has narrowed the admin, or ""."""
        if self.chosen is None:
            return ""
        name = dict(self.names).get(self.chosen)
        return name or str(Workspace.objects.filter(pk=self.chosen).first() or "")

    def limit(self, rows: QuerySet[Row], path: str) -> QuerySet[Row]:
        """Filters `rows` to those that the user may see now. `path` is the look-up from the model to its workspace.
        Only users who see all workspaces see rows that belong to INSTALLATION.
        """
        if path == INSTALLATION:
            return rows if self.sees_all else rows.none()
        ids = self.ids
        if ids is None:
            return rows
        condition = {path: ids[0]} if len(ids) == 1 else {f"{path}__in": ids}
        if is_to_many(rows.model, path):  # a join would list the row once for each of its workspaces
            return rows.filter(pk__in=rows.model._default_manager.filter(**condition).values("pk"))
        return rows.filter(**condition)

    def parts(self, rows: QuerySet[Row], path: str) -> list[QuerySet[Row]]:
        """Returns the rows that `limit` returns, as querysets whose conditions name the workspaces. The index of a
        look-up begins with the workspace, so without that condition PostgreSQL would read the whole table.
        """
        if path in (INSTALLATION, "pk") or "__" in path or is_to_many(rows.model, path):
            return [self.limit(rows, path)]
        in_scope = rows.filter(**{f"{path}__in": self._every_id if self.ids is None else self.ids})
        if self.ids is None and rows.model._meta.get_field(path).null:
            return [in_scope, rows.filter(**{f"{path}__isnull": True})]
        return [in_scope]

    @property
    def _every_id(self) -> list[UUID]:
        if len(self.names) < MOST_NAMES:
            return [pk for pk, _ in self.names]
        return list(Workspace.objects.values_list("pk", flat=True))

    def workspace(self, key: object) -> Workspace:
        """Returns the workspace with the id `key`. Raises Http404 if the user may not see its rows now."""
        with contextlib.suppress(ValueError):
            rows = self.limit(Workspace.objects.filter(pk=UUID(str(key))), "pk")
            if workspace := rows.first():
                return workspace
        raise Http404("This workspace doesn’t exist.")

    def may_choose(self, workspace_id: UUID) -> bool:
        """Whether the user may narrow the admin to this workspace."""
        if not self.sees_all:
            return workspace_id in self.runs
        return Workspace.objects.filter(pk=workspace_id).exists()

    def is_member(self, workspace_id: UUID | None) -> bool:
        """Whether the user is a member of the workspace and can open its own pages."""
        return workspace_id in self.roles

    def _is_granted(self, workspace_id: UUID) -> bool:
        """Whether the user has stated, within the last hour, a reason for reading text of this workspace."""
        if workspace_id not in self._granted:
            grants = TextAccess.objects.filter(
                user_id=self.user.pk, workspace_id=workspace_id, expires_at__gt=Now()
            )
            self._granted[workspace_id] = grants.exists()
        return self._granted[workspace_id]

    def may_read(self, workspace_id: UUID | None) -> bool:
        """Whether the user may read user text of the workspace. Text that belongs to no workspace (None) is for users
        who see all workspaces.
        """
        if workspace_id is None:
            return self.sees_all
        return self.is_member(workspace_id) or self._is_granted(workspace_id)


def scope_of(request: HttpRequest) -> Scope:
    """Returns the scope of a request's user, from one query. Raises PermissionDenied if no user is logged in."""
    return once(request, "_admin_scope", lambda: _scope(request))


def _scope(request: HttpRequest) -> Scope:
    user = signed_in(request)
    group = Exists(Group.objects.filter(user=OuterRef("pk"), name=WORKSPACE_ADMIN))
    rows = User.objects.filter(pk=user.pk)
    strict = "memberships__workspace__requires_second_factor"
    memberships = list(rows.values_list("memberships__workspace", "memberships__role", strict, group))
    roles = {key: role for key, role, *_ in memberships if key is not None}
    runs = sorted(
        key for key, role in roles.items() if Membership.RANK[role] >= Membership.RANK[Membership.Role.ADMIN]
    )
    in_group = any(held for *_, held in memberships)
    scope = Scope(user, user.has_perm(SEE_ALL), roles, runs, in_group=in_group)
    runs_all = settings.OPERATORS_NEED_FACTOR and scope.sees_all
    scope.needs_factor = runs_all or any(is_strict for *_, is_strict, _ in memberships)
    chosen = request.session.get(CHOSEN)
    # A user who no longer has a role in the chosen workspace sees their other workspaces again.
    if chosen and (scope.sees_all or UUID(chosen) in scope.runs):
        scope.chosen = UUID(chosen)
    return scope


def choose(request: HttpRequest, workspace_id: UUID | None) -> None:
    """Narrows the session to a workspace that the user `may_choose`. None shows all workspaces again."""
    if workspace_id is None:
        request.session.pop(CHOSEN, None)
    else:
        request.session[CHOSEN] = str(workspace_id)


def steps_of(model: type[Model], path: str) -> list["Field[Any, Any]"]:
    """Returns the model fields along `path`, a look-up such as `job__workspace` or `pk`. Raises FieldDoesNotExist."""
    steps: list[Any] = []
    here: type[Model] | None = model
    for name in path.split("__"):
        if here is None:
            raise FieldDoesNotExist(path)
        step = here._meta.pk if name == "pk" else here._meta.get_field(name)
        steps.append(step)
        here = step.related_model
    return steps


def is_to_many(model: type[Model], path: str) -> bool:
    """Whether `path` can lead from one row to several workspaces, for example from a user."""
    return path != "pk" and not all(isinstance(step, ForeignKey) for step in steps_of(model, path))


def workspace_of(row: Model, path: str) -> UUID | None:
    """Returns the id of the workspace that `row` belongs to, or None if it belongs to none or to several."""
    if path == INSTALLATION or is_to_many(type(row), path):
        return None
    if path == "pk":
        row_id: UUID = row.pk
        return row_id
    *before, _ = names = path.split("__")
    parent: Any = row
    for name in before:
        parent = getattr(parent, name)
        if parent is None:
            return None
    workspace_id: UUID | None = getattr(parent, f"{names[-1]}_id")
    return workspace_id
