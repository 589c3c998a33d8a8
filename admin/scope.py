"""The rows that a request of the admin may see.

Operators see all workspaces, others those in which they are owner or admin. The text of people is for members of its
workspace, and for those with a stated reason (TextAccess).
"""

import contextlib
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.auth.models import Group, Permission
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Exists, Field, ForeignKey, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.http import Http404, HttpRequest

from inbox.models import Membership, TextAccess, User, Workspace
from inbox.pages.access import signed_in

INSTALLATION = "installation"
"""The `workspace_path` of a model whose rows belong to no workspace, such as workers. Operators alone see them."""

CHOSEN = "admin_workspace"
"""The key of the session under which the chosen workspace's id is kept."""

SEE_ALL = "inbox.see_all_workspaces"
WORKSPACE_ADMIN = "Workspace admin"
"""The group that the database gives to owners and admins of a workspace."""

MOST_NAMES = 200
"""The most workspaces that the switcher and the filters name. The list of workspaces narrows to any other."""

Row = TypeVar("Row", bound=Model)


@dataclass
class Scope:
    """The view of one person: `roles` by workspace, the workspaces that the person `runs` as owner or admin, the one to
    which the session is narrowed (`chosen`), and whether the person is in the group Workspace admin (`in_group`).
    """

    user: User
    sees_all: bool
    roles: dict[UUID, str]
    runs: list[UUID]
    chosen: UUID | None = None
    in_group: bool = True
    _names: list[tuple[UUID, str]] | None = None
    _granted: dict[UUID, bool] = field(default_factory=dict)
    _rights: set[str] | None = None

    def may(self, permission: str) -> bool:
        """Whether the person has `permission` in all workspaces whose rows they see.

        For a person who sees all workspaces, rights from the group Workspace admin do not count: they hold in the
        workspaces that the person runs, and no others.
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
        """The ids of the workspaces that may be seen now. None means all of them."""
        if self.chosen is not None:
            return [self.chosen]
        return None if self.sees_all else self.runs

    @property
    def names(self) -> list[tuple[UUID, str]]:
        """Id and name of the workspaces that the person can narrow the admin to, by name, at most MOST_NAMES."""
        if self._names is None:
            rows = Workspace.objects.filter(drill_of=None)
            if not self.sees_all:
                rows = rows.filter(pk__in=self.runs)
            self._names = list(rows.order_by("name", "pk").values_list("pk", "name")[:MOST_NAMES])
        return self._names

    @property
    def chosen_name(self) -> str:
        """The name of the chosen workspace; "" if none is chosen."""
        if self.chosen is None:
            return ""
        name = dict(self.names).get(self.chosen)
        return name or str(Workspace.objects.filter(pk=self.chosen).first() or "")

    def limit(self, rows: QuerySet[Row], path: str) -> QuerySet[Row]:
        """Those of `rows` that the person may see now. `path` is the look-up from the model to its workspace. Only
        those who see all workspaces see rows of INSTALLATION.
        """
        if path == INSTALLATION:
            return rows if self.sees_all else rows.none()
        ids = self.ids
        if ids is None:
            return rows
        condition = {path: ids[0]} if len(ids) == 1 else {f"{path}__in": ids}
        if is_to_many(rows.model, path):  # a join would list a row once for each of its workspaces
            return rows.filter(pk__in=rows.model._default_manager.filter(**condition).values("pk"))
        return rows.filter(**condition)

    def parts(self, rows: QuerySet[Row], path: str) -> list[QuerySet[Row]]:
        """The same rows as `limit`, as querysets that name each workspace: indexes of columns begin with it, and a
        look-up without it reads the whole table.
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
        """The workspace with the id `key`, if its rows may be seen now. Raises Http404 for all else."""
        with contextlib.suppress(ValueError):
            rows = self.limit(Workspace.objects.filter(pk=UUID(str(key))), "pk")
            if workspace := rows.first():
                return workspace
        raise Http404("No such workspace.")

    def may_choose(self, workspace_id: UUID) -> bool:
        """Whether the person may narrow the admin to this workspace."""
        if not self.sees_all:
            return workspace_id in self.runs
        return bool(Workspace.objects.filter(pk=workspace_id).exists())

    def is_member(self, workspace_id: UUID | None) -> bool:
        """Whether the person is a member of the workspace, so that its own pages open to them."""
        return workspace_id in self.roles

    def is_granted(self, workspace_id: UUID | None) -> bool:
        """Whether the person has said, less than an hour ago, why they must read the text of this workspace."""
        if workspace_id is None:
            return False
        if workspace_id not in self._granted:
            grants = TextAccess.objects.filter(
                user_id=self.user.pk, workspace_id=workspace_id, expires_at__gt=Now()
            )
            self._granted[workspace_id] = grants.exists()
        return self._granted[workspace_id]

    def may_read(self, workspace_id: UUID | None) -> bool:
        """Whether the person may read the workspace's text. Text of no workspace (None) is for those who see all."""
        if workspace_id is None:
            return self.sees_all
        return self.is_member(workspace_id) or self.is_granted(workspace_id)


def scope_of(request: HttpRequest) -> Scope:
    """The scope of a request, computed once by one query. Raises PermissionDenied if nobody is signed in."""
    scope: Scope | None = getattr(request, "_admin_scope", None)
    if scope is None:
        scope = _scope(request)
        request._admin_scope = scope  # type: ignore[attr-defined]  # kept for the rest of this request
    return scope


def _scope(request: HttpRequest) -> Scope:
    user = signed_in(request)
    group = Exists(Group.objects.filter(user=OuterRef("pk"), name=WORKSPACE_ADMIN))
    rows = User.objects.filter(pk=user.pk)
    memberships = list(rows.values_list("memberships__workspace", "memberships__role", group))
    roles = {key: role for key, role, _ in memberships if key is not None}
    runs = sorted(
        key for key, role in roles.items() if Membership.RANK[role] >= Membership.RANK[Membership.Role.ADMIN]
    )
    in_group = any(held for *_, held in memberships)
    scope = Scope(user, user.has_perm(SEE_ALL), roles, runs, in_group=in_group)
    if chosen_id := request.session.get(CHOSEN):
        wanted = UUID(chosen_id)
        if scope.sees_all or wanted in scope.runs:  # a person who lost the role is back to what is theirs
            scope.chosen = wanted
    return scope


def choose(request: HttpRequest, workspace_id: UUID | None) -> None:
    """Narrows the session to one workspace that the person `may_choose`; None shows all again."""
    if workspace_id is None:
        request.session.pop(CHOSEN, None)
    else:
        request.session[CHOSEN] = str(workspace_id)


def steps_of(model: type[Model], path: str) -> list["Field[Any, Any]"]:
    """The fields along `path`, which is a look-up such as `job__workspace` or `pk`. Raises FieldDoesNotExist."""
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
    """Whether a row can belong to several workspaces by `path`, as a user does."""
    return path != "pk" and not all(isinstance(step, ForeignKey) for step in steps_of(model, path))


def workspace_of(row: Model, path: str) -> UUID | None:
    """The id of the workspace that `row` belongs to; None for rows of none, and for rows of several."""
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
