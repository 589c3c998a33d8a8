"""The tables of accounts, their health and their calls, as release 0.2.0 left them."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

import integrations.models.integration
from integrations.fields import EncryptedJSONField
from jobs.ids import uuid7

REPLACED = """
0001_initial 0001_squashed_0012_tables 0002_call_traffic_and_ai_calls 0003_integration_health
0004_health_memory 0005_reply_polls 0006_imported_not_known_yet 0007_database_default
0008_words_of_providers 0009_lost_mailboxes 0010_calls_of_a_job 0011_calls_by_job
0012_declared_providers 0013_checks_have_a_permission 0014_names_in_words
0015_notices_that_are_muted 0016_addresses_of_emailbison 0017_not_understood
"""


class Migration(migrations.Migration):
    replaces = [("integrations", name) for name in REPLACED.split()]
    initial = True

    dependencies = [("inbox", "0001_squashed_0104_workspaces")]

    operations = [
        migrations.CreateModel(
            name="RateWindow",
            fields=[
                (
                    "key",
                    models.CharField(
                        help_text="provider:account", max_length=160, primary_key=True, serialize=False
                    ),
                ),
                ("stamps", ArrayField(base_field=models.FloatField(), default=list, size=None)),
            ],
        ),
        migrations.CreateModel(
            name="CircuitBreaker",
            fields=[
                (
                    "key",
                    models.CharField(
                        help_text="provider:workspace", max_length=80, primary_key=True, serialize=False
                    ),
                ),
                ("provider", models.CharField(max_length=20)),
                ("opened_at", models.DateTimeField(blank=True, null=True)),
                ("open_until", models.DateTimeField(blank=True, null=True)),
                (
                    "open_ms",
                    models.PositiveIntegerField(
                        default=0, help_text="How long the breaker stays open this time."
                    ),
                ),
                (
                    "probe_until",
                    models.DateTimeField(blank=True, help_text="When the probe's claim ends.", null=True),
                ),
                ("throttled_until", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, max_length=20)),
                (
                    "workspace",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.CASCADE,
                        related_name="+",
                        to="inbox.workspace",
                    ),
                ),
            ],
            options={"ordering": ["key"]},
        ),
        migrations.CreateModel(
            name="Integration",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "provider",
                    models.CharField(
                        max_length=20, validators=[integrations.models.integration.known_provider]
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        blank=True, default="", help_text="The account's name or owner.", max_length=120
                    ),
                ),
                ("external_account_id", models.CharField(blank=True, default="", max_length=120)),
                (
                    "config",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Settings that aren’t secret, such as base_url or calendar IDs.",
                    ),
                ),
                ("credentials", EncryptedJSONField(default=dict)),
                ("enabled", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="integrations", to="inbox.workspace"
                    ),
                ),
            ],
            options={
                "ordering": ["provider", "created_at"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "provider", "external_account_id"),
                        name="integration_once_per_account",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("provider", "ghl"), models.Q(("external_account_id", ""), _negated=True)
                        ),
                        fields=("external_account_id",),
                        name="integration_one_ghl_location",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReplyPoll",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("complete_through", models.DateTimeField()),
                ("due_at", models.DateTimeField(db_index=True)),
                ("polled_at", models.DateTimeField(blank=True, null=True)),
                ("last_read", models.PositiveIntegerField(default=0)),
                ("last_new", models.PositiveIntegerField(default=0)),
                (
                    "total_new",
                    models.PositiveIntegerField(
                        default=0, help_text="Messages found by polling that no webhook had delivered."
                    ),
                ),
                (
                    "integration",
                    models.OneToOneField(
                        on_delete=models.CASCADE, related_name="reply_poll", to="integrations.integration"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WebhookKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key_hash", models.CharField(max_length=64, unique=True)),
                ("secret", EncryptedJSONField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "integration",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="webhook_keys", to="integrations.integration"
                    ),
                ),
            ],
            options={"ordering": ["-created_at"]},
        ),
        migrations.CreateModel(
            name="WorkspaceIntegrationHealth",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(max_length=20)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("unknown", "Not known yet"),
                            ("connected", "Connected"),
                            ("degraded", "Having trouble"),
                            ("rate_limited", "Slowed down"),
                            ("provider_down", "Provider is down"),
                            ("disconnected", "Disconnected"),
                            ("quiet", "Quiet for too long"),
                            ("not_understood", "Not understood"),
                        ],
                        default="unknown",
                        max_length=16,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True, default="", help_text="The provider's code, or ours.", max_length=64
                    ),
                ),
                (
                    "words",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The provider's words, scrubbed.",
                        max_length=200,
                    ),
                ),
                ("since", models.DateTimeField()),
                (
                    "version",
                    models.PositiveIntegerField(
                        default=0, help_text="Counts transitions, to detect other writers."
                    ),
                ),
                ("blocked_until", models.DateTimeField(blank=True, null=True)),
                ("last_success_at", models.DateTimeField(blank=True, null=True)),
                ("last_failure_at", models.DateTimeField(blank=True, null=True)),
                ("last_failure", models.CharField(blank=True, default="", max_length=64)),
                ("consecutive_failures", models.PositiveIntegerField(default=0)),
                ("last_probe_at", models.DateTimeField(blank=True, null=True)),
                ("last_received_at", models.DateTimeField(blank=True, null=True)),
                (
                    "lost_mailboxes",
                    ArrayField(
                        base_field=models.CharField(max_length=320),
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="Senders of the account that the provider reported as lost, until a check finds them working.",
                        size=None,
                    ),
                ),
                ("notice_token", models.UUIDField(blank=True, null=True)),
                ("notice_claimed_at", models.DateTimeField(blank=True, null=True)),
                ("last_notice_at", models.DateTimeField(blank=True, null=True)),
                (
                    "muted_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When a person muted notices until the account works again.",
                        null=True,
                    ),
                ),
                (
                    "recovered_from",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("unknown", "Not known yet"),
                            ("connected", "Connected"),
                            ("degraded", "Having trouble"),
                            ("rate_limited", "Slowed down"),
                            ("provider_down", "Provider is down"),
                            ("disconnected", "Disconnected"),
                            ("quiet", "Quiet for too long"),
                            ("not_understood", "Not understood"),
                        ],
                        db_default="",
                        default="",
                        max_length=16,
                    ),
                ),
                ("recovered_at", models.DateTimeField(blank=True, null=True)),
                ("down_since", models.DateTimeField(blank=True, null=True)),
                (
                    "imported_messages",
                    models.PositiveIntegerField(
                        blank=True, help_text="Empty until missed messages have been fetched.", null=True
                    ),
                ),
                (
                    "integration",
                    models.OneToOneField(
                        on_delete=models.CASCADE, related_name="health", to="integrations.integration"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="integration_health", to="inbox.workspace"
                    ),
                ),
            ],
            options={
                "verbose_name": "account",
                "verbose_name_plural": "accounts and their health",
                "permissions": [("check_workspaceintegrationhealth", "Can have accounts checked")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["connected", "unknown"]), _negated=True),
                        fields=["workspace"],
                        name="health_troubled",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=32)),
                ("path", models.CharField(choices=[("slack", "Slack"), ("email", "Email")], max_length=8)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("claimed", "Going out"),
                            ("sent", "Sent"),
                            ("failed", "Not sent"),
                            ("unknown", "May have arrived"),
                        ],
                        default="claimed",
                        max_length=8,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=64)),
                ("text", models.TextField()),
                (
                    "destination",
                    models.CharField(
                        blank=True, default="", help_text="The channel, never a secret URL.", max_length=200
                    ),
                ),
                ("provider_message_id", models.CharField(blank=True, default="", max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "edited_at",
                    models.DateTimeField(
                        blank=True, help_text="When it became a recovery notice.", null=True
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="notices", to="inbox.workspace"),
                ),
                (
                    "health",
                    models.ForeignKey(
                        null=True,
                        on_delete=models.CASCADE,
                        related_name="notices",
                        to="integrations.workspaceintegrationhealth",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["workspace", "-created_at"], name="notice_by_workspace")]
            },
        ),
        migrations.CreateModel(
            name="HealthTransition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "before",
                    models.CharField(
                        choices=[
                            ("unknown", "Not known yet"),
                            ("connected", "Connected"),
                            ("degraded", "Having trouble"),
                            ("rate_limited", "Slowed down"),
                            ("provider_down", "Provider is down"),
                            ("disconnected", "Disconnected"),
                            ("quiet", "Quiet for too long"),
                            ("not_understood", "Not understood"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "after",
                    models.CharField(
                        choices=[
                            ("unknown", "Not known yet"),
                            ("connected", "Connected"),
                            ("degraded", "Having trouble"),
                            ("rate_limited", "Slowed down"),
                            ("provider_down", "Provider is down"),
                            ("disconnected", "Disconnected"),
                            ("quiet", "Quiet for too long"),
                            ("not_understood", "Not understood"),
                        ],
                        max_length=16,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=64)),
                ("at", models.DateTimeField()),
                (
                    "health",
                    models.ForeignKey(
                        on_delete=models.CASCADE,
                        related_name="transitions",
                        to="integrations.workspaceintegrationhealth",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-id"],
                "indexes": [models.Index(fields=["health", "-at"], name="transition_by_health")],
            },
        ),
        migrations.CreateModel(
            name="AiCall",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "job_id",
                    models.UUIDField(
                        blank=True,
                        help_text="The background job that made the call. No foreign key, because jobs are kept for a shorter time.",
                        null=True,
                    ),
                ),
                ("feature", models.CharField(max_length=60)),
                ("prompt_version", models.CharField(max_length=20)),
                ("model", models.CharField(max_length=60)),
                ("effort", models.CharField(blank=True, max_length=10)),
                (
                    "tries",
                    models.PositiveSmallIntegerField(
                        default=1, help_text="More than one if an answer was cut off."
                    ),
                ),
                ("input_tokens", models.PositiveIntegerField(default=0)),
                (
                    "output_tokens",
                    models.PositiveIntegerField(default=0, help_text="Reasoning tokens included."),
                ),
                ("reasoning_tokens", models.PositiveIntegerField(default=0)),
                (
                    "cost_microusd",
                    models.PositiveBigIntegerField(
                        blank=True,
                        help_text="Millionths of a dollar. Empty if the model's price is unknown.",
                        null=True,
                    ),
                ),
                ("duration_ms", models.PositiveIntegerField()),
                (
                    "outcome",
                    models.CharField(
                        help_text="ok, a provider outcome, or what was wrong with the answer.", max_length=20
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.CASCADE,
                        related_name="ai_calls",
                        to="inbox.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "model call",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["workspace", "-created_at"], name="aicall_workspace_time"),
                    models.Index(
                        condition=models.Q(("job_id__isnull", False)), fields=["job_id"], name="aicall_by_job"
                    ),
                ],
            },
        ),
    ]
