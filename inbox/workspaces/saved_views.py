"""Stores saved views: a member's own, and those that a workspace shares. Their order is the one that people gave."""

from django.db import transaction
from django.db.models import QuerySet

from inbox.models import SavedView, User, Workspace
from inbox.workspaces.own_and_shared import VIEWS

LAST = 1_000
"""The position of a new view: after those that people have put in order, which are counted from 1."""


def listed(workspace: Workspace, user: User) -> QuerySet[SavedView]:
    """The views that `user` sees in `workspace`, in their order: their own, then the shared ones."""
    views = VIEWS.listed(workspace, user)
    return views.order_by("owner_id", "position", "pk")  # PostgreSQL puts those without an owner last


def move_up(view: SavedView, by: User) -> None:
    """Puts the view before the one that stands before it. The first one stays."""
    with transaction.atomic():
        VIEWS.hold(view.workspace)
        order = list(SavedView.objects.filter(workspace=view.workspace_id, owner=view.owner_id))
        at = next((at for at, row in enumerate(order) if row.pk == view.pk), 0)
        if at:
            order[at - 1 : at + 1] = order[at], order[at - 1]
        for position, row in enumerate(order, 1):
            row.position = position
        SavedView.objects.bulk_update(order, ["position"])
        VIEWS.record(view, by, "move")
