"""The model of enrichments: questions to outside sources about missing facts of a lead."""

from django.db import models

from jobs.columns import Row, index, unique


class Enrichment(Row):
    """A question to an outside source about one missing fact of a lead, and its outcome."""

    class Kind(models.TextChoices):
        LINKEDIN = "linkedin", "LinkedIn profile"
        PHONE = "phone", "Phone number"

    class Status(models.TextChoices):
        PENDING = "pending", "Asked, no answer yet"
        FOUND = "found", "Found"
        NOT_FOUND = "not_found", "Not found"

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="enrichments")
    lead = models.ForeignKey("inbox.Lead", on_delete=models.CASCADE, related_name="enrichments")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    source = models.CharField(max_length=20, default="clay")
    requested_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    errors = models.PositiveSmallIntegerField(default=0, help_text="The number of errors from the source.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [unique("enrichment_once_per_kind", "lead", "kind")]
        indexes = [index("enrichment_by_status", "workspace", "status")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.lead_id}: {self.status}"
