"""The table of readings: what a model found in the conversation with one lead."""

from django.db import models

from jobs.ids import uuid7


class ConversationInsight(models.Model):
    """A reading: what a model found in one lead's conversation.

    A new reading is paid for only if `content_hash`, which covers schema and prompt, has changed. A caller claims the
    right to ask the model by a conditional upsert in `insights.readings`. Its answer is stored only while its token is
    in the row.
    """

    class Outcome(models.TextChoices):
        BOOKED = "BOOKED", "Booked"
        REQUESTED = "REQUESTED", "Meeting requested"
        STALLED = "STALLED", "Stalled"
        NO_RESPONSE = "NO_RESPONSE", "No response"
        UNKNOWN = "UNKNOWN", "Not clear"

    class Source(models.TextChoices):
        CHAT_PACK = "chat_pack", "Context pack"
        BOOKED_CRON = "booked_cron", "Booked summary"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="insights")
    lead = models.OneToOneField("inbox.Lead", on_delete=models.CASCADE, related_name="insight")
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.UNKNOWN)
    data = models.JSONField(default=dict, help_text="The reading itself (insights.schema.Insight).")
    schema_version = models.CharField(max_length=40, blank=True, default="")
    prompt_version = models.CharField(max_length=40, blank=True, default="")
    content_hash = models.CharField(max_length=64, blank=True, default="")
    source = models.CharField(max_length=12, choices=Source.choices, default=Source.CHAT_PACK)
    cost_microusd = models.PositiveBigIntegerField(
        default=0, help_text="Millionths of a dollar, this reading."
    )
    read_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never read to the end.")

    claim_token = models.UUIDField(null=True, blank=True)
    claim_expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "-read_at"], name="insight_by_workspace")]

    def __str__(self) -> str:
        return f"reading {str(self.pk)[-6:]}: {self.get_outcome_display()}"
