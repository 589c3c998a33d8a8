"""The tables of inbox that point at accounts and jobs: they close the circle of foreign keys between the apps.

A database that stopped among the replaced ones goes on with them. The first of those sets the state of 0001 back to what
it replaces, so that they find the tables as they know them.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import jobs.ids


class Migration(migrations.Migration):
    replaces = [
        ("inbox", "0002_initial"),
        ("inbox", "0003_sends_in_parts_and_looked_for"),
        ("inbox", "0004_tags_gates_and_scores"),
        ("inbox", "0005_bookings_enrichment_and_texts_without_ids"),
        ("inbox", "0006_tag_decision_day"),
        ("inbox", "0007_chats_and_account_status"),
        ("inbox", "0008_hidden_banner"),
        ("inbox", "0009_leads_waiting_for_a_model"),
        ("inbox", "0010_follow_ups"),
        ("inbox", "0011_which_of_two_texts_was_first"),
        ("inbox", "0012_members_in_slack"),
        ("inbox", "0013_bounces_of_every_provider"),
        ("inbox", "0014_appointment_states_by_time"),
        ("inbox", "0015_where_facts_came_from"),
        ("inbox", "0016_fire_drill_workspaces"),
        ("inbox", "0017_tag_notices_and_mails_by_hand"),
        ("inbox", "0018_follow_ups_pause_for_a_meeting"),
        ("inbox", "0019_notices_by_email_too"),
        ("inbox", "0020_leaner_indexes"),
        ("inbox", "0021_walks_by_time"),
        ("inbox", "0022_proven_addresses"),
        ("inbox", "0023_invitations"),
        ("inbox", "0024_what_providers_say"),
        ("inbox", "0025_provider_words"),
        ("inbox", "0026_database_defaults"),
        ("inbox", "0027_stops_that_came_again"),
        ("inbox", "0028_meetings_cancelled_after_a_move"),
        ("inbox", "0029_deliveries_without_secrets"),
        ("inbox", "0030_deliveries_to_scrub"),
        ("inbox", "0031_account_events"),
        ("inbox", "0032_suspicions_of_messages"),
        ("inbox", "0033_suspicions_of_leads"),
        ("inbox", "0034_denied_suspicions"),
        ("inbox", "0035_model_outages"),
        ("inbox", "0036_channels_that_people_ended"),
        ("inbox", "0037_facts_of_a_workspace"),
        ("inbox", "0038_replies_treated_alike"),
        ("inbox", "0039_replies_in_the_same_words"),
        ("inbox", "0040_decisions_of_rules"),
        ("inbox", "0041_replies_that_were_suspected"),
        ("inbox", "0042_what_drafts_were_made_of"),
        ("inbox", "0043_spam_complaints"),
        ("inbox", "0044_declared_providers_and_sources"),
        ("inbox", "0045_longer_reasons_of_pauses"),
    ]

    initial = True

    dependencies = [
        ("inbox", "0001_tables"),
        ("integrations", "0001_squashed_0012_tables"),
        ("jobs", "0001_squashed_0009_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=jobs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="inbox.workspace",
                    ),
                ),
                (
                    "integration",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="integrations.integration",
                    ),
                ),
                ("source", models.CharField(max_length=20)),
                ("event_type", models.CharField(blank=True, default="", max_length=64)),
                (
                    "event_key",
                    models.CharField(
                        blank=True,
                        help_text="The provider's own key of an event that makes no message.",
                        max_length=200,
                        null=True,
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("accepted", "Accepted"),
                            ("duplicate", "Duplicate"),
                            ("ignored", "Ignored"),
                            ("rejected", "Rejected"),
                            ("mismatch", "Other workspace"),
                            ("failed", "Failed on our side"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=200)),
                ("error_fields", models.JSONField(blank=True, default=dict)),
                (
                    "body",
                    models.BinaryField(
                        help_text="The raw bytes, without the sender's secrets; emptied when their time is up.",
                        null=True,
                    ),
                ),
                ("body_bytes", models.PositiveIntegerField(default=0)),
                ("body_sha256", models.CharField(max_length=64)),
                ("headers", models.JSONField(blank=True, default=dict, help_text="Without anything secret.")),
                (
                    "scrubbed",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Whether secrets were taken out of body and headers.",
                    ),
                ),
                ("received_at", models.DateTimeField()),
                ("duration_ms", models.FloatField(default=0)),
                (
                    "message",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="inbox.message",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="inbox.lead"
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="jobs.backgroundjob",
                    ),
                ),
                (
                    "replay_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="replays",
                        to="inbox.webhookdelivery",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "webhook deliveries",
                "indexes": [
                    models.Index(fields=["workspace", "-received_at"], name="delivery_by_workspace"),
                    models.Index(fields=["integration", "-received_at"], name="delivery_by_integration"),
                    models.Index(
                        condition=models.Q(
                            (
                                "event_type__in",
                                [
                                    "AccountStatus",
                                    "EMAIL_ACCOUNT_DISCONNECTED",
                                    "EMAIL_ACCOUNT_RECONNECTED",
                                    "account_error",
                                ],
                            )
                        ),
                        fields=["integration", "-received_at"],
                        name="delivery_account_event",
                    ),
                    models.Index(
                        condition=models.Q(("body__isnull", False)),
                        fields=["workspace", "received_at"],
                        name="delivery_body_to_empty",
                    ),
                    models.Index(
                        condition=models.Q(("body__isnull", False), ("scrubbed", False)),
                        fields=["received_at"],
                        name="delivery_to_scrub",
                    ),
                    models.Index(
                        condition=models.Q(("verdict__in", ["failed", "rejected"])),
                        fields=["-received_at"],
                        name="delivery_troubled",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("event_key__isnull", False)),
                        fields=("workspace", "source", "event_key"),
                        name="delivery_event_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HiddenBanner",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="hidden_banners",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "health",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="integrations.workspaceintegrationhealth",
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                ("until", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user", "health"), name="banner_hidden_once")
                ],
            },
        ),
    ]
