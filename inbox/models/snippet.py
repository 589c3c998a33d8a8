"""The model of a snippet: a text with variables that people insert into their messages."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from inbox.models.workspace import User, Workspace
from jobs.columns import Row

NAME_CHARS, TEXT_CHARS = 60, 5_000
MOST = 200
"""The maximum number of snippets per person in a workspace, and of shared snippets per workspace."""


class Snippet(Row):
    """A named text of one member or, without `owner`, of the workspace. Its variables are written as in follow-ups."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="snippets")
    owner = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=NAME_CHARS)
    text = models.TextField(max_length=TEXT_CHARS)
    created_at = models.DateTimeField(auto_now_add=True, db_default=Now())

    class Meta:
        ordering = [Lower("name"), "id"]
        constraints = [
            models.UniqueConstraint(
                "workspace", "owner", Lower("name"), condition=Q(owner__isnull=False), name="snippet_own_once"
            ),
            models.UniqueConstraint(
                "workspace", Lower("name"), condition=Q(owner__isnull=True), name="snippet_shared_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_shared(self) -> bool:
        return self.owner_id is None
