"""The model of a saved view: a filtered list of conversations under a name."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from inbox.models.workspace import User, Workspace
from jobs.columns import Row

NAME_CHARS, QUERY_CHARS = 60, 2_000
MOST = 12
"""The maximum number of views per person in a workspace, and of shared views per workspace. The limit is low, because
each page counts the conversations of every view.
"""


class SavedView(Row):
    """A named folder with filters, of one member or, without `owner`, of the whole workspace.

    `query` is the list's query string. A saved view is evaluated at every use, so "last 7 days" remains relative.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="saved_views")
    owner = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=NAME_CHARS)
    query = models.CharField(max_length=QUERY_CHARS)
    position = models.PositiveSmallIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(auto_now_add=True, db_default=Now())

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                "workspace", "owner", Lower("name"), condition=Q(owner__isnull=False), name="view_own_once"
            ),
            models.UniqueConstraint(
                "workspace", Lower("name"), condition=Q(owner__isnull=True), name="view_shared_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_shared(self) -> bool:
        return self.owner_id is None
