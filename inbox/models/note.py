"""Notes between colleagues about a conversation, and the members whom they mention. Notes are never sent."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from jobs.columns import Row, index, unique


class Note(Row):
    """A member's text for colleagues, beside a conversation. No provider, model or count reads a note."""

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="notes")
    lead = models.ForeignKey("inbox.Lead", on_delete=models.CASCADE, related_name="notes", db_index=False)
    author = models.ForeignKey("inbox.User", on_delete=models.SET_NULL, null=True)
    text = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            index("note_by_lead", "lead", "-created_at"),
            index("note_by_age", "workspace", "created_at"),
        ]

    def __str__(self) -> str:
        return f"note {self.id}"


class Mention(models.Model):
    """A member's mention in a note. It is deleted when the member leaves. `read_at` is None while it is unread."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="mentions", db_index=False)
    membership = models.ForeignKey("inbox.Membership", on_delete=models.CASCADE, db_index=False)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [unique("mention_once", "note", "membership")]
        indexes = [
            index("mention_by_member", "membership"),
            index("mention_unread", "membership", where=Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} in note {self.note_id}"
