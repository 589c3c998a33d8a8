"""The model of a snippet: a text with variables that people insert into their messages."""

from django.db import models
from django.db.models.functions import Lower

from inbox.models.row import OwnRow
from inbox.models.workspace import Workspace

TEXT_CHARS = 5_000
MOST = 200
"""The maximum number of snippets per person in a workspace, and of shared snippets per workspace."""


class Snippet(OwnRow):
    """A named text of one member or, without `owner`, of the workspace. Variables have the syntax of follow-ups."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="snippets")
    text = models.TextField(max_length=TEXT_CHARS)

    class Meta:
        ordering = [Lower("name"), "id"]
        constraints = OwnRow.constraints("snippet")
