"""Keeps saved views: a member's own, and those that a workspace shares. Their order is the one that people gave."""

from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet

from inbox.models import SavedView, User, Workspace, audit, locks
from inbox.models.saved_view import MOST


class Refused(Exception):
    """A saved view was not made or changed. The text says why, and what to do."""


def listed(workspace: Workspace, user: User) -> QuerySet[SavedView]:
    """The views that `user` sees in `workspace`, in their order: their own, then the shared ones."""
    views = SavedView.objects.filter(Q(owner=user) | Q(owner=None), workspace=workspace)
    return views.order_by("owner_id", "position", "pk")  # PostgreSQL puts those without an owner last


def add(workspace: Workspace, by: User, *, name: str, query: str, shared: bool) -> SavedView:
    """Saves the list with the query string `query` as the last view of `by`, or of the workspace. Raises Refused."""
    owner = None if shared else by
    with transaction.atomic():
        _hold(workspace)
        beside = SavedView.objects.filter(workspace=workspace, owner=owner)
        if beside.count() >= MOST:
            whose = "shared views" if shared else "views of your own"
            raise Refused(f"There are {MOST} {whose}, which is the most. Remove one first.")
        position = (beside.aggregate(last=Max("position"))["last"] or 0) + 1
        view = SavedView(workspace=workspace, owner=owner, name=name, query=query, position=position)
        _save(view)
        _record(view, by, "add")
    return view


def rename(view: SavedView, by: User, name: str) -> None:
    """Gives the view another name. Raises Refused, also if it is gone."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                changed = _same(view).update(name=name)
        except IntegrityError as error:
            raise _there_already(error) from error
        if not changed:
            raise Refused("Somebody has removed it meanwhile.")
        _record(view, by, "rename")


def move_up(view: SavedView, by: User) -> None:
    """Puts the view before the one that stands before it. The first one stays."""
    with transaction.atomic():
        _hold(view.workspace)
        order = list(SavedView.objects.filter(workspace=view.workspace_id, owner=view.owner_id))
        at = next((at for at, row in enumerate(order) if row.pk == view.pk), 0)
        if at:
            order[at - 1 : at + 1] = order[at], order[at - 1]
        for position, row in enumerate(order, 1):
            row.position = position
        SavedView.objects.bulk_update(order, ["position"])
        _record(view, by, "move")


def delete(view: SavedView, by: User) -> None:
    """Removes the view. What it lists stays as it is."""
    with transaction.atomic():
        gone, _ = _same(view).delete()
        if gone:
            _record(view, by, "delete")


def _hold(workspace: Workspace) -> None:
    """One change at a time, so that the limit on their number holds exactly."""
    locks.hold("saved views", workspace.pk)


def _same(view: SavedView) -> QuerySet[SavedView]:
    return SavedView.objects.filter(pk=view.pk, workspace_id=view.workspace_id, owner_id=view.owner_id)


def _save(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise _there_already(error) from error


def _record(view: SavedView, by: User, what: str) -> None:
    """Shared views are everybody's, so the audit log says who changed them."""
    if view.is_shared:
        audit.record(view.workspace_id, by, f"view.{what}", view)


def _there_already(error: IntegrityError) -> Exception:
    if "view_own_once" in str(error) or "view_shared_once" in str(error):
        return Refused("There is a view with this name already.")
    return error
