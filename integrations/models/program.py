"""The tables of programs: their tokens for the API, and the stored answers to writes, which they may repeat."""

import ipaddress
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.fields import EncryptedJSONField
from integrations.models.integration import hash_key
from jobs.columns import Row, unique

USE_EVERY = timedelta(minutes=1)


class Scope(models.TextChoices):
    """The permissions that a token may have."""

    LEADS_READ = "leads:read", "Read leads"
    LEADS_WRITE = "leads:write", "Change leads"
    MESSAGES_READ = "messages:read", "Read messages"
    DRAFTS_READ = "drafts:read", "Read drafts"
    DRAFTS_DECIDE = "drafts:decide", "Approve and discard drafts"
    SENDS_READ = "sends:read", "Read sends"
    SENDS_WRITE = "sends:write", "Send messages"
    FOLLOWUPS_WRITE = "followups:write", "Start and stop follow-ups"
    INSIGHTS_READ = "insights:read", "Read insights"
    HEALTH_READ = "health:read", "Read the health of accounts"
    EVENTS_READ = "events:read", "Read events"
    WEBHOOKS_WRITE = "webhooks:write", "Manage webhook endpoints"
    EXPORT_READ = "export:read", "Export leads"


def networks(entries: Iterable[str]) -> list[str]:
    """Returns the addresses and networks in `entries` in CIDR form. Raises ValidationError for an invalid entry."""
    try:
        return [str(ipaddress.ip_network(entry, strict=False)) for entry in entries]
    except ValueError as error:
        raise ValidationError(f"{error}. Enter addresses like 203.0.113.7 or 203.0.113.0/24.") from None


class ApiToken(Row):
    """A program's right to use the API of one workspace. An API token belongs to no person, and only its hash is
    stored.

    The row of a revoked token is kept, because the audit log names it.
    """

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=120)
    visible = models.CharField(max_length=8, help_text="The part of the token that is displayed.")
    token_hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=20), help_text="Values of Scope.")
    sources = ArrayField(
        models.CharField(max_length=43), default=list, blank=True, help_text="Networks. Empty: any address."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return self.name

    @classmethod
    def issue(cls, **fields: Any) -> tuple["ApiToken", str]:
        """Creates an API token. Returns the token and its text, which is not stored."""
        visible = secrets.token_hex(4)
        text = f"hf_{visible}_{secrets.token_urlsafe(32)}"
        return cls.objects.create(visible=visible, token_hash=hash_key(text), **fields), text

    @property
    def is_usable(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())

    def admits(self, address: str | None) -> bool:
        """Whether a request may come from the IP `address` (None: unknown). No network contains an unknown address."""
        if not self.sources:
            return True
        return address is not None and any(
            ipaddress.ip_address(address) in ipaddress.ip_network(source) for source in self.sources
        )


def note_use(row: models.Model, last_used_at: Any) -> None:
    """Records the last use of a key or token, at most once a minute, so that many requests do not wait for its row.
    `last_used_at`: the value that the caller has read from the row.
    """
    now = timezone.now()
    if last_used_at is None or last_used_at < now - USE_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_EVERY)
        type(row)._default_manager.filter(stale, pk=row.pk).update(last_used_at=now)


class IdempotencyKey(models.Model):
    """The answer to a write that a program may repeat under the same key. Rows are deleted after 24 hours.

    The row is written in the transaction of the write's effect. `answer` is encrypted, because it may hold people's
    texts and a new secret, and becomes empty when its lead is erased.
    """

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=200)
    body_hash = models.CharField(max_length=64, help_text="SHA-256 of the method, address and body.")
    status = models.PositiveSmallIntegerField()
    answer = EncryptedJSONField(default=dict)
    lead_id = models.UUIDField(null=True, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [unique("idempotency_key_once", "token", "key")]

    def __str__(self) -> str:
        return f"key {self.pk} of {self.token_id}"
