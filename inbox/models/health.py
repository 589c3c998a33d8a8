"""What one person has put out of sight for a while."""

from django.db import models


class HiddenBanner(models.Model):
    """A health banner hidden by one user until a time; a new state of the account (its `version`) shows it again."""

    user = models.ForeignKey("inbox.User", on_delete=models.CASCADE, related_name="hidden_banners")
    health = models.ForeignKey(
        "integrations.WorkspaceIntegrationHealth", on_delete=models.CASCADE, related_name="+"
    )
    version = models.PositiveIntegerField()
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "health"], name="banner_hidden_once")]

    def __str__(self) -> str:
        return f"{self.health_id} hidden until {self.until}"
