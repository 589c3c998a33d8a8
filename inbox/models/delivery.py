"""The models of webhook deliveries (all authenticated requests of providers), and of deviations from contracts."""

from django.db import models
from django.db.models import Q

from jobs.columns import Row, flag, index, unique

ACCOUNT_EVENTS = [
    "AccountStatus",
    "EMAIL_ACCOUNT_DISCONNECTED",
    "EMAIL_ACCOUNT_RECONNECTED",
    "account_error",
]
"""The providers' event types that report the state of an account or a mailbox."""


class WebhookDelivery(Row):
    """A webhook request of a provider: its raw bytes, the verdict, and the resulting rows."""

    class Verdict(models.TextChoices):
        ACCEPTED = "accepted", "Accepted"
        DUPLICATE = "duplicate", "Duplicate"
        IGNORED = "ignored", "Ignored"
        REJECTED = "rejected", "Rejected"
        MISMATCH = "mismatch", "Other workspace"
        FAILED = "failed", "Failed on our side"

    workspace = models.ForeignKey(  # needs no separate index, because look-ups use delivery_by_workspace
        "inbox.Workspace",
        on_delete=models.CASCADE,
        related_name="deliveries",
        null=True,
        blank=True,
        db_index=False,
    )
    integration = models.ForeignKey(  # needs no separate index, because look-ups use delivery_by_integration
        "integrations.Integration", on_delete=models.SET_NULL, null=True, blank=True, db_index=False
    )
    source = models.CharField(max_length=20)
    event_type = models.CharField(max_length=64, blank=True, default="")
    event_key = models.CharField(  # noqa: DJ001 - NULL is what keeps it out of the unique index
        max_length=200, null=True, blank=True, help_text="The provider's key for an event without a message."
    )
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    reason = models.CharField(max_length=200, blank=True, default="")
    error_fields = models.JSONField(default=dict, blank=True)
    body = models.BinaryField(
        null=True, help_text="The raw bytes without the sender's secrets, until they expire."
    )
    body_bytes = models.PositiveIntegerField(default=0)
    body_sha256 = models.CharField(max_length=64)
    headers = models.JSONField(default=dict, blank=True, help_text="Without secrets.")
    scrubbed = flag("Whether secrets were removed from body and headers.")
    sample = flag("Created by “Send a test event”. It doesn’t count towards an account’s health.")
    received_at = models.DateTimeField()
    duration_ms = models.FloatField(default=0)
    message = models.ForeignKey("inbox.Message", on_delete=models.SET_NULL, null=True, blank=True)
    lead = models.ForeignKey("inbox.Lead", on_delete=models.SET_NULL, null=True, blank=True)
    job = models.ForeignKey("jobs.BackgroundJob", on_delete=models.SET_NULL, null=True, blank=True)
    replay_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replays"
    )

    class Meta:
        verbose_name_plural = "webhook deliveries"
        permissions = [("replay_webhookdelivery", "Can run deliveries again")]
        constraints = [
            unique(
                "delivery_event_once", "workspace", "source", "event_key", where=Q(event_key__isnull=False)
            )
        ]
        indexes = [
            index("delivery_by_workspace", "workspace", "-received_at"),
            # Index for the time of an account's last request, which the health tick reads every minute.
            index("delivery_by_integration", "integration", "-received_at"),
            # Index for the last reported status of an account or a mailbox, which shows whether another report is new.
            index(
                "delivery_account_event",
                "integration",
                "-received_at",
                where=Q(event_type__in=ACCOUNT_EVENTS),
            ),
            # Index for the bodies that retention must still empty.
            index("delivery_body_to_empty", "workspace", "received_at", where=Q(body__isnull=False)),
            # Release 0.2.0 looks here every hour for rows that still contain secrets; no later release does.
            index("delivery_to_scrub", "received_at", where=Q(scrubbed=False, body__isnull=False)),
            index("delivery_troubled", "-received_at", where=Q(verdict__in=["failed", "rejected"])),
            # Index for the failed and rejected requests of one workspace, regardless of the size of other workspaces.
            index(
                "delivery_troubled_here",
                "workspace",
                "-received_at",
                where=Q(verdict__in=["failed", "rejected"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.event_type} {self.verdict}"


class Deviation(models.Model):
    """A part of a provider's data that its contract lacks (see `integrations.contract`). It holds no text of people."""

    class Kind(models.TextChoices):
        EVENT = "event", "Event type"
        FIELD = "field", "Field"
        HEADER = "header", "Header"
        STATUS = "status", "Status"

    integration = models.ForeignKey(
        "integrations.Integration", on_delete=models.CASCADE, null=True, blank=True, db_index=False
    )
    source = models.CharField(max_length=20)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    name = models.CharField(max_length=300)
    example = models.UUIDField(help_text="The ID of the last delivery with this deviation.")
    count = models.PositiveBigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField(db_index=True)
    told_count = models.PositiveBigIntegerField(
        default=0,
        help_text="The count at the last notice to operators. The next one is sent at ten times that count.",
    )
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["integration", "source", "kind", "name"],
                nulls_distinct=False,
                name="deviation_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source}, {self.get_kind_display().lower()} {self.name}"
