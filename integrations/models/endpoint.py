"""The tables of outgoing webhooks: the endpoints of a workspace's programs, and each attempt to send them an event."""

import base64
import secrets
from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from integrations.fields import EncryptedJSONField, no_key_opens
from jobs.columns import Row, index, moment, unique

OVERLAP = timedelta(hours=24)
"""After a rotation, the time during which events are signed with the old secret as well as the new one."""


def new_secret() -> str:
    """Returns a secret of Standard Webhooks 1.0: `whsec_` and 32 random bytes in base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


class WebhookEndpoint(Row):
    """A URL to which the workspace's events are posted. `events` lists their types; "*" stands for all."""

    class Off(models.TextChoices):
        GONE = "gone", "it answered “410 Gone”"
        FAILED = "failed", "no event got through for five days"

    workspace = models.ForeignKey(
        "inbox.Workspace", on_delete=models.CASCADE, related_name="webhook_endpoints"
    )
    url = models.CharField(max_length=500)
    events = ArrayField(models.CharField(max_length=24))
    include_text = models.BooleanField(
        default=False, help_text="Whether events carry people's names, addresses and texts."
    )
    secret = EncryptedJSONField(default=new_secret)
    previous_secret = EncryptedJSONField(null=True, blank=True)
    rotated_at = models.DateTimeField(null=True, blank=True)
    failing_since = moment("The first failure since the last success.")
    told_at = moment("When owners and admins were notified of this failure.")
    held_until = moment("When events are sent again after a pause or failures.")
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_for = models.CharField(max_length=8, choices=Off.choices, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.url

    @property
    def is_unreadable(self) -> bool:
        """Whether no configured key can decrypt its secret. Decrypts nothing."""
        return no_key_opens(self, "secret")

    @property
    def rotation_ends(self) -> datetime | None:
        """The time when the replaced secret stops signing; None if only one secret signs now."""
        if self.rotated_at is None or self.rotated_at + OVERLAP <= timezone.now():
            return None
        return self.rotated_at + OVERLAP

    @property
    def signing_secrets(self) -> list[str]:
        """The secrets with which events are signed now, the newest first. Raises DecryptionError."""
        replaced = [self.previous_secret] if self.rotation_ends and self.previous_secret else []
        return [str(secret) for secret in (self.secret, *replaced)]


class WebhookAttempt(models.Model):
    """An attempt to send an event to a webhook endpoint. A row without `finished_at` waits until `due_at`, or is under
    way: then `due_at` is the end of its lease. Triggers add the first attempt of each event (inbox/sql/add_events.sql).

    `stream`: the id of the lead, account or endpoint that the event concerns. The events of a stream go out in their
    order.
    """

    class Outcome(models.TextChoices):
        WAITING = "", "Waiting"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Failed"
        MISSED = "missed", "Not sent"

    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="attempts", db_index=False
    )  # an index below begins with this column
    event = models.ForeignKey("inbox.Event", on_delete=models.CASCADE, related_name="attempts")
    stream = models.UUIDField()
    number = models.PositiveSmallIntegerField(default=1, db_default=1)
    due_at = models.DateTimeField(db_default=Now())
    token = models.UUIDField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    took_ms = models.PositiveIntegerField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True, default="", db_default="")
    status = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="The HTTP status of the answer."
    )
    error = models.CharField(max_length=64, blank=True, default="", db_default="")

    class Meta:
        constraints = [unique("attempt_one_open", "endpoint", "event", where=Q(finished_at__isnull=True))]
        indexes = [
            index("attempt_newest", "endpoint", "-id"),
            index("attempt_due", "endpoint", "due_at", where=Q(finished_at__isnull=True)),
            index("attempt_in_order", "endpoint", "stream", "event", where=Q(finished_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.endpoint_id}, attempt {self.number}"
