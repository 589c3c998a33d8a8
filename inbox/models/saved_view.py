"""The model of a saved view: a filtered list of conversations under a name."""

from django.db import models

from inbox.models.row import OwnRow
from inbox.models.workspace import Workspace

QUERY_CHARS = 2_000
MOST = 12
"""The maximum number of views per person in a workspace, and of shared views per workspace. The limit is low, because
each page counts the conversations of every view.
"""


class SavedView(OwnRow):
    """A named folder with filters, of one member or, without `owner`, of the whole workspace.

    `query` is the list's query string. A saved view is evaluated at every use, so "last 7 days" remains relative.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="saved_views")
    query = models.CharField(max_length=QUERY_CHARS)
    position = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = OwnRow.constraints("view")
