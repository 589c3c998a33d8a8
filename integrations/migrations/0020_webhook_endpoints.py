"""Endpoints of programs, and the attempts to send them events.

The second foreign keys have the database delete the rows for the release before, whose Django does not know the tables.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Now

from integrations.fields import EncryptedJSONField
from integrations.models.endpoint import new_secret
from jobs.ids import uuid7

GOES = (
    "ALTER TABLE integrations_{table} ADD CONSTRAINT {table}_goes_with_{column} FOREIGN KEY ({column}_id)"
    " REFERENCES {target} ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"
)
KEYS = (
    ("webhookendpoint", "workspace", "inbox_workspace"),
    ("webhookattempt", "endpoint", "integrations_webhookendpoint"),
    ("webhookattempt", "event", "inbox_event"),
)
OFF = [("gone", "it answered “410 Gone”"), ("failed", "no event got through for five days")]
OUTCOMES = [("", "Waiting"), ("delivered", "Delivered"), ("failed", "Failed"), ("missed", "Not sent")]
OPEN = Q(finished_at__isnull=True)


class Migration(migrations.Migration):
    dependencies = [("inbox", "0114_events"), ("integrations", "0019_programs")]

    operations = [
        migrations.CreateModel(
            "WebhookEndpoint",
            [
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("url", models.CharField(max_length=500)),
                ("events", ArrayField(base_field=models.CharField(max_length=24), size=None)),
                (
                    "include_text",
                    models.BooleanField(
                        default=False, help_text="Whether events carry people's names, addresses and texts."
                    ),
                ),
                ("secret", EncryptedJSONField(default=new_secret)),
                ("previous_secret", EncryptedJSONField(blank=True, null=True)),
                ("rotated_at", models.DateTimeField(blank=True, null=True)),
                (
                    "failing_since",
                    models.DateTimeField(blank=True, help_text="The first failure since the last success.", null=True),
                ),
                (
                    "told_at",
                    models.DateTimeField(
                        blank=True, help_text="When owners and admins were notified of this failure.", null=True
                    ),
                ),
                (
                    "held_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="When events are sent again after a pause or failures.",
                        null=True,
                    ),
                ),
                ("disabled_at", models.DateTimeField(blank=True, null=True)),
                ("disabled_for", models.CharField(blank=True, choices=OFF, default="", max_length=8)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "workspace",
                    models.ForeignKey("inbox.workspace", models.CASCADE, related_name="webhook_endpoints"),
                ),
            ],
            {"ordering": ["created_at", "id"]},
        ),
        migrations.CreateModel(
            "WebhookAttempt",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stream", models.UUIDField()),
                ("number", models.PositiveSmallIntegerField(db_default=1, default=1)),
                ("due_at", models.DateTimeField(db_default=Now())),
                ("token", models.UUIDField(blank=True, null=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("took_ms", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(blank=True, choices=OUTCOMES, db_default="", default="", max_length=10),
                ),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="The HTTP status of the answer.", null=True
                    ),
                ),
                ("error", models.CharField(blank=True, db_default="", default="", max_length=64)),
                (
                    "endpoint",
                    models.ForeignKey(
                        "integrations.webhookendpoint", models.CASCADE, db_index=False, related_name="attempts"
                    ),
                ),
                ("event", models.ForeignKey("inbox.event", models.CASCADE, related_name="attempts")),
            ],
            {
                "constraints": [
                    models.UniqueConstraint(
                        fields=("endpoint", "event"), condition=OPEN, name="attempt_one_open"
                    )
                ],
                "indexes": [
                    models.Index(fields=["endpoint", "-id"], name="attempt_newest"),
                    models.Index(fields=["endpoint", "due_at"], condition=OPEN, name="attempt_due"),
                    models.Index(fields=["endpoint", "stream", "event"], condition=OPEN, name="attempt_in_order"),
                ],
            },
        ),
        *(
            migrations.RunSQL(
                GOES.format(table=table, column=column, target=target), migrations.RunSQL.noop
            )
            for table, column, target in KEYS
        ),
    ]  # fmt: skip
