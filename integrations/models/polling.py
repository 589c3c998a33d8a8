"""The tables that record how far each account was compared with the provider's lists, and the results."""

from django.db import models

from integrations.models.integration import Integration
from jobs.columns import unique


class ReplyPoll(models.Model):
    """An account's polls: all rows that the provider listed up to `complete_through` were compared (DayReceipt)."""

    integration = models.OneToOneField(Integration, on_delete=models.CASCADE, related_name="reply_poll")
    complete_through = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    polled_at = models.DateTimeField(null=True, blank=True)
    last_read = models.PositiveIntegerField(default=0)
    last_new = models.PositiveIntegerField(default=0)
    total_new = models.PositiveIntegerField(
        default=0, help_text="Messages found by polling that no webhook had delivered."
    )

    def __str__(self) -> str:
        return f"{self.integration_id} complete through {self.complete_through}"


class DayReceipt(models.Model):
    """A comparison of a provider's list of one kind and day (in the workspace's time zone) with our data.

    `held` counts the rows that we have, and `fetched` those of them that a poll brought. `ignored` counts rows that are
    left out on purpose: they were erased or concern nobody who is a lead. `missing` counts rows that we lack, and
    `reasons` splits them by reason. The day is complete if `compared_through` is not before its end and nothing is
    missing.
    """

    class Kind(models.TextChoices):
        """Each kind is a field of integrations.spec.Lists, where a provider declares its list."""

        REPLIES = "replies", "replies"
        SENT = "sent", "sent messages"
        OPT_OUTS = "opt_outs", "opt-outs"
        BOUNCES = "bounces", "bounces"
        APPOINTMENTS = "appointments", "appointments"

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="receipts")
    day = models.DateField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    listed = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)
    fetched = models.PositiveIntegerField(default=0)
    ignored = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    reasons = models.JSONField(default=dict, blank=True)
    compared_through = models.DateTimeField()

    class Meta:
        constraints = [unique("one_receipt_per_day_and_kind", "integration", "day", "kind")]
        # The day alone has no index, because PostgreSQL would use it to read the days of all workspaces for one page.

    def __str__(self) -> str:
        return f"{self.integration_id} {self.day} {self.kind}"
