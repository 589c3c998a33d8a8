"""The model of health banners that a person has hidden for a while."""

from django.db import models


class HiddenBanner(models.Model):
    """A banner that a user has hidden until a time, or until the account's health has another `version`."""

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
