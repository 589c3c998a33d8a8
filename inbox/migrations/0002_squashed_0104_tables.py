"""The inbox's other tables, as release 0.2.0 left them, with what Django's models do not say."""

import datetime

import django.contrib.postgres.search
import django.db.models.expressions
import django.db.models.lookups
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core import validators
from django.db import migrations, models
from django.db.models import functions
from django.db.models.functions import Now
from django.utils import timezone

import inbox.models.message
import inbox.models.words
import integrations.models.integration
from jobs.ids import uuid7
from jobs.schema_version import run_file

REPLACED = """
0001_tables 0002_initial 0002_squashed_0045_tables_with_accounts_and_jobs
0003_sends_in_parts_and_looked_for 0004_tags_gates_and_scores
0005_bookings_enrichment_and_texts_without_ids 0006_tag_decision_day 0007_chats_and_account_status
0008_hidden_banner 0009_leads_waiting_for_a_model 0010_follow_ups 0011_which_of_two_texts_was_first
0012_members_in_slack 0013_bounces_of_every_provider 0014_appointment_states_by_time
0015_where_facts_came_from 0016_fire_drill_workspaces 0017_tag_notices_and_mails_by_hand
0018_follow_ups_pause_for_a_meeting 0019_notices_by_email_too 0020_leaner_indexes 0021_walks_by_time
0022_proven_addresses 0023_invitations 0024_what_providers_say 0025_provider_words
0026_database_defaults 0027_stops_that_came_again 0028_meetings_cancelled_after_a_move
0029_deliveries_without_secrets 0030_deliveries_to_scrub 0031_account_events
0032_suspicions_of_messages 0033_suspicions_of_leads 0034_denied_suspicions 0035_model_outages
0036_channels_that_people_ended 0037_facts_of_a_workspace 0038_replies_treated_alike
0039_replies_in_the_same_words 0040_decisions_of_rules 0041_replies_that_were_suspected
0042_what_drafts_were_made_of 0043_spam_complaints 0044_declared_providers_and_sources
0045_longer_reasons_of_pauses 0046_leads_that_ticks_select 0047_texts_opened_with_a_reason
0048_a_role_opens_the_admin 0049_the_audit_only_grows 0050_drafts_that_wait_longest
0051_sends_by_the_providers_id 0052_troubled_deliveries_of_a_workspace 0056_leads_that_are_samples
0057_samples_of_a_workspace 0058_deliveries_that_are_samples 0059_nothing_is_sent_to_a_sample
0060_first_steps_of_a_workspace 0061_density_of_lists 0062_a_role_brings_no_other_rights
0063_words_of_messages 0064_index_of_the_words_of_messages 0065_names_of_leads_without_accents
0066_conversations_of_members 0067_leads_of_members_only 0068_what_changed_for_leads
0069_changes_of_leads 0070_changes_of_messages 0071_changes_of_drafts 0072_changes_of_sends
0073_saved_views 0074_a_key_of_what_was_erased 0075_leads_that_are_being_erased
0076_marks_of_the_erased 0077_names_leave_the_admins_log 0080_where_the_database_belongs
0081_sends_of_a_lost_time 0082_follow_ups_of_a_lost_time 0083_how_long_a_workspace_keeps 0084_notes
0085_mentions 0086_notes_by_age 0087_members_who_are_away 0088_seconds_to_take_a_message_back
0089_sends_that_count_down 0090_names_of_leads_by_workspace 0091_names_in_words
0092_the_audit_is_searched 0093_drafts_that_a_person_took_back 0094_snippets
0095_newer_rows_go_with_older 0096_conversations_handed_over 0097_who_has_not_opened_theirs
0098_what_members_are_told 0099_other_numbers_of_leads 0100_leads_by_their_other_numbers
0101_other_contacts_of_leads 0102_leads_by_their_other_contacts 0103_messages_from_elsewhere
"""
# The admin's groups. What they may do is written after each `migrate` (admin/roles.py).
GROUPS = "INSERT INTO auth_group (name) VALUES ('Support'), ('Operator'), ('Workspace admin') ON CONFLICT DO NOTHING"
# Leads belong to members of their workspace only, and to nobody once the member leaves.
ASSIGNED = """
ALTER TABLE inbox_lead ADD CONSTRAINT lead_assigned_to_member
    FOREIGN KEY (workspace_id, assigned_to_id) REFERENCES inbox_membership (workspace_id, user_id)
    ON DELETE SET NULL (assigned_to_id)
"""
ORIGIN = "INSERT INTO inbox_databaseorigin (id, place, seen_at) VALUES (1, inbox_place(), now())"


