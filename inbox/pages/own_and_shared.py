"""Shared by the pages of saved views and snippets: members have their own, and admins change the shared ones."""

import uuid
from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from inbox.models import Membership
from inbox.pages.access import WorkspaceRequest
from inbox.workspaces.own_and_shared import Row


def may_share(request: WorkspaceRequest) -> bool:
    """Whether the user's role allows changes that affect everyone in the workspace."""
    return request.membership.at_least(Membership.Role.ADMIN)


def groups(
    request: WorkspaceRequest, rows: Iterable[Row], words: str
) -> list[tuple[str, str, list[Row], bool]]:
    """Groups the rows into own and shared: key, heading, rows, and whether the user may change them."""
    everything = list(rows)
    private, shared = (
        [row for row in everything if row.is_shared is is_shared] for is_shared in (False, True)
    )
    return [
        ("own", f"Your {words}", private, True),
        ("shared", f"Shared {words}", shared, may_share(request)),
    ]


def find(request: WorkspaceRequest, rows: QuerySet[Row], row_id: uuid.UUID) -> Row:
    """Returns the row with this id if the user may change it. Raises Http404, or PermissionDenied for a shared row."""
    row = get_object_or_404(rows, pk=row_id)
    if row.is_shared and not may_share(request):
        raise PermissionDenied("Only admins can change shared ones.")
    return row
