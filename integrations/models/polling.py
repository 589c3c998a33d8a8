"""The table that says how far each account's messages were compared with the provider's list."""

from django.db import models

from integrations.models.integration import Integration


class ReplyPoll(models.Model):
    """All messages that the provider had at `complete_through` are here, whatever webhooks did."""

    integration = models.OneToOneField(Integration, on_delete=models.CASCADE, related_name="reply_poll")
    complete_through = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    polled_at = models.DateTimeField(null=True, blank=True)
    last_read = models.PositiveIntegerField(default=0)
    last_new = models.PositiveIntegerField(default=0)
    total_new = models.PositiveIntegerField(
        default=0, help_text="Messages found by asking, which no webhook had brought."
    )

    def __str__(self) -> str:
        return f"{self.integration_id} complete through {self.complete_through}"