class Migration(migrations.Migration):
    replaces = [("inbox", name) for name in REPLACED.split()]
    initial = True

    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("inbox", "0001_squashed_0104_workspaces"),
        ("integrations", "0001_squashed_0017_tables"),
        ("jobs", "0001_squashed_0016_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="DatabaseOrigin",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("place", models.CharField(max_length=100)),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                ("lost_from", models.DateTimeField(blank=True, null=True)),
                ("lost_until", models.DateTimeField(blank=True, null=True)),
                (
                    "restored_at",
                    models.DateTimeField(
                        blank=True, help_text="When an operator reported the restore.", null=True
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LeadChange",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "xid",
                        "lead_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.UUIDField()),
                ("xid", models.BigIntegerField()),
                ("lead_id", models.UUIDField()),
                ("at", models.DateTimeField(db_default=Now())),
            ],
        ),
        migrations.CreateModel(
            name="ModelOutage",
            fields=[
                ("provider", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
                ("tried_at", models.DateTimeField(help_text="When the last failed call was made.")),
                (
                    "why",
                    models.CharField(
                        help_text="One sentence, without keys or people's text.", max_length=300
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Campaign",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "provider",
                    models.CharField(
                        max_length=20, validators=[integrations.models.integration.known_provider]
                    ),
                ),
                ("external_id", models.CharField(max_length=200)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="campaigns", to="inbox.workspace"
                    ),
                ),
            ],
            options={
                "ordering": ["name", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "provider", "external_id"), name="campaign_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Draft",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "Email"), ("sms", "SMS"), ("linkedin", "LinkedIn")], max_length=10
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting for review"),
                            ("approved", "Approved"),
                            ("sent", "Sent"),
                            ("rejected", "Rejected"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("status_reason", models.CharField(blank=True, default="", max_length=200)),
                ("subject", models.TextField(blank=True, default="")),
                ("text", models.TextField()),
                (
                    "generated_text",
                    models.TextField(help_text="The model's original text, to detect edits."),
                ),
                ("strategy", models.JSONField(blank=True, default=dict)),
                ("verification", models.JSONField(blank=True, default=dict)),
                ("model", models.CharField(blank=True, default="", max_length=64)),
                ("prompt_version", models.CharField(blank=True, default="", max_length=64)),
                (
                    "made_of",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        help_text="The facts, free times, messages and model calls at the time (inbox.replying.provenance).",
                    ),
                ),
                ("revision", models.PositiveSmallIntegerField(default=1)),
                (
                    "evaluation",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        help_text="The verdict of the evaluating model.",
                    ),
                ),
                (
                    "gate_mode",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The policy when the checks ran.",
                        max_length=6,
                    ),
                ),
                (
                    "would_send",
                    models.BooleanField(blank=True, help_text="Whether every check passed.", null=True),
                ),
                (
                    "send_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the draft goes out automatically. Empty: never.",
                        null=True,
                    ),
                ),
                (
                    "held_by_person",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Whether a person put the draft on hold. It then never goes out automatically.",
                    ),
                ),
                ("slack_channel", models.CharField(blank=True, db_default="", default="", max_length=40)),
                (
                    "slack_ts",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Slack's ID of the review card.",
                        max_length=40,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="drafts", to="inbox.workspace"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "pending")),
                        fields=["workspace", "-created_at"],
                        name="draft_pending",
                    ),
                    models.Index(
                        condition=models.Q(("status", "pending")), fields=["created_at"], name="draft_waiting"
                    ),
                    models.Index(
                        condition=models.Q(("would_send__isnull", False)),
                        fields=["workspace", "-created_at"],
                        name="draft_judged",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="ErasedMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("opted_out_at", models.DateTimeField(blank=True, null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False, on_delete=models.CASCADE, related_name="+", to="inbox.workspace"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("workspace", "digest"), name="erased_mark_once")
                ]
            },
        ),
        migrations.CreateModel(
            name="FollowUpSequence",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=120)),
                (
                    "enabled",
                    models.BooleanField(
                        default=True,
                        help_text="If off, its leads wait, and the Follow-ups page counts them as excluded.",
                    ),
                ),
                (
                    "starts",
                    models.CharField(
                        choices=[
                            ("person", "When a person enrols a lead"),
                            ("booked", "When a meeting is booked"),
                        ],
                        default="person",
                        max_length=10,
                    ),
                ),
                (
                    "business_hours_only",
                    models.BooleanField(
                        default=True, help_text="Only send on weekdays during the workspace's business hours."
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="sequences", to="inbox.workspace"
                    ),
                ),
            ],
            options={
                "verbose_name": "follow-up sequence",
                "ordering": ["name", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("workspace", "name"), name="sequence_name_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="FollowUpStep",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "offset_days",
                    models.PositiveSmallIntegerField(
                        default=0, validators=[validators.MaxValueValidator(365)]
                    ),
                ),
                (
                    "offset_minutes",
                    models.PositiveSmallIntegerField(
                        default=0, validators=[validators.MaxValueValidator(1440)]
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "Email"), ("sms", "SMS"), ("linkedin", "LinkedIn")],
                        default="email",
                        max_length=10,
                    ),
                ),
                (
                    "condition",
                    models.CharField(
                        choices=[
                            ("always", "Always"),
                            ("connected", "Only if connected on LinkedIn"),
                            ("not_connected", "Only if not connected on LinkedIn"),
                            ("has_phone", "Only if a phone number is known"),
                            ("no_phone", "Only if no phone number is known"),
                            ("nothing_sent", "Only if no earlier step was sent"),
                        ],
                        default="always",
                        max_length=16,
                    ),
                ),
                ("needs_approval", models.BooleanField(default=False)),
                ("subject", models.CharField(blank=True, default="", max_length=200)),
                ("text", models.TextField(max_length=8000)),
                ("retired", models.BooleanField(default=False)),
                (
                    "sequence",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="steps", to="inbox.followupsequence"
                    ),
                ),
            ],
            options={"verbose_name": "follow-up step", "ordering": ["position", "id"]},
        ),
        migrations.CreateModel(
            name="GateResult",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[("draft", "When it was written"), ("send", "When it was due")], max_length=5
                    ),
                ),
                ("gate", models.CharField(max_length=40)),
                ("position", models.PositiveSmallIntegerField()),
                ("passed", models.BooleanField()),
                ("evidence", models.CharField(max_length=300)),
                ("policy_version", models.CharField(max_length=20)),
                ("decided_at", models.DateTimeField()),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="gate_results", to="inbox.draft"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="inbox.workspace"),
                ),
            ],
            options={
                "ordering": ["draft", "stage", "position"],
                "constraints": [
                    models.UniqueConstraint(fields=("draft", "stage", "gate"), name="gate_once_per_stage")
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
                ("version", models.PositiveIntegerField()),
                ("until", models.DateTimeField()),
                (
                    "health",
                    models.ForeignKey(
                        on_delete=models.CASCADE,
                        related_name="+",
                        to="integrations.workspaceintegrationhealth",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="hidden_banners", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("user", "health"), name="banner_hidden_once")]
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        help_text="In lower case, like the address of an account.",
                        max_length=254,
                        verbose_name="email address",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "Owner"),
                            ("admin", "Admin"),
                            ("member", "Member"),
                            ("viewer", "Viewer"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                            ("withdrawn", "Withdrawn"),
                            ("expired", "Expired"),
                        ],
                        default="open",
                        max_length=9,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                ("mailed_at", models.DateTimeField(help_text="When its last email was queued.")),
                ("mails", models.PositiveSmallIntegerField(default=1)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="invitations", to="inbox.workspace"
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "open")),
                        fields=["email"],
                        name="invitation_open_by_email",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("workspace", "email"),
                        name="invitation_open_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Lead",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("email", models.CharField(blank=True, default="", max_length=320)),
                ("phone", models.CharField(blank=True, default="", max_length=32)),
                ("linkedin_member_id", models.CharField(blank=True, default="", max_length=120)),
                ("linkedin_url", models.CharField(blank=True, default="", max_length=300)),
                ("emailbison_lead_id", models.CharField(blank=True, default="", max_length=64)),
                ("ghl_contact_id", models.CharField(blank=True, default="", max_length=64)),
                (
                    "alternate_emails",
                    ArrayField(
                        base_field=models.CharField(max_length=320), blank=True, default=list, size=None
                    ),
                ),
                (
                    "alternate_phones",
                    ArrayField(
                        base_field=models.CharField(max_length=32),
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="The lead's other numbers. Nothing is sent to them.",
                        size=None,
                    ),
                ),
                (
                    "alternate_contacts",
                    ArrayField(
                        base_field=models.CharField(max_length=64),
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="The lead's other GoHighLevel contacts, such as one for each other number.",
                        size=None,
                    ),
                ),
                (
                    "refused_channels",
                    ArrayField(
                        base_field=models.CharField(max_length=10),
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="Channels that the lead turned down when asking for a different one.",
                        size=None,
                    ),
                ),
                ("first_name", models.CharField(blank=True, default="", max_length=120)),
                ("last_name", models.CharField(blank=True, default="", max_length=120)),
                ("company", models.CharField(blank=True, default="", max_length=200)),
                ("title", models.CharField(blank=True, default="", max_length=200)),
                (
                    "sources",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        help_text="The source and time of each fact above, by column.",
                    ),
                ),
                (
                    "handed_over_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When someone else assigned this lead to the member. Empty once the member opens it.",
                        null=True,
                    ),
                ),
                ("current_replier_email", models.CharField(blank=True, default="", max_length=320)),
                ("current_replier_name", models.CharField(blank=True, default="", max_length=200)),
                ("current_replier_since", models.DateTimeField(blank=True, null=True)),
                (
                    "tag",
                    models.CharField(
                        choices=[
                            ("New", "New"),
                            ("Interested", "Interested"),
                            ("Information Requested", "Information Requested"),
                            ("Call Requested", "Call Requested"),
                            ("Meeting Requested", "Meeting Requested"),
                            ("Meeting Booked", "Meeting Booked"),
                            ("Follow Up", "Follow Up"),
                            ("Objection", "Objection"),
                            ("Not Interested", "Not Interested"),
                            ("Blacklist", "Blacklist"),
                            ("Out of Office", "Out Of Office"),
                            ("Automated Reply", "Automated Reply"),
                            ("Neutral", "Neutral"),
                            ("Snoozed", "Snoozed"),
                            ("Wrong Person", "Wrong Person"),
                        ],
                        default="New",
                        max_length=32,
                    ),
                ),
                ("tag_decided_by", models.CharField(blank=True, default="", max_length=80)),
                ("awaiting_model", models.BooleanField(default=False)),
                (
                    "suspected",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("opt_out", "Possible opt-out"),
                            ("bounce", "Possible bounce"),
                            ("out_of_office", "Possible out-of-office reply"),
                            ("auto_reply", "Possible automated reply"),
                        ],
                        db_default="",
                        default="",
                        help_text="What a reply is suspected of, until someone decides (inbox.leads.suspicion).",
                        max_length=16,
                    ),
                ),
                (
                    "suspected_words",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The sentence that raised the suspicion.",
                        max_length=300,
                    ),
                ),
                ("provider_interested", models.BooleanField(default=False)),
                (
                    "provider_said_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When someone last categorised the lead at a provider.",
                        null=True,
                    ),
                ),
                ("opted_out_at", models.DateTimeField(blank=True, null=True)),
                (
                    "opted_out_stamp",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The time stated in the STOP itself (Message.stamp).",
                        max_length=64,
                    ),
                ),
                ("opted_in_stamp", models.CharField(blank=True, db_default="", default="", max_length=64)),
                (
                    "opted_in_at",
                    models.DateTimeField(
                        blank=True, help_text="The last START. It revokes older STOPs.", null=True
                    ),
                ),
                ("bounced_at", models.DateTimeField(blank=True, null=True)),
                (
                    "booked_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the current meeting was booked. Empty if there is none.",
                        null=True,
                    ),
                ),
                ("linkedin_connected_at", models.DateTimeField(blank=True, null=True)),
                ("snoozed_until", models.DateTimeField(blank=True, null=True)),
                (
                    "sample",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Created by “Send a test event”. Nothing is sent to it, and it isn’t counted.",
                    ),
                ),
                (
                    "erasing_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When someone started erasing this lead. The lead gets no more messages and will be deleted soon.",
                        null=True,
                    ),
                ),
                (
                    "identity_conflict",
                    models.BooleanField(
                        default=False,
                        help_text="An event named both this lead and a different one. A person should check.",
                    ),
                ),
                (
                    "score",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="0 stopped, 1 cold, up to 4 ready. Empty: not scored.",
                        null=True,
                    ),
                ),
                ("score_reason", models.CharField(blank=True, db_default="", default="", max_length=200)),
                (
                    "repair_reason",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Why the provider doesn’t have this lead.",
                        max_length=200,
                    ),
                ),
                ("last_inbound_at", models.DateTimeField(blank=True, null=True)),
                ("last_outbound_at", models.DateTimeField(blank=True, null=True)),
                (
                    "answered_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="The last answer outside a campaign, or the last time someone chose Done.",
                        null=True,
                    ),
                ),
                ("last_message_at", models.DateTimeField(blank=True, null=True)),
                (
                    "last_channel",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("email", "Email"),
                            ("sms", "SMS"),
                            ("linkedin", "LinkedIn"),
                            ("elsewhere", "Elsewhere"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("last_snippet", models.CharField(blank=True, default="", max_length=200)),
                ("last_account", models.CharField(blank=True, default="", max_length=320)),
                ("needs_reply", models.BooleanField(default=False)),
                ("unread", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "assigned_to",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="leads",
                        to="inbox.campaign",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False, on_delete=models.CASCADE, related_name="leads", to="inbox.workspace"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["workspace", "-last_message_at", "-id"], name="lead_by_last_message"
                    ),
                    models.Index(
                        condition=models.Q(("needs_reply", True)),
                        fields=["workspace", "-last_message_at"],
                        name="lead_needs_reply",
                    ),
                    models.Index(
                        condition=models.Q(("needs_reply", True)),
                        fields=["workspace", "assigned_to", "-last_message_at"],
                        name="lead_waits_for",
                    ),
                    models.Index(
                        condition=models.Q(("assigned_to__isnull", False)),
                        fields=["workspace", "assigned_to", "-last_message_at"],
                        name="lead_of_member",
                    ),
                    models.Index(
                        condition=models.Q(("handed_over_at__isnull", False)),
                        fields=["workspace", "assigned_to"],
                        name="lead_handed_over",
                    ),
                    models.Index(
                        condition=models.Q(("unread", True)),
                        fields=["workspace", "-last_message_at"],
                        name="lead_unread",
                    ),
                    models.Index(
                        condition=models.Q(("snoozed_until__isnull", False)),
                        fields=["workspace", "snoozed_until"],
                        name="lead_snoozed",
                    ),
                    models.Index(
                        condition=models.Q(
                            (
                                "tag__in",
                                ("Meeting Requested", "Call Requested", "Interested", "Meeting Booked"),
                            )
                        ),
                        fields=["workspace", "last_inbound_at"],
                        name="lead_towards_meeting",
                    ),
                    models.Index(
                        models.OrderBy(
                            functions.Coalesce("booked_at", "last_message_at"),
                            descending=True,
                            nulls_last=True,
                        ),
                        condition=models.Q(
                            ("booked_at__isnull", False), ("tag", "Meeting Booked"), _connector="OR"
                        ),
                        name="lead_has_booked",
                    ),
                    models.Index(
                        condition=models.Q(("awaiting_model", True)),
                        fields=["last_inbound_at"],
                        name="lead_awaits_model",
                    ),
                    models.Index(
                        condition=models.Q(("sample", True)), fields=["workspace"], name="lead_sample"
                    ),
                    models.Index(
                        condition=models.Q(("suspected", ""), _negated=True),
                        fields=["id"],
                        name="lead_suspected",
                    ),
                    GinIndex(
                        models.Func(
                            models.Func(
                                models.Func(
                                    functions.Replace(
                                        functions.Replace(
                                            functions.Replace(
                                                models.Func(
                                                    functions.Lower(
                                                        models.Func(
                                                            models.Func(
                                                                models.Func(
                                                                    functions.Concat(
                                                                        models.F("first_name"),
                                                                        models.Value(" "),
                                                                        models.F("last_name"),
                                                                        models.Value(" "),
                                                                        models.F("company"),
                                                                        models.Value(" "),
                                                                        models.F("email"),
                                                                    ),
                                                                    output_field=models.TextField(),
                                                                    template="normalize(%(expressions)s, NFKD)",
                                                                ),
                                                                models.Value("[̀-ͯ]+"),
                                                                models.Value(""),
                                                                models.Value("g"),
                                                                function="regexp_replace",
                                                                output_field=models.TextField(),
                                                            ),
                                                            output_field=models.TextField(),
                                                            template="normalize(%(expressions)s, NFC)",
                                                        )
                                                    ),
                                                    models.Value("łøđıς"),
                                                    models.Value("lodiσ"),
                                                    function="translate",
                                                    output_field=models.TextField(),
                                                ),
                                                models.Value("æ"),
                                                models.Value("ae"),
                                            ),
                                            models.Value("œ"),
                                            models.Value("oe"),
                                        ),
                                        models.Value("ß"),
                                        models.Value("ss"),
                                    ),
                                    models.Value(
                                        "[\x01-/:-@\\[-`{-©«-±´¶-¸»¿×÷\u2000-\u206f\u3000-〃〈-〠〰！-／：-＠［-｀｛-･،؛؟۔।॥]+"
                                    ),
                                    function="regexp_split_to_array",
                                ),
                                models.Value(""),
                                function="array_remove",
                            ),
                            function="array_to_tsvector",
                            output_field=django.contrib.postgres.search.SearchVectorField(),
                        ),
                        name="lead_names",
                    ),
                    GinIndex(
                        models.Func(
                            models.Func(
                                models.Func(
                                    functions.Concat(
                                        functions.Right(functions.Cast("workspace", models.TextField()), 3),
                                        models.Func(
                                            functions.Replace(
                                                functions.Replace(
                                                    functions.Replace(
                                                        models.Func(
                                                            functions.Lower(
                                                                models.Func(
                                                                    models.Func(
                                                                        models.Func(
                                                                            functions.Concat(
                                                                                models.F("first_name"),
                                                                                models.Value(" "),
                                                                                models.F("last_name"),
                                                                                models.Value(" "),
                                                                                models.F("company"),
                                                                                models.Value(" "),
                                                                                models.F("email"),
                                                                            ),
                                                                            output_field=models.TextField(),
                                                                            template="normalize(%(expressions)s, NFKD)",
                                                                        ),
                                                                        models.Value("[̀-ͯ]+"),
                                                                        models.Value(""),
                                                                        models.Value("g"),
                                                                        function="regexp_replace",
                                                                        output_field=models.TextField(),
                                                                    ),
                                                                    output_field=models.TextField(),
                                                                    template="normalize(%(expressions)s, NFC)",
                                                                )
                                                            ),
                                                            models.Value("łøđıς"),
                                                            models.Value("lodiσ"),
                                                            function="translate",
                                                            output_field=models.TextField(),
                                                        ),
                                                        models.Value("æ"),
                                                        models.Value("ae"),
                                                    ),
                                                    models.Value("œ"),
                                                    models.Value("oe"),
                                                ),
                                                models.Value("ß"),
                                                models.Value("ss"),
                                            ),
                                            models.Value(
                                                "[\x01-/:-@\\[-`{-©«-±´¶-¸»¿×÷\u2000-\u206f\u3000-〃〈-〠〰！-／：-＠［-｀｛-･،؛؟۔।॥]+"
                                            ),
                                            functions.Concat(
                                                models.Value(" "),
                                                functions.Right(
                                                    functions.Cast("workspace", models.TextField()), 3
                                                ),
                                            ),
                                            models.Value("g"),
                                            function="regexp_replace",
                                            output_field=models.TextField(),
                                        ),
                                    ),
                                    models.Value(" "),
                                    function="regexp_split_to_array",
                                ),
                                functions.Right(functions.Cast("workspace", models.TextField()), 3),
                                function="array_remove",
                            ),
                            function="array_to_tsvector",
                            output_field=django.contrib.postgres.search.SearchVectorField(),
                        ),
                        name="lead_names_here",
                    ),
                    GinIndex(
                        django.contrib.postgres.search.SearchVector(
                            "first_name",
                            "last_name",
                            "company",
                            functions.Replace("email", models.Value("@"), models.Value(" ")),
                            config="simple",
                        ),
                        name="lead_words",
                    ),
                    models.Index(
                        models.F("workspace"),
                        OpClass(functions.Reverse("phone"), name="text_pattern_ops"),
                        condition=models.Q(("phone", ""), _negated=True),
                        name="lead_phone_digits",
                    ),
                    GinIndex(
                        condition=models.Q(("alternate_emails", []), _negated=True),
                        fields=["alternate_emails"],
                        name="lead_alternate_emails",
                    ),
                    GinIndex(
                        condition=models.Q(("alternate_phones", []), _negated=True),
                        fields=["alternate_phones"],
                        name="lead_alternate_phones",
                    ),
                    GinIndex(
                        condition=models.Q(("alternate_contacts", []), _negated=True),
                        fields=["alternate_contacts"],
                        name="lead_alternate_contacts",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("email", ""), _negated=True),
                        fields=("workspace", "email"),
                        name="lead_one_email",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("phone", ""), _negated=True),
                        fields=("workspace", "phone"),
                        name="lead_one_phone",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("linkedin_member_id", ""), _negated=True),
                        fields=("workspace", "linkedin_member_id"),
                        name="lead_one_linkedin_member_id",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("linkedin_url", ""), _negated=True),
                        fields=("workspace", "linkedin_url"),
                        name="lead_one_linkedin_url",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("emailbison_lead_id", ""), _negated=True),
                        fields=("workspace", "emailbison_lead_id"),
                        name="lead_one_emailbison_lead_id",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ghl_contact_id", ""), _negated=True),
                        fields=("workspace", "ghl_contact_id"),
                        name="lead_one_ghl_contact_id",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FollowUpInstance",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("active", "Running"),
                            ("paused", "Paused"),
                            ("completed", "Completed"),
                            ("stopped", "Stopped"),
                        ],
                        default="active",
                        max_length=10,
                    ),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                (
                    "waits_for",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Why the step was postponed.",
                        max_length=200,
                    ),
                ),
                ("paused_for", models.CharField(blank=True, default="", max_length=40)),
                (
                    "in_doubt",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="A step may have gone out during the period missing from the restored database.",
                    ),
                ),
                (
                    "quiet_since",
                    models.DateTimeField(help_text="A reply after this moment pauses the follow-up."),
                ),
                ("started_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("finish_reason", models.CharField(blank=True, default="", max_length=200)),
                (
                    "started_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="followups", to="inbox.workspace"
                    ),
                ),
                (
                    "sequence",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="instances", to="inbox.followupsequence"
                    ),
                ),
                (
                    "next_step",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="+",
                        to="inbox.followupstep",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="followups", to="inbox.lead"),
                ),
            ],
            options={
                "verbose_name": "follow-up",
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "active")),
                        fields=["workspace", "due_at"],
                        name="followup_by_due",
                    ),
                    models.Index(
                        condition=models.Q(("status", "paused")),
                        fields=["workspace", "paused_for"],
                        name="followup_paused",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["active", "paused"])),
                        fields=("lead", "sequence"),
                        name="followup_one_live",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Enrichment",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("linkedin", "LinkedIn profile"), ("phone", "Phone number")], max_length=10
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Asked, no answer yet"),
                            ("found", "Found"),
                            ("not_found", "Not found"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("source", models.CharField(default="clay", max_length=20)),
                ("requested_at", models.DateTimeField(blank=True, null=True)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "errors",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="The number of errors from the source."
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="enrichments", to="inbox.workspace"
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="enrichments", to="inbox.lead"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["workspace", "status"], name="enrichment_by_status")],
                "constraints": [
                    models.UniqueConstraint(fields=("lead", "kind"), name="enrichment_once_per_kind")
                ],
            },
        ),
        migrations.AddField(
            model_name="draft",
            name="lead",
            field=models.ForeignKey(on_delete=models.CASCADE, related_name="drafts", to="inbox.lead"),
        ),
        migrations.CreateModel(
            name="ChannelRefusal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "Email"), ("sms", "SMS"), ("linkedin", "LinkedIn")], max_length=10
                    ),
                ),
                ("code", models.CharField(max_length=64)),
                ("since", models.DateTimeField()),
                ("recheck_at", models.DateTimeField(help_text="When the channel may be tried again.")),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="inbox.workspace"),
                ),
                (
                    "lead",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="refusals", to="inbox.lead"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("lead", "channel"), name="refusal_once_per_channel")
                ]
            },
        ),
        migrations.CreateModel(
            name="BookingCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("next_at", models.DateTimeField()),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("last_error", models.CharField(blank=True, default="", max_length=200)),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="inbox.workspace"),
                ),
                (
                    "lead",
                    models.OneToOneField(
                        on_delete=models.CASCADE, related_name="booking_check", to="inbox.lead"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["workspace", "next_at"], name="booking_check_by_time")]
            },
        ),
        migrations.CreateModel(
            name="Appointment",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "provider",
                    models.CharField(
                        max_length=20, validators=[integrations.models.integration.known_provider]
                    ),
                ),
                (
                    "external_id",
                    models.CharField(help_text="Calendly invitee URI or GHL appointment ID.", max_length=500),
                ),
                ("event_uri", models.CharField(blank=True, default="", max_length=500)),
                ("event_type_uri", models.CharField(blank=True, default="", max_length=500)),
                ("invitee_email", models.CharField(blank=True, default="", max_length=320)),
                ("starts_at", models.DateTimeField(blank=True, null=True)),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("booked", "Booked"),
                            ("cancelled", "Cancelled"),
                            ("rescheduled", "Moved to another time"),
                            ("no_show", "Did not show up"),
                        ],
                        default="booked",
                        max_length=12,
                    ),
                ),
                ("booked_at", models.DateTimeField(blank=True, null=True)),
                ("cancelled_at", models.DateTimeField(blank=True, null=True)),
                ("no_show_at", models.DateTimeField(blank=True, null=True)),
                (
                    "told_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the calendar reported the change, if stated. Older reports are ignored.",
                        null=True,
                    ),
                ),
                (
                    "replaced",
                    models.BooleanField(default=False, help_text="Replaced by a booking at another time."),
                ),
                (
                    "replaces_id",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="The calendar's ID of the earlier booking.",
                        max_length=500,
                    ),
                ),
                (
                    "handled_at",
                    models.DateTimeField(
                        blank=True, help_text="When a person handled the cancellation.", null=True
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="appointments", to="inbox.workspace"
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="appointments", to="inbox.lead"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["lead", "-starts_at"], name="appointment_by_lead"),
                    models.Index(fields=["workspace", "starts_at"], name="appointment_by_workspace"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "provider", "external_id"), name="appointment_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "source",
                    models.CharField(
                        help_text="The list that contains `external_id`.",
                        max_length=20,
                        validators=[inbox.models.message.known_source],
                    ),
                ),
                ("external_id", models.CharField(max_length=200)),
                (
                    "direction",
                    models.CharField(
                        choices=[("inbound", "Inbound"), ("outbound", "Outbound")], max_length=8
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "Email"),
                            ("sms", "SMS"),
                            ("linkedin", "LinkedIn"),
                            ("elsewhere", "Elsewhere"),
                        ],
                        max_length=10,
                    ),
                ),
                ("subject", models.TextField(blank=True, default="")),
                (
                    "text",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="The newest text by a person, without quotes and signatures.",
                    ),
                ),
                ("raw_text", models.TextField(blank=True, default="")),
                ("raw_html", models.TextField(blank=True, default="")),
                ("from_address", models.CharField(blank=True, default="", max_length=320)),
                ("from_name", models.CharField(blank=True, default="", max_length=200)),
                (
                    "recipients",
                    models.JSONField(
                        blank=True, default=dict, help_text="to, cc and bcc as the provider gave them"
                    ),
                ),
                (
                    "account_id",
                    models.CharField(
                        blank=True, default="", help_text="The provider's ID of our sender.", max_length=120
                    ),
                ),
                ("account_address", models.CharField(blank=True, default="", max_length=320)),
                ("thread_id", models.CharField(blank=True, default="", max_length=200)),
                ("attachments", models.JSONField(blank=True, default=list)),
                ("automated_reply", models.BooleanField(blank=True, null=True)),
                (
                    "by_hand",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="A person wrote the message at the provider, outside any campaign.",
                    ),
                ),
                ("provider_interested", models.BooleanField(default=False)),
                (
                    "tag",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("New", "New"),
                            ("Interested", "Interested"),
                            ("Information Requested", "Information Requested"),
                            ("Call Requested", "Call Requested"),
                            ("Meeting Requested", "Meeting Requested"),
                            ("Meeting Booked", "Meeting Booked"),
                            ("Follow Up", "Follow Up"),
                            ("Objection", "Objection"),
                            ("Not Interested", "Not Interested"),
                            ("Blacklist", "Blacklist"),
                            ("Out of Office", "Out Of Office"),
                            ("Automated Reply", "Automated Reply"),
                            ("Neutral", "Neutral"),
                            ("Snoozed", "Snoozed"),
                            ("Wrong Person", "Wrong Person"),
                        ],
                        default="",
                        max_length=32,
                    ),
                ),
                (
                    "tag_decided_by",
                    models.CharField(
                        blank=True, default="", help_text="The rule or model, and version.", max_length=80
                    ),
                ),
                (
                    "tag_evidence",
                    models.TextField(blank=True, default="", help_text="The words that decided the tag."),
                ),
                (
                    "suspected",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("opt_out", "Possible opt-out"),
                            ("bounce", "Possible bounce"),
                            ("out_of_office", "Possible out-of-office reply"),
                            ("auto_reply", "Possible automated reply"),
                        ],
                        db_default="",
                        default="",
                        help_text="What the rules suspected on arrival.",
                        max_length=16,
                    ),
                ),
                (
                    "suspected_words",
                    models.TextField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The sentence that raised the suspicion.",
                    ),
                ),
                (
                    "suspicion_decided_by",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The model or person that decided. Empty: not decided yet.",
                        max_length=80,
                    ),
                ),
                ("content_hash", models.CharField(blank=True, default="", max_length=64)),
                (
                    "stamp",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The local time in a text without an ID (ISO, no zone; empty if unreadable).",
                        max_length=64,
                    ),
                ),
                (
                    "stopped_again_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When this STOP arrived again without an ID. It may have been a second one.",
                        null=True,
                    ),
                ),
                (
                    "id_reused",
                    models.BooleanField(
                        default=False, help_text="The provider has already used this ID for a different text."
                    ),
                ),
                ("sent_at", models.DateTimeField(help_text="The provider's time.")),
                ("received_at", models.DateTimeField(default=timezone.now)),
                (
                    "processed_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the job for this message finished. The job itself is deleted later.",
                        null=True,
                    ),
                ),
                ("part", models.PositiveSmallIntegerField(default=0)),
                (
                    "found_by",
                    inbox.models.words.WordsField(
                        blank=True,
                        editable=False,
                        help_text="What the search finds it by. Empty: the release before wrote it, and a tick fills it in.",
                        null=True,
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(blank=True, null=True, on_delete=models.SET_NULL, to="inbox.campaign"),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        blank=True, db_index=False, null=True, on_delete=models.SET_NULL, to="inbox.draft"
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        db_index=False, on_delete=models.CASCADE, related_name="messages", to="inbox.lead"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.CASCADE,
                        related_name="messages",
                        to="inbox.workspace",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["lead", "sent_at", "received_at"], name="message_timeline"),
                    models.Index(fields=["workspace", "-received_at"], name="message_by_workspace"),
                    models.Index(
                        condition=models.Q(
                            ("source__in", ["ghl_message", "instantly_reply", "instantly_sent"])
                        ),
                        fields=["workspace", "content_hash"],
                        name="message_by_content",
                    ),
                    models.Index(
                        condition=models.Q(("source", "unipile_message")),
                        fields=["workspace", "thread_id"],
                        name="message_by_chat",
                    ),
                    models.Index(
                        models.F("workspace"),
                        functions.MD5(
                            functions.Trim(
                                functions.Lower(
                                    models.Func(
                                        functions.Left("text", 1000),
                                        models.Value("[\\s!.,;:\"'`()*_‘’“”…–—！，。、،-]+"),
                                        models.Value(" "),
                                        models.Value("g"),
                                        function="regexp_replace",
                                    )
                                )
                            )
                        ),
                        condition=models.Q(("direction", "inbound")),
                        name="message_same_words",
                    ),
                    models.Index(
                        condition=models.Q(("suspected", ""), _negated=True),
                        fields=["workspace", "received_at"],
                        include=("suspected",),
                        name="message_suspected",
                    ),
                    models.Index(
                        condition=models.Q(("tag_decided_by__contains", ": complaint.")),
                        fields=["workspace", "received_at"],
                        include=("account_address",),
                        name="message_complaints",
                    ),
                    GinIndex(fields=["found_by"], gin_pending_list_limit=512, name="message_search"),
                    models.Index(
                        condition=models.Q(("found_by__isnull", True)),
                        fields=["workspace", "-received_at"],
                        name="message_without_words",
                    ),
                    GinIndex(
                        django.contrib.postgres.search.SearchVector(
                            functions.Left("subject", 1000), functions.Left("text", 50000), config="simple"
                        ),
                        name="message_words",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "source", "external_id"), name="message_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("draft__isnull", False)),
                        fields=("draft", "part"),
                        name="message_per_draft",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="draft",
            name="trigger_message",
            field=models.ForeignKey(on_delete=models.CASCADE, related_name="drafts", to="inbox.message"),
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("text", models.TextField()),
                ("created_at", models.DateTimeField(db_default=Now())),
                (
                    "author",
                    models.ForeignKey(null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        db_index=False, on_delete=models.CASCADE, related_name="notes", to="inbox.lead"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="notes", to="inbox.workspace"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["lead", "-created_at"], name="note_by_lead"),
                    models.Index(fields=["workspace", "created_at"], name="note_by_age"),
                ]
            },
        ),
        migrations.CreateModel(
            name="Mention",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                (
                    "membership",
                    models.ForeignKey(db_index=False, on_delete=models.CASCADE, to="inbox.membership"),
                ),
                (
                    "note",
                    models.ForeignKey(
                        db_index=False, on_delete=models.CASCADE, related_name="mentions", to="inbox.note"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["membership"], name="mention_by_member"),
                    models.Index(
                        condition=models.Q(("read_at", None)), fields=["membership"], name="mention_unread"
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("note", "membership"), name="mention_once")],
            },
        ),
        migrations.CreateModel(
            name="OutboundSend",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "Email"), ("sms", "SMS"), ("linkedin", "LinkedIn")], max_length=10
                    ),
                ),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("followup", "Follow-up step"),
                            ("person", "Written by a person"),
                        ],
                        max_length=10,
                    ),
                ),
                ("origin_id", models.CharField(max_length=64)),
                ("part", models.PositiveSmallIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("intent", "Going out"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("unknown", "Not known whether it went out"),
                            ("taken_back", "Taken back"),
                        ],
                        default="intent",
                        max_length=10,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="One sentence that never contains people's text.",
                        max_length=300,
                    ),
                ),
                ("subject", models.TextField(blank=True, default="")),
                ("text", models.TextField()),
                ("recipients", models.JSONField(blank=True, default=dict)),
                (
                    "rest",
                    models.JSONField(
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="The texts of the remaining parts. Each is sent after the one before it.",
                    ),
                ),
                (
                    "provider",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The provider that sends the message.",
                        max_length=20,
                    ),
                ),
                ("account_id", models.CharField(blank=True, default="", max_length=120)),
                ("provider_message_id", models.CharField(blank=True, default="", max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "send_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the countdown ends. Empty: there is none.",
                        null=True,
                    ),
                ),
                (
                    "called_at",
                    models.DateTimeField(
                        blank=True, help_text="Stored just before the provider is called.", null=True
                    ),
                ),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "tries",
                    models.PositiveSmallIntegerField(
                        db_default=0, default=0, help_text="How many times a person sent the message again."
                    ),
                ),
                (
                    "looked_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the provider was last asked about this send.",
                        null=True,
                    ),
                ),
                (
                    "lost_from",
                    models.DateTimeField(
                        blank=True,
                        help_text="May have gone out after this, in the period missing from the restored database.",
                        null=True,
                    ),
                ),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="sends",
                        to="inbox.draft",
                    ),
                ),
                ("lead", models.ForeignKey(on_delete=models.CASCADE, related_name="sends", to="inbox.lead")),
                (
                    "reply_to",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.SET_NULL, related_name="+", to="inbox.message"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="sends", to="inbox.workspace"),
                ),
            ],
            options={
                "permissions": [("settle_outboundsend", "Can set the outcome of sends or send them again")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["unknown", "failed"])),
                        fields=["workspace", "-created_at"],
                        name="send_uncertain",
                    ),
                    models.Index(fields=["lead", "-created_at"], name="send_by_lead"),
                    models.Index(
                        condition=models.Q(("provider_message_id", ""), _negated=True),
                        fields=["workspace", "provider_message_id"],
                        name="send_by_provider_id",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "origin", "origin_id", "part"), name="send_once_per_origin"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["intent", "unknown"])),
                        fields=("lead", "channel"),
                        name="send_one_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FollowUpTask",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "Email"), ("sms", "SMS"), ("linkedin", "LinkedIn")], max_length=10
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("claimed", "Being prepared"),
                            ("waiting", "Put off"),
                            ("approval", "Waiting for approval"),
                            ("sending", "Going out"),
                            ("sent", "Sent"),
                            ("skipped", "Skipped"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="claimed",
                        max_length=10,
                    ),
                ),
                (
                    "reason",
                    models.CharField(blank=True, default="", help_text="Shown to users.", max_length=200),
                ),
                ("attempt", models.PositiveIntegerField(default=1)),
                ("subject", models.CharField(blank=True, default="", max_length=300)),
                ("text", models.TextField(blank=True, default="")),
                (
                    "offered",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="The meeting times in the text, each in ISO format and in words.",
                    ),
                ),
                ("claimed_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "response",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("converted", "Converted"),
                            ("objection", "Objection"),
                            ("replied", "Replied"),
                            ("negative", "Not interested"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("responded_at", models.DateTimeField(blank=True, null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "instance",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="tasks", to="inbox.followupinstance"
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="tasks", to="inbox.followupstep"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="followup_tasks", to="inbox.workspace"
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="followup_tasks", to="inbox.lead"
                    ),
                ),
                (
                    "response_message",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.SET_NULL, related_name="+", to="inbox.message"
                    ),
                ),
                (
                    "send",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="followup_task",
                        to="inbox.outboundsend",
                    ),
                ),
            ],
            options={
                "verbose_name": "follow-up task",
                "indexes": [
                    models.Index(
                        fields=["workspace", "status", "-claimed_at"], name="followup_task_by_status"
                    ),
                    models.Index(
                        condition=models.Q(("status__in", ["claimed", "sending"])),
                        fields=["claimed_at"],
                        name="followup_task_in_hand",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("instance", "step"), name="followup_task_once_per_step")
                ],
            },
        ),
        migrations.CreateModel(
            name="ProviderWord",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "tag",
                    models.CharField(
                        choices=[
                            ("New", "New"),
                            ("Interested", "Interested"),
                            ("Information Requested", "Information Requested"),
                            ("Call Requested", "Call Requested"),
                            ("Meeting Requested", "Meeting Requested"),
                            ("Meeting Booked", "Meeting Booked"),
                            ("Follow Up", "Follow Up"),
                            ("Objection", "Objection"),
                            ("Not Interested", "Not Interested"),
                            ("Blacklist", "Blacklist"),
                            ("Out of Office", "Out Of Office"),
                            ("Automated Reply", "Automated Reply"),
                            ("Neutral", "Neutral"),
                            ("Snoozed", "Snoozed"),
                            ("Wrong Person", "Wrong Person"),
                        ],
                        max_length=32,
                    ),
                ),
                ("by", models.CharField(max_length=80)),
                ("said_at", models.DateTimeField()),
                (
                    "lead",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.CASCADE,
                        related_name="provider_words",
                        to="inbox.lead",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="inbox.workspace"),
                ),
            ],
            options={"indexes": [models.Index(fields=["lead", "said_at"], name="word_by_lead")]},
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=60)),
                ("query", models.CharField(max_length=2000)),
                ("position", models.PositiveSmallIntegerField(db_default=0, default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True, db_default=Now())),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="saved_views", to="inbox.workspace"
                    ),
                ),
            ],
            options={
                "ordering": ["position", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("workspace"),
                        models.F("owner"),
                        functions.Lower("name"),
                        condition=models.Q(("owner__isnull", False)),
                        name="view_own_once",
                    ),
                    models.UniqueConstraint(
                        models.F("workspace"),
                        functions.Lower("name"),
                        condition=models.Q(("owner__isnull", True)),
                        name="view_shared_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SendingPolicy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("off", "Off"),
                            ("shadow", "Shadow: only record what would have gone out"),
                            ("auto", "Auto: send drafts that pass every gate"),
                        ],
                        default="off",
                        max_length=6,
                    ),
                ),
                (
                    "confidence_threshold",
                    models.FloatField(
                        default=0.9,
                        validators=[validators.MinValueValidator(0.5), validators.MaxValueValidator(1.0)],
                    ),
                ),
                (
                    "min_delay_s",
                    models.PositiveIntegerField(default=180, validators=[validators.MinValueValidator(30)]),
                ),
                (
                    "max_delay_s",
                    models.PositiveIntegerField(default=420, validators=[validators.MaxValueValidator(3600)]),
                ),
                ("business_hours_only", models.BooleanField(default=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "campaign",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=models.CASCADE,
                        related_name="policy",
                        to="inbox.campaign",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="policies", to="inbox.workspace"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "sending policies",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("campaign", None)),
                        fields=("workspace",),
                        name="policy_one_default",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("min_delay_s__lte", models.F("max_delay_s"))),
                        name="policy_delay_in_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Snippet",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=60)),
                ("text", models.TextField(max_length=5000)),
                ("created_at", models.DateTimeField(auto_now_add=True, db_default=Now())),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="snippets", to="inbox.workspace"
                    ),
                ),
            ],
            options={
                "ordering": [functions.Lower("name"), "id"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("workspace"),
                        models.F("owner"),
                        functions.Lower("name"),
                        condition=models.Q(("owner__isnull", False)),
                        name="snippet_own_once",
                    ),
                    models.UniqueConstraint(
                        models.F("workspace"),
                        functions.Lower("name"),
                        condition=models.Q(("owner__isnull", True)),
                        name="snippet_shared_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TagDecision",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "tag",
                    models.CharField(
                        choices=[
                            ("New", "New"),
                            ("Interested", "Interested"),
                            ("Information Requested", "Information Requested"),
                            ("Call Requested", "Call Requested"),
                            ("Meeting Requested", "Meeting Requested"),
                            ("Meeting Booked", "Meeting Booked"),
                            ("Follow Up", "Follow Up"),
                            ("Objection", "Objection"),
                            ("Not Interested", "Not Interested"),
                            ("Blacklist", "Blacklist"),
                            ("Out of Office", "Out Of Office"),
                            ("Automated Reply", "Automated Reply"),
                            ("Neutral", "Neutral"),
                            ("Snoozed", "Snoozed"),
                            ("Wrong Person", "Wrong Person"),
                        ],
                        max_length=32,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("rule", "Rule"),
                            ("model", "Model"),
                            ("provider", "Provider"),
                            ("person", "Person"),
                        ],
                        max_length=8,
                    ),
                ),
                ("by", models.CharField(max_length=80)),
                (
                    "denied",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("opt_out", "Possible opt-out"),
                            ("bounce", "Possible bounce"),
                            ("out_of_office", "Possible out-of-office reply"),
                            ("auto_reply", "Possible automated reply"),
                        ],
                        db_default="",
                        default="",
                        help_text="The meaning a person ruled out. If set, `tag` is the earlier tag, not their choice.",
                        max_length=16,
                    ),
                ),
                (
                    "alike_to",
                    models.UUIDField(
                        blank=True,
                        help_text="The reply that the person decided about, if it was a different one with the same text.",
                        null=True,
                    ),
                ),
                ("quote", models.TextField(blank=True, default="")),
                ("reason", models.CharField(blank=True, default="", max_length=300)),
                ("confidence", models.FloatField(blank=True, null=True)),
                (
                    "objection",
                    models.CharField(
                        choices=[
                            ("none", "None"),
                            ("pricing", "Pricing"),
                            ("timing", "Timing"),
                            ("authority", "Authority"),
                            ("need", "Need"),
                            ("trust", "Trust"),
                            ("competitor", "Competitor"),
                        ],
                        default="none",
                        max_length=10,
                    ),
                ),
                (
                    "follow_up_on",
                    models.DateField(
                        blank=True, help_text="The day when the lead wants to hear from us again.", null=True
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "lead",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="tag_decisions", to="inbox.lead"
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="tag_decisions", to="inbox.message"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="tag_decisions", to="inbox.workspace"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["lead", "-id"], name="tagdecision_by_lead"),
                    models.Index(
                        condition=models.Q(("kind", "person")),
                        fields=["workspace", "-id"],
                        name="tagdecision_corrections",
                    ),
                    models.Index(
                        condition=models.Q(("kind", "rule")),
                        fields=["workspace", "created_at"],
                        include=("by",),
                        name="tagdecision_of_rules",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "person"), _negated=True),
                        fields=("message", "kind", "by"),
                        name="tag_decided_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TextAccess",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                ("created_at", models.DateTimeField(db_default=Now())),
                ("expires_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="text_accesses", to="inbox.workspace"
                    ),
                ),
            ],
            options={
                "verbose_name": "access to texts",
                "verbose_name_plural": "accesses to texts",
                "permissions": [("open_text", "Can read any workspace's texts, for a stated reason")],
                "indexes": [
                    models.Index(fields=["user", "workspace", "-expires_at"], name="text_access_standing")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="text_access_has_a_reason"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "expires_at__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("created_at"),
                                    "+",
                                    models.Value(datetime.timedelta(seconds=3600)),
                                ),
                            )
                        ),
                        name="text_access_is_short",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("source", models.CharField(max_length=20)),
                ("event_type", models.CharField(blank=True, default="", max_length=64)),
                (
                    "event_key",
                    models.CharField(
                        blank=True,
                        help_text="The provider's key for an event without a message.",
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
                        help_text="The raw bytes without the sender's secrets, until they expire.",
                        null=True,
                    ),
                ),
                ("body_bytes", models.PositiveIntegerField(default=0)),
                ("body_sha256", models.CharField(max_length=64)),
                ("headers", models.JSONField(blank=True, default=dict, help_text="Without secrets.")),
                (
                    "scrubbed",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Whether secrets were removed from body and headers.",
                    ),
                ),
                (
                    "sample",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Created by “Send a test event”. It doesn’t count towards an account’s health.",
                    ),
                ),
                ("received_at", models.DateTimeField()),
                ("duration_ms", models.FloatField(default=0)),
                (
                    "integration",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=models.SET_NULL,
                        to="integrations.integration",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.SET_NULL, to="jobs.backgroundjob"
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(blank=True, null=True, on_delete=models.SET_NULL, to="inbox.lead"),
                ),
                (
                    "message",
                    models.ForeignKey(blank=True, null=True, on_delete=models.SET_NULL, to="inbox.message"),
                ),
                (
                    "replay_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="replays",
                        to="inbox.webhookdelivery",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=models.CASCADE,
                        related_name="deliveries",
                        to="inbox.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "webhook deliveries",
                "permissions": [("replay_webhookdelivery", "Can run deliveries again")],
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
                    models.Index(
                        condition=models.Q(("verdict__in", ["failed", "rejected"])),
                        fields=["workspace", "-received_at"],
                        name="delivery_troubled_here",
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
            name="WorkspaceFact",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("answer", "Answer"),
                            ("price", "Price"),
                            ("link", "Link"),
                            ("never", "Never said"),
                        ],
                        max_length=6,
                    ),
                ),
                ("question", models.CharField(max_length=200)),
                ("folded", models.CharField(editable=False, max_length=400)),
                ("answer", models.TextField(blank=True, db_default="", default="", max_length=2000)),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        db_default=0, default=0, help_text="Order among facts of the same kind, lowest first."
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, db_default=Now())),
                ("updated_at", models.DateTimeField(auto_now=True, db_default=Now())),
                (
                    "updated_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="workspace_facts", to="inbox.workspace"
                    ),
                ),
            ],
            options={
                "ordering": ["kind", "position", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("workspace", "kind", "folded"), name="fact_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["answer", "price", "link", "never"])),
                        name="fact_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("question", ""), _negated=True),
                            models.Q(("folded", ""), _negated=True),
                            models.Q(
                                ("kind", "never"), models.Q(("answer", ""), _negated=True), _connector="OR"
                            ),
                        ),
                        name="fact_is_whole",
                    ),
                    models.CheckConstraint(
                        condition=django.db.models.lookups.LessThanOrEqual(functions.Length("answer"), 2000),
                        name="fact_answer_fits",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("action", models.CharField(max_length=64)),
                ("object_type", models.CharField(max_length=64)),
                ("object_id", models.CharField(max_length=64)),
                ("data", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "actor",
                    models.ForeignKey(null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        null=True,
                        on_delete=models.CASCADE,
                        related_name="audit_entries",
                        to="inbox.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "audit entries",
                "ordering": ["-created_at", "-id"],
                "indexes": [
                    models.Index(fields=["workspace", "-created_at"], name="audit_by_workspace"),
                    models.Index(fields=["object_id", "object_type"], name="audit_of_object"),
                    models.Index(
                        fields=["action"], name="audit_by_action", opclasses=["varchar_pattern_ops"]
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="draft", index=models.Index(fields=["lead", "-created_at"], name="draft_by_lead")
        ),
        migrations.AddConstraint(
            model_name="draft",
            constraint=models.UniqueConstraint(
                fields=("trigger_message", "channel"), name="draft_once_per_trigger"
            ),
        ),
        migrations.RunSQL(GROUPS, migrations.RunSQL.noop),
        migrations.RunSQL(ASSIGNED, migrations.RunSQL.noop),
        run_file("inbox/sql/follow_roles.sql", "a6eef9d642cc"),
        run_file("inbox/sql/only_grows.sql", "2950ff7c032a"),
        run_file("inbox/sql/samples.sql", "ec332d81eb96"),
        run_file("inbox/sql/place.sql", "5382aa920504"),
        migrations.RunSQL(ORIGIN, migrations.RunSQL.noop),
    ]
