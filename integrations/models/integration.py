"""The tables of connected accounts, and of the keys with which providers post webhooks to us."""

import hashlib
import secrets
from datetime import timedelta
from typing import Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations import registry
from integrations.fields import EncryptedJSONField, holds_something, no_key_opens
from jobs.columns import Row, unique


def known_provider(name: str) -> None:
    """Raises ValidationError for a provider that integrations.registry does not list."""
    if name not in registry.specs():
        raise ValidationError(f"“{name}” isn’t a provider. Use one of: {', '.join(registry.specs())}.")


class Integration(Row):
    """A connected account of one provider in one workspace.

    Events that name an account other than `external_account_id` are refused. If `external_account_id` is empty, nothing
    is checked.
    """

    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="integrations")
    provider = models.CharField(max_length=20, validators=[known_provider])
    name = models.CharField(max_length=120, blank=True, default="", help_text="The account's name or owner.")
    external_account_id = models.CharField(max_length=120, blank=True, default="")
    config = models.JSONField(
        default=dict, blank=True, help_text="Settings that aren’t secret, such as base_url or calendar IDs."
    )
    credentials = EncryptedJSONField(default=dict)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            unique("integration_once_per_account", "workspace", "provider", "external_account_id"),
            # All workspaces share the URL of GHL's app webhooks, so a location must belong to exactly one of them.
            unique(
                "integration_one_ghl_location",
                "external_account_id",
                where=Q(provider="ghl") & ~Q(external_account_id=""),
            ),
        ]
        ordering = ["provider", "created_at"]

    def __str__(self) -> str:
        return f"{self.label} {self.name or self.external_account_id}".strip()

    @property
    def label(self) -> str:
        """The name of the provider that users see. Raises UnknownProvider."""
        return registry.spec_of(self.provider).label

    @property
    def is_unreadable(self) -> bool:
        """Whether the account has secrets that no configured key can decrypt. Decrypts nothing."""
        return no_key_opens(self, "credentials")

    @property
    def has_secrets(self) -> bool:
        """Whether the account has its own secrets, even if they cannot be decrypted. Decrypts nothing."""
        return holds_something(self, "credentials")


def hash_key(key: str) -> str:
    """Returns the hash of a key, which is stored and looked up. A key has 256 random bits, so a fast hash is safe."""
    return hashlib.sha256(key.encode()).hexdigest()


class WebhookKeyQuerySet(models.QuerySet["WebhookKey"]):
    def usable(self) -> Self:
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))


class WebhookKey(models.Model):
    """The secret part of a webhook's URL. One look-up of the key finds the account and authenticates the sender."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="webhook_keys")
    key_hash = models.CharField(max_length=64, unique=True)
    secret = EncryptedJSONField()
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = WebhookKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"key {self.pk} of {self.integration_id}"

    @property
    def is_usable(self) -> bool:
        return self.expires_at is None or self.expires_at > timezone.now()

    @property
    def is_unreadable(self) -> bool:
        """Whether the key's text cannot be shown. Requests with the key are accepted, because its hash is looked up."""
        return no_key_opens(self, "secret")

    @classmethod
    def issue(cls, integration: Integration) -> "WebhookKey":
        """Creates a new key. Its text is stored encrypted, because admins must be able to copy it again."""
        key = secrets.token_urlsafe(32)
        return cls.objects.create(integration=integration, key_hash=hash_key(key), secret=key)

    @classmethod
    def rotate(cls, integration: Integration, overlap: timedelta) -> "WebhookKey":
        """Creates and stores a new key. The old ones work for `overlap`, which is limited to 0 to 7 days."""
        ends = timezone.now() + min(max(overlap, timedelta(0)), timedelta(days=7))
        live = Q(expires_at=None) | Q(expires_at__gt=ends)
        cls.objects.filter(live, integration=integration).update(expires_at=ends)
        return cls.issue(integration)
