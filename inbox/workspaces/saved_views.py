"""Stores saved views: a member's own views, and those shared in a workspace. Users choose their order."""

from django.db import transaction
from django.db.models import QuerySet

from inbox.models import SavedView, User, Workspace
from inbox.workspaces.own_and_shared import VIEWS

LAST = 1_000
"""The position of a new view. Views that people have ordered are counted from 1, and come before it."""


def listed(workspace: Workspace, user: User) -> QuerySet[SavedView]:
    """The views that `user` can see in `workspace`: first their own, then the shared ones, each in their order."""
    views = VIEWS.listed(workspace, user)
    return views.order_by("owner_id", "position", "pk")  # PostgreSQL sorts views without an owner last


def move_up(view: SavedView, by: User) -> None:
    """Moves the view up by one place. The first view stays in place."""
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
