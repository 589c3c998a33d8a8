"""The tables of account health: the current state, its changes, and the notices to users."""

from django.db import models
from django.db.models import Q

from integrations.models.integration import Integration
from jobs.columns import Row, blank_text, index, moment, several, short_text


class HealthState(models.TextChoices):
    """The states of an account's health. Users see their labels."""

    UNKNOWN = "unknown", "Not known yet"
    CONNECTED = "connected", "Connected"
    DEGRADED = "degraded", "Having trouble"
    RATE_LIMITED = "rate_limited", "Slowed down"
    PROVIDER_DOWN = "provider_down", "Provider is down"
    DISCONNECTED = "disconnected", "Disconnected"
    QUIET = "quiet", "Quiet for too long"
    NOT_UNDERSTOOD = "not_understood", "Not understood"


TROUBLED = (
    HealthState.DISCONNECTED,
    HealthState.NOT_UNDERSTOOD,
    HealthState.PROVIDER_DOWN,
    HealthState.QUIET,
    HealthState.DEGRADED,
    HealthState.RATE_LIMITED,
)
"""The states that the banner shows, worst first."""


REASON_LIMIT = 64


def lost(mailboxes: list[str]) -> str:
    """Returns the reason for an account with disconnected mailboxes: the first mailbox, and how many more there are.

    The address is shortened so that the reason fits into REASON_LIMIT characters. Without disconnected mailboxes, the
    text is "".
    """
    if not mailboxes:
        return ""
    more = len(mailboxes) - 1
    tail = f" and {more} more are disconnected" if more else " is disconnected"
    return mailboxes[0][: REASON_LIMIT - len(tail)] + tail


class WorkspaceIntegrationHealth(models.Model):
    """The health state of an account, with its beginning and reason. Only `integrations.health.writer` writes it."""

    integration = models.OneToOneField(Integration, on_delete=models.CASCADE, related_name="health")
    workspace = models.ForeignKey(
        "inbox.Workspace", on_delete=models.CASCADE, related_name="integration_health"
    )
    provider = models.CharField(max_length=20)
    state = models.CharField(max_length=16, choices=HealthState.choices, default=HealthState.UNKNOWN)
    reason = blank_text(64, "The provider's code, or ours.")
    words = short_text(200, "The provider's words, scrubbed.")
    since = models.DateTimeField()
    version = models.PositiveIntegerField(default=0, help_text="Counts transitions, to detect other writers.")
    blocked_until = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_failure_at = models.DateTimeField(null=True, blank=True)
    last_failure = models.CharField(max_length=64, blank=True, default="")
    consecutive_failures = models.PositiveIntegerField(default=0)
    last_probe_at = models.DateTimeField(null=True, blank=True)
    last_received_at = models.DateTimeField(null=True, blank=True)
    lost_mailboxes = several(
        320, "Senders of the account that the provider reported as lost, until a check finds them working."
    )

    # The right to send the account's next notice. A conditional UPDATE claims the right to send a notice, and a sent
    # notice uses it up.
    notice_token = models.UUIDField(null=True, blank=True)
    notice_claimed_at = models.DateTimeField(null=True, blank=True)
    last_notice_at = models.DateTimeField(null=True, blank=True)
    muted_at = moment("When a person muted notices until the account works again.")

    # The facts of the last recovery. Users see them once, in a green line.
    recovered_from = short_text(16, choices=HealthState.choices)
    recovered_at = models.DateTimeField(null=True, blank=True)
    down_since = models.DateTimeField(null=True, blank=True)
    imported_messages = models.PositiveIntegerField(
        null=True, blank=True, help_text="Empty until missed messages have been fetched."
    )

    class Meta:
        verbose_name, verbose_name_plural = "account", "accounts and their health"
        permissions = [("check_workspaceintegrationhealth", "Can have accounts checked")]
        indexes = [index("health_troubled", "workspace", where=~Q(state__in=["connected", "unknown"]))]

    def __str__(self) -> str:
        return f"{self.provider} {self.state}"

    @property
    def lacks_mailboxes(self) -> bool:
        """Whether the account counts as disconnected only because some of its mailboxes are, while the others work."""
        by_mailboxes = bool(self.lost_mailboxes) and self.reason == lost(self.lost_mailboxes)
        return by_mailboxes and self.state == HealthState.DISCONNECTED

    @property
    def is_down(self) -> bool:
        """Whether the account is down, even if only some of its mailboxes are disconnected (`lacks_mailboxes`)."""
        return self.state in (HealthState.DISCONNECTED, HealthState.PROVIDER_DOWN)


class HealthTransition(models.Model):
    """One change of an account's health state, for the history page and for counting how often the state changes."""

    health = models.ForeignKey(
        WorkspaceIntegrationHealth, on_delete=models.CASCADE, related_name="transitions"
    )
    before = models.CharField(max_length=16, choices=HealthState.choices)
    after = models.CharField(max_length=16, choices=HealthState.choices)
    reason = models.CharField(max_length=64, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [index("transition_by_health", "health", "-at")]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"


class Notice(Row):
    """A notice to users by Slack or email. In the state `unknown`, nobody knows whether the notice arrived."""

    class State(models.TextChoices):
        CLAIMED = "claimed", "Going out"
        SENT = "sent", "Sent"
        FAILED = "failed", "Not sent"
        UNKNOWN = "unknown", "May have arrived"

    class Path(models.TextChoices):
        SLACK = "slack", "Slack"
        EMAIL = "email", "Email"

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="notices")
    health = models.ForeignKey(
        WorkspaceIntegrationHealth, on_delete=models.CASCADE, null=True, related_name="notices"
    )
    kind = models.CharField(max_length=32)
    path = models.CharField(max_length=8, choices=Path.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.CLAIMED)
    reason = models.CharField(max_length=64, blank=True, default="")
    text = models.TextField()
    destination = blank_text(200, "The channel, never a secret URL.")
    provider_message_id = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    edited_at = models.DateTimeField(null=True, blank=True, help_text="When it became a recovery notice.")

    class Meta:
        indexes = [index("notice_by_workspace", "workspace", "-created_at")]

    def __str__(self) -> str:
        return f"{self.kind} by {self.path}: {self.state}"

    @property
    def about(self) -> WorkspaceIntegrationHealth:
        """Returns the health of the account that the notice concerns. Raises LookupError for a notice about none."""
        if self.health is None:
            raise LookupError(f"notice {self.pk} is about no account")
        return self.health

    @property
    def words(self) -> str:
        """The text of the notice on one line, without the lines that contain a link."""
        return " ".join(line for line in self.text.splitlines() if "://" not in line)
