"""Stores saved views and snippets: named rows that belong to a member or are shared in a workspace.

Code for a workspace's facts, which are always shared, uses the errors and the function `unique` of this module.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from inbox.models import SavedView, Snippet, User, Workspace, audit, locks, saved_view, snippet

Row = TypeVar("Row", SavedView, Snippet)
LAST = 1_000
"""The position of a new view. Views that people have ordered have positions from 1, so they come before new ones."""


class Refused(Exception):
    """A row was not stored. The text states the reason and the remedy."""


class NameTaken(Refused):
    """Another row has this name."""


class Full(Refused):
    """The member or the workspace has reached the limit on the number of rows."""


@contextmanager
def unique(problem: str, *constraints: str) -> Iterator[None]:
    """Runs its block in a transaction. Raises NameTaken(problem) if the block violates one of the `constraints`."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if any(constraint in str(error) for constraint in constraints):
            raise NameTaken(problem) from error
        raise


@dataclass(frozen=True)
class OwnAndShared(Generic[Row]):
    """Access to the rows of one model. `word` names a row in texts; `most` is the maximum number of rows per owner."""

    model: type[Row]
    word: str
    most: int
    delete_word: str
    deleted_word: str

    def listed(self, workspace: Workspace, user: User) -> QuerySet[Row]:
        """Returns the rows that `user` can see (their own and the shared rows), in the model's order."""
        return self.model._default_manager.filter(Q(owner=user) | Q(owner=None), workspace=workspace)

    def add(self, workspace: Workspace, by: User, *, shared: bool, **columns: str | int) -> Row:
        """Stores a row that belongs to `by`, or to the workspace if `shared`. Raises NameTaken or Full."""
        owner = None if shared else by
        row = self.model(workspace=workspace, owner=owner, **columns)
        with transaction.atomic():
            self.hold(workspace)
            if self.model._default_manager.filter(workspace=workspace, owner=owner).count() >= self.most:
                whose = f"shared {self.word}s" if shared else f"{self.word}s of your own"
                raise Full(
                    f"You’ve reached the maximum of {self.most} {whose}. {self.delete_word} one first."
                )
            with self._unique():
                row.save()
            self.record(row, by, "add")
        return row

    def change(self, row: Row, by: User, action: str = "change", **columns: str) -> None:
        """Writes `columns` of `row`, such as a new name. Raises NameTaken. Raises Refused if the row was deleted."""
        with transaction.atomic():
            with self._unique():
                changed = self._same(row).update(**columns)
            if not changed:
                raise Refused(f"Someone else has {self.deleted_word} this {self.word}.")
            self.record(row, by, action)

    def delete(self, row: Row, by: User) -> None:
        with transaction.atomic():
            deleted, _ = self._same(row).delete()
            if deleted:
                self.record(row, by, "delete")

    def hold(self, workspace: Workspace) -> None:
        """Makes transactions that add rows to the workspace run one after another, so that none exceeds the limit."""
        locks.hold(f"{self.word}s", workspace.pk)

    def record(self, row: Row, by: User, action: str) -> None:
        """Records an action in the audit log if the row is shared."""
        if row.is_shared:
            audit.record(row.workspace_id, by, f"{self.word}.{action}", row)

    def _same(self, row: Row) -> QuerySet[Row]:
        return self.model._default_manager.filter(
            pk=row.pk, workspace_id=row.workspace_id, owner_id=row.owner_id
        )

    def _unique(self) -> AbstractContextManager[None]:
        problem = f"A {self.word} with this name already exists."
        return unique(problem, f"{self.word}_own_once", f"{self.word}_shared_once")


VIEWS = OwnAndShared(SavedView, "view", saved_view.MOST, delete_word="Remove", deleted_word="removed")
SNIPPETS = OwnAndShared(Snippet, "snippet", snippet.MOST, delete_word="Delete", deleted_word="deleted")


def listed_views(workspace: Workspace, user: User) -> QuerySet[SavedView]:
    """Returns the views that `user` can see in `workspace`: their own by position, then the shared ones by position."""
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
