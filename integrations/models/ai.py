"""The table of calls to the model: their cost and outcome. AiCall holds no text of people or of the model."""

from django.db import models
from django.db.models import Q

from jobs.columns import Row, index


class AiCall(Row):
    workspace = models.ForeignKey(
        "inbox.Workspace", on_delete=models.CASCADE, null=True, blank=True, related_name="ai_calls"
    )
    job_id = models.UUIDField(
        null=True,
        blank=True,
        help_text="The background job that made the call. No foreign key, because jobs are kept for a shorter time.",
    )
    feature = models.CharField(max_length=60)
    prompt_version = models.CharField(max_length=20)
    model = models.CharField(max_length=60)
    effort = models.CharField(max_length=10, blank=True)
    tries = models.PositiveSmallIntegerField(default=1, help_text="More than one if an answer was cut off.")
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0, help_text="Reasoning tokens included.")
    reasoning_tokens = models.PositiveIntegerField(default=0)
    cost_microusd = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Millionths of a dollar. Empty if the model's price is unknown."
    )
    duration_ms = models.PositiveIntegerField()
    outcome = models.CharField(
        max_length=20, help_text="ok, a provider outcome, or what was wrong with the answer."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "model call"
        ordering = ["-id"]
        indexes = [
            # This index serves the cost of a workspace over time, and the deletion of old rows.
            index("aicall_workspace_time", "workspace", "-created_at"),
            # This index serves the cost of a draft, which is the cost of its job's calls.
            index("aicall_by_job", "job_id", where=Q(job_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.feature} {self.outcome}"
