"""Keeps snippets: a member's own, and those that a workspace shares."""

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from inbox.models import Snippet, User, Workspace, audit, locks
from inbox.models.snippet import MOST


class Refused(Exception):
    """A snippet was not kept. The text says why, and what to do."""


def listed(workspace: Workspace, user: User) -> QuerySet[Snippet]:
    """The snippets that `user` sees in `workspace`, by name: their own and the shared ones."""
    return Snippet.objects.filter(Q(owner=user) | Q(owner=None), workspace=workspace)


def add(workspace: Workspace, by: User, *, name: str, text: str, shared: bool) -> Snippet:
    """Keeps a snippet of `by`, or of the workspace. Raises Refused."""
    owner = None if shared else by
    with transaction.atomic():
        locks.hold("snippets", workspace.pk)  # so that the limit on their number holds exactly
        if Snippet.objects.filter(workspace=workspace, owner=owner).count() >= MOST:
            whose = "shared snippets" if shared else "snippets of your own"
            raise Refused(f"There are {MOST} {whose}, which is the most. Delete one first.")
        snippet = Snippet(workspace=workspace, owner=owner, name=name, text=text)
        try:
            with transaction.atomic():
                snippet.save()
        except IntegrityError as error:
            raise _there_already(error) from error
        _record(snippet, by, "add")
    return snippet


def change(snippet: Snippet, by: User, *, name: str, text: str) -> None:
    """Gives the snippet another name and text. Raises Refused, also if it is gone."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                changed = _same(snippet).update(name=name, text=text)
        except IntegrityError as error:
            raise _there_already(error) from error
        if not changed:
            raise Refused("Somebody has deleted it meanwhile.")
        _record(snippet, by, "change")


def delete(snippet: Snippet, by: User) -> None:
    """Deletes the snippet. What was written with it stays."""
    with transaction.atomic():
        gone, _ = _same(snippet).delete()
        if gone:
            _record(snippet, by, "delete")


def _same(snippet: Snippet) -> QuerySet[Snippet]:
    return Snippet.objects.filter(pk=snippet.pk, workspace_id=snippet.workspace_id, owner_id=snippet.owner_id)


def _record(snippet: Snippet, by: User, what: str) -> None:
    """Shared snippets are everybody's, so the audit log says who changed them."""
    if snippet.is_shared:
        audit.record(snippet.workspace_id, by, f"snippet.{what}", snippet)


def _there_already(error: IntegrityError) -> Exception:
    if "snippet_own_once" in str(error) or "snippet_shared_once" in str(error):
        return Refused("There is a snippet with this name already.")
    return error
