"""The models of health banners that people have hidden, alarms about mailboxes, and outages of language models."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

from jobs.columns import unique


class HiddenBanner(models.Model):
    """A banner that a user has hidden until the time `until`, or until the account's health has another `version`."""

    user = models.ForeignKey("inbox.User", on_delete=models.CASCADE, related_name="hidden_banners")
    health = models.ForeignKey(
        "integrations.WorkspaceIntegrationHealth", on_delete=models.CASCADE, related_name="+"
    )
    version = models.PositiveIntegerField()
    until = models.DateTimeField()

    class Meta:
        constraints = [unique("banner_hidden_once", "user", "health")]

    def __str__(self) -> str:
        return f"{self.health_id} hidden until {self.until}"


class MailboxAlarm(models.Model):
    """A rate of a mailbox that is out of bounds. A repeated alarm overwrites the row."""

    class Rate(models.TextChoices):
        BOUNCES = "bounces", "Bounces"
        COMPLAINTS = "complaints", "Spam complaints"
        REPLIES = "replies", "Fewer replies"

    integration = models.ForeignKey(
        "integrations.Integration",
        on_delete=models.CASCADE,
        related_name="mailbox_alarms",
        db_index=False,  # the constraint already creates an index
    )
    address = models.CharField(max_length=320)
    rate = models.CharField(max_length=10, choices=Rate.choices)
    count = models.PositiveIntegerField()
    mails = models.PositiveIntegerField(
        help_text="How many emails were counted. For replies, how many were expected."
    )
    days = models.PositiveSmallIntegerField()
    since = models.DateTimeField()
    last_at = models.DateTimeField(help_text="When the rate was last out of bounds.")
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [unique("mailbox_alarm_once", "integration", "address", "rate")]

    def __str__(self) -> str:
        return f"{self.address}: {self.get_rate_display()}"

    @property
    def is_on(self) -> bool:
        """Whether the rate was out of bounds within the last day."""
        return self.last_at > timezone.now() - timedelta(days=1)


class ModelOutage(models.Model):
    """An outage of a provider of language models. The row exists if the installation's last call to it failed."""

    provider = models.CharField(max_length=20, primary_key=True)
    since = models.DateTimeField()
    tried_at = models.DateTimeField(help_text="When the last failed call was made.")
    why = models.CharField(max_length=300, help_text="One sentence, without keys or people's text.")

    def __str__(self) -> str:
        return f"{self.provider}: {self.why}"
