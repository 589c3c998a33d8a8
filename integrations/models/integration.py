"""A workspace's connection to a provider, and the keys that let the provider talk to us."""

import hashlib
import secrets
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations import registry
from integrations.fields import EncryptedJSONField, Unreadable
from jobs.ids import uuid7


def known_provider(name: str) -> None:
    """For fields that name a provider. Raises ValidationError for one that integrations.registry has no line for."""
    if name not in registry.specs():
        raise ValidationError(f"“{name}” is no provider. Known are: {', '.join(registry.specs())}.")


class Integration(models.Model):
    """One connected account of one provider in one workspace.

    `external_account_id` is what the provider calls the account (EmailBison workspace id, GHL location id, Unipile
    account id): events that name another one are refused. Empty: nothing to check.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE, related_name="integrations")
    provider = models.CharField(max_length=20, validators=[known_provider])
    name = models.CharField(max_length=120, blank=True, default="", help_text="Whose account this is.")
    external_account_id = models.CharField(max_length=120, blank=True, default="")
    config = models.JSONField(
        default=dict, blank=True, help_text="What is no secret: base_url, calendar ids, …"
    )
    credentials = EncryptedJSONField(default=dict)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "provider", "external_account_id"], name="integration_once_per_account"
            ),
            # GHL app webhooks have one address for all tenants: the location must name exactly one of them.
            models.UniqueConstraint(
                fields=["external_account_id"],
                condition=Q(provider="ghl") & ~Q(external_account_id=""),
                name="integration_one_ghl_location",
            ),
        ]
        ordering = ["provider", "created_at"]

    def __str__(self) -> str:
        return f"{self.label} {self.name or self.external_account_id}".strip()

    @property
    def label(self) -> str:
        """The provider's name, for people. Raises UnknownProvider."""
        return registry.spec_of(self.provider).label

    @property
    def is_unreadable(self) -> bool:
        """Whether it has secrets that no configured key opens."""
        return isinstance(self.credentials, Unreadable)


def hash_key(key: str) -> str:
    """What is stored and looked up of a webhook key: 192 random bits need no salt, one SHA-256 is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


class WebhookKeyQuerySet(models.QuerySet):
    def usable(self):
        """Keys that still open: not expired, not revoked."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))


class WebhookKey(models.Model):
    """A secret that names an integration and authenticates its provider in one indexed look-up."""

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
        """Whether it still opens: not expired, not revoked."""
        return self.expires_at is None or self.expires_at > timezone.now()

    @property
    def is_unreadable(self) -> bool:
        """Whether its text can be shown no more. It opens as before: it is looked up by its hash."""
        return isinstance(self.secret, Unreadable)

    @classmethod
    def issue(cls, integration: Integration) -> "WebhookKey":
        """A new key for `integration`; its text stays readable (encrypted) because admins must copy it again."""
        key = secrets.token_urlsafe(32)
        return cls.objects.create(integration=integration, key_hash=hash_key(key), secret=key)

    @classmethod
    def rotate(cls, integration: Integration, overlap: timedelta) -> "WebhookKey":
        """A new key; the old ones go on to work for `overlap` (0 to 7 days)."""
        ends = timezone.now() + min(max(overlap, timedelta(0)), timedelta(days=7))
        live = Q(expires_at=None) | Q(expires_at__gt=ends)
        cls.objects.filter(live, integration=integration).update(expires_at=ends)
        return cls.issue(integration)
