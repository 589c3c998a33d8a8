"""The table of follow-up questions about packs."""

from django.db import models

from insights.models.pack import ContextPack
from jobs.ids import uuid7


class PackQuestion(models.Model):
    """A user's follow-up question, which a job answers. `answer` has the form of `ContextPack.synthesis`."""

    class Status(models.TextChoices):
        PENDING = "pending", "Being answered"
        ANSWERED = "answered", "Answered"
        FAILED = "failed", "Not answered"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="+")
    pack = models.ForeignKey(ContextPack, on_delete=models.CASCADE, related_name="questions")
    asked_by = models.ForeignKey("inbox.User", on_delete=models.SET_NULL, null=True, blank=True)
    client_token = models.UUIDField(unique=True, help_text="Made with the form: a form sent twice asks once.")
    text = models.CharField(max_length=500)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.PENDING)
    answer = models.JSONField(null=True, blank=True)
    model = models.CharField(max_length=60, blank=True, default="")
    prompt_version = models.CharField(max_length=40, blank=True, default="")
    cost_microusd = models.PositiveBigIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["pending", "answered", "failed"]),
                name="question_status_known",
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="question_by_workspace"),
            models.Index(
                fields=["created_at"], condition=models.Q(status="pending"), name="question_pending"
            ),
        ]

    def __str__(self) -> str:
        return f"question {str(self.pk)[-6:]}: {self.get_status_display()}"
