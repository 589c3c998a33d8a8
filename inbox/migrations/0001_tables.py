"""The tables of inbox, except those that point at accounts and jobs, which themselves point at workspaces: see 0002."""

import datetime

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.db.models.lookups
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import inbox.models.message
import inbox.models.timezones
import inbox.models.workspace
import integrations.models.integration
import jobs.ids


class Migration(migrations.Migration):
    replaces = [
        ("inbox", "0001_initial"),
    ]

    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined"),
                ),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="email address")),
                (
                    "theme",
                    models.CharField(
                        blank=True,
                        choices=[("", "As the system"), ("light", "Light"), ("dark", "Dark")],
                        default="",
                        max_length=8,
                    ),
                ),
                ("single_key_shortcuts", models.BooleanField(default=True)),
                (
                    "address_proven_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the password was set by a link that went to the address by mail, or by an operator. Empty: somebody else may know the password.",
                        null=True,
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "abstract": False,
            },
            managers=[
                ("objects", inbox.models.workspace.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="Workspace",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=jobs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                (
                    "timezone",
                    models.CharField(
                        default="UTC", max_length=64, validators=[inbox.models.timezones.validate_timezone]
                    ),
                ),
                (
                    "phone_region",
                    models.CharField(
                        default="US",
                        help_text="Country of phone numbers that are written without one.",
                        max_length=2,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("persona_name", models.CharField(blank=True, max_length=120)),
                ("tone", models.CharField(default="friendly and professional", max_length=60)),
                ("signature", models.TextField(blank=True)),
                ("service_description", models.TextField(blank=True)),
                (
                    "keep_bodies_days",
                    models.PositiveSmallIntegerField(
                        db_default=30,
                        default=30,
                        help_text="How long the raw bodies of webhook deliveries are kept; 0: until the next hourly run.",
                        validators=[django.core.validators.MaxValueValidator(30)],
                    ),
                ),
                ("opens_at", models.TimeField(default=datetime.time(9, 0))),
                ("closes_at", models.TimeField(default=datetime.time(17, 0))),
                (
                    "daily_send_cap",
                    models.PositiveSmallIntegerField(
                        default=30,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(1000),
                        ],
                    ),
                ),
                (
                    "sends_paused",
                    models.BooleanField(default=False, help_text="Kill switch: nothing goes out by itself."),
                ),
                (
                    "assign_in_turn",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Give leads who are interested to the members who take leads, in turn.",
                    ),
                ),
                (
                    "notice_tags",
                    models.JSONField(
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="Tags of which the workspace's Slack is told, by name.",
                    ),
                ),
                (
                    "health_emails",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="A notice about a broken account goes to owners and admins by e-mail, too.",
                    ),
                ),
                (
                    "drill_of",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        help_text="Set for a fire drill's test workspace, which lives as long as the drill and has no members.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="drills",
                        to="inbox.workspace",
                    ),
                ),
            ],
            options={
                "ordering": ["name", "id"],
            },
        ),
        migrations.CreateModel(
            name="Campaign",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="campaigns",
                        to="inbox.workspace",
                    ),
                ),
                (
                    "provider",
                    models.CharField(
                        max_length=20, validators=[integrations.models.integration.known_provider]
                    ),
                ),
                ("external_id", models.CharField(max_length=200)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
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
            name="Lead",
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
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="leads",
                        to="inbox.workspace",
                    ),
                ),
                ("email", models.CharField(blank=True, default="", max_length=320)),
                ("phone", models.CharField(blank=True, default="", max_length=32)),
                ("linkedin_member_id", models.CharField(blank=True, default="", max_length=120)),
                ("linkedin_url", models.CharField(blank=True, default="", max_length=300)),
                ("emailbison_lead_id", models.CharField(blank=True, default="", max_length=64)),
                ("ghl_contact_id", models.CharField(blank=True, default="", max_length=64)),
                (
                    "alternate_emails",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=320), blank=True, default=list, size=None
                    ),
                ),
                (
                    "refused_channels",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=10),
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="Channels that the person ended while they named another.",
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
                        help_text="Where the facts above come from: source and time by column.",
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="leads",
                        to="inbox.campaign",
                    ),
                ),
                (
                    "assigned_to",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
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
                            ("opt_out", "Perhaps an opt-out"),
                            ("bounce", "Perhaps a failure report"),
                            ("out_of_office", "Perhaps an absence"),
                            ("auto_reply", "Perhaps an automatic reply"),
                        ],
                        db_default="",
                        default="",
                        help_text="What a reply may be that nobody has decided about yet (inbox.leads.suspicion).",
                        max_length=16,
                    ),
                ),
                (
                    "suspected_words",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The sentence that says so.",
                        max_length=300,
                    ),
                ),
                ("provider_interested", models.BooleanField(default=False)),
                (
                    "provider_said_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When a provider's people last said what the lead means.",
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
                        help_text="What a STOP says of its own time (Message.stamp).",
                        max_length=64,
                    ),
                ),
                ("opted_in_stamp", models.CharField(blank=True, db_default="", default="", max_length=64)),
                (
                    "opted_in_at",
                    models.DateTimeField(
                        blank=True, help_text="The last START, which takes older STOPs back.", null=True
                    ),
                ),
                ("bounced_at", models.DateTimeField(blank=True, null=True)),
                (
                    "booked_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the meeting that stands was booked; empty where none stands.",
                        null=True,
                    ),
                ),
                ("linkedin_connected_at", models.DateTimeField(blank=True, null=True)),
                ("snoozed_until", models.DateTimeField(blank=True, null=True)),
                (
                    "identity_conflict",
                    models.BooleanField(
                        default=False,
                        help_text="Events named this lead together with another one: a person should look.",
                    ),
                ),
                (
                    "score",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="0 stopped, 1 cold to 4 ready; empty: not scored.", null=True
                    ),
                ),
                ("score_reason", models.CharField(blank=True, db_default="", default="", max_length=200)),
                (
                    "repair_reason",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Why the provider does not know this lead, in words.",
                        max_length=200,
                    ),
                ),
                ("last_inbound_at", models.DateTimeField(blank=True, null=True)),
                ("last_outbound_at", models.DateTimeField(blank=True, null=True)),
                (
                    "answered_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="The last answer that was no campaign step, or a person's “done”.",
                        null=True,
                    ),
                ),
                ("last_message_at", models.DateTimeField(blank=True, null=True)),
                (
                    "last_channel",
                    models.CharField(
                        blank=True,
                        choices=[("email", "Email"), ("sms", "SMS"), ("linkedin", "LinkedIn")],
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
                        condition=models.Q(("awaiting_model", True)),
                        fields=["last_inbound_at"],
                        name="lead_awaits_model",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.search.SearchVector(
                            "first_name",
                            "last_name",
                            "company",
                            django.db.models.functions.text.Replace(
                                "email", models.Value("@"), models.Value(" ")
                            ),
                            config="simple",
                        ),
                        name="lead_words",
                    ),
                    models.Index(
                        models.F("workspace"),
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Reverse("phone"), name="text_pattern_ops"
                        ),
                        condition=models.Q(("phone", ""), _negated=True),
                        name="lead_phone_digits",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("alternate_emails", []), _negated=True),
                        fields=["alternate_emails"],
                        name="lead_alternate_emails",
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
            name="Appointment",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="appointments",
                        to="inbox.workspace",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="appointments",
                        to="inbox.lead",
                    ),
                ),
                (
                    "provider",
                    models.CharField(
                        max_length=20, validators=[integrations.models.integration.known_provider]
                    ),
                ),
                (
                    "external_id",
                    models.CharField(
                        help_text="Calendly's invitee URI, GHL's appointment id.", max_length=500
                    ),
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
                        help_text="When the calendar said it was so, where it says that: older news is stale.",
                        null=True,
                    ),
                ),
                (
                    "replaced",
                    models.BooleanField(default=False, help_text="A booking at another time took its place."),
                ),
                (
                    "replaces_id",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="The calendar's id of the booking before this one.",
                        max_length=500,
                    ),
                ),
                (
                    "handled_at",
                    models.DateTimeField(
                        blank=True, help_text="When a person dealt with the cancellation.", null=True
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
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
            name="BookingCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="inbox.workspace"
                    ),
                ),
                (
                    "lead",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="booking_check",
                        to="inbox.lead",
                    ),
                ),
                ("next_at", models.DateTimeField()),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("last_error", models.CharField(blank=True, default="", max_length=200)),
            ],
            options={
                "indexes": [models.Index(fields=["workspace", "next_at"], name="booking_check_by_time")],
            },
        ),
        migrations.CreateModel(
            name="ProviderWord",
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
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="inbox.workspace"
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="provider_words",
                        to="inbox.lead",
                    ),
                ),
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
            ],
            options={
                "indexes": [models.Index(fields=["lead", "said_at"], name="word_by_lead")],
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
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="policies",
                        to="inbox.workspace",
                    ),
                ),
                (
                    "campaign",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="policy",
                        to="inbox.campaign",
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("off", "Off"),
                            ("shadow", "Shadow: only record what would have gone out"),
                            ("auto", "Auto: send what passes every gate"),
                        ],
                        default="off",
                        max_length=6,
                    ),
                ),
                (
                    "confidence_threshold",
                    models.FloatField(
                        default=0.9,
                        validators=[
                            django.core.validators.MinValueValidator(0.5),
                            django.core.validators.MaxValueValidator(1.0),
                        ],
                    ),
                ),
                (
                    "min_delay_s",
                    models.PositiveIntegerField(
                        default=180, validators=[django.core.validators.MinValueValidator(30)]
                    ),
                ),
                (
                    "max_delay_s",
                    models.PositiveIntegerField(
                        default=420, validators=[django.core.validators.MaxValueValidator(3600)]
                    ),
                ),
                ("business_hours_only", models.BooleanField(default=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
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
            name="Enrichment",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="enrichments",
                        to="inbox.workspace",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="enrichments",
                        to="inbox.lead",
                    ),
                ),
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
                        default=0, help_text="How often the source answered with an error."
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [models.Index(fields=["workspace", "status"], name="enrichment_by_status")],
                "constraints": [
                    models.UniqueConstraint(fields=("lead", "kind"), name="enrichment_once_per_kind")
                ],
            },
        ),
        migrations.CreateModel(
            name="FollowUpSequence",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sequences",
                        to="inbox.workspace",
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                (
                    "enabled",
                    models.BooleanField(
                        default=True,
                        help_text="Off: its leads wait, and are counted as excluded on the follow-ups page.",
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
                        default=True, help_text="Send on weekdays within the workspace's opening hours only."
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["name", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("workspace", "name"), name="sequence_name_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="FollowUpStep",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=jobs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "sequence",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="inbox.followupsequence",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "offset_days",
                    models.PositiveSmallIntegerField(
                        default=0, validators=[django.core.validators.MaxValueValidator(365)]
                    ),
                ),
                (
                    "offset_minutes",
                    models.PositiveSmallIntegerField(
                        default=0, validators=[django.core.validators.MaxValueValidator(1440)]
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
            ],
            options={
                "ordering": ["position", "id"],
            },
        ),
        migrations.CreateModel(
            name="FollowUpInstance",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="followups",
                        to="inbox.workspace",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="followups", to="inbox.lead"
                    ),
                ),
                (
                    "sequence",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="instances",
                        to="inbox.followupsequence",
                    ),
                ),
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
                (
                    "next_step",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="inbox.followupstep",
                    ),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                (
                    "waits_for",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Why the step was put off, in words.",
                        max_length=200,
                    ),
                ),
                ("paused_for", models.CharField(blank=True, default="", max_length=40)),
                ("quiet_since", models.DateTimeField(help_text="Replies after this moment pause it.")),
                (
                    "started_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("started_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("finish_reason", models.CharField(blank=True, default="", max_length=200)),
            ],
            options={
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
            name="ChannelRefusal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="inbox.workspace"
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="refusals", to="inbox.lead"
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
                ("recheck_at", models.DateTimeField(help_text="When it may be tried again.")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("lead", "channel"), name="refusal_once_per_channel")
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="inbox.workspace",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
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
                        default="member",
                        max_length=8,
                    ),
                ),
                (
                    "takes_leads",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Gets leads in turn, where the workspace does so.",
                    ),
                ),
                ("last_assigned_at", models.DateTimeField(blank=True, null=True)),
                (
                    "slack_user_id",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Who this is in the workspace's Slack, once looked up.",
                        max_length=40,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("workspace", "user"), name="membership_once")
                ],
            },
        ),
        migrations.AddField(
            model_name="workspace",
            name="members",
            field=models.ManyToManyField(
                related_name="workspaces", through="inbox.Membership", to=settings.AUTH_USER_MODEL
            ),
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
                (
                    "workspace",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="audit_entries",
                        to="inbox.workspace",
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("action", models.CharField(max_length=64)),
                ("object_type", models.CharField(max_length=64)),
                ("object_id", models.CharField(max_length=64)),
                ("data", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name_plural": "audit entries",
                "ordering": ["-created_at", "-id"],
                "indexes": [
                    models.Index(fields=["workspace", "-created_at"], name="audit_by_workspace"),
                    models.Index(fields=["object_type", "object_id"], name="audit_by_object"),
                ],
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
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to="inbox.workspace",
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        help_text="In lower case, as an account's.",
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
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                ("mailed_at", models.DateTimeField(help_text="When its last mail was asked for.")),
                ("mails", models.PositiveSmallIntegerField(default=1)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
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
            name="Message",
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
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="inbox.workspace",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="inbox.lead",
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="inbox.campaign",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        help_text="The list that `external_id` belongs to.",
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
                        choices=[("email", "Email"), ("sms", "SMS"), ("linkedin", "LinkedIn")], max_length=10
                    ),
                ),
                ("subject", models.TextField(blank=True, default="")),
                (
                    "text",
                    models.TextField(blank=True, default="", help_text="The newest human text, cleaned."),
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
                        blank=True, default="", help_text="Our sender, by provider id.", max_length=120
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
                        help_text="A person wrote it on the provider's own pages, outside of any campaign.",
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
                    models.TextField(blank=True, default="", help_text="The words that decided it."),
                ),
                (
                    "suspected",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("opt_out", "Perhaps an opt-out"),
                            ("bounce", "Perhaps a failure report"),
                            ("out_of_office", "Perhaps an absence"),
                            ("auto_reply", "Perhaps an automatic reply"),
                        ],
                        db_default="",
                        default="",
                        help_text="What the rules took it for when it came, without being sure.",
                        max_length=16,
                    ),
                ),
                (
                    "suspected_words",
                    models.TextField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The sentence that made them suspect it.",
                    ),
                ),
                (
                    "suspicion_decided_by",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The model or the person that decided whether it is so; empty: it is open.",
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
                        help_text="The local time that a text without an id states itself (ISO, without a zone, where it can be read).",
                        max_length=64,
                    ),
                ),
                (
                    "stopped_again_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When this STOP came again without an id: it may have been a second one.",
                        null=True,
                    ),
                ),
                (
                    "id_reused",
                    models.BooleanField(
                        default=False, help_text="The provider used this id for another text before."
                    ),
                ),
                ("sent_at", models.DateTimeField(help_text="The provider's time.")),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "processed_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When its job was done: a pruned job is not a missing one.",
                        null=True,
                    ),
                ),
                ("part", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
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
                        django.db.models.functions.text.MD5(
                            django.db.models.functions.text.Trim(
                                django.db.models.functions.text.Lower(
                                    models.Func(
                                        django.db.models.functions.text.Left("text", 1000),
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
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.search.SearchVector(
                            django.db.models.functions.text.Left("subject", 1000),
                            django.db.models.functions.text.Left("text", 50000),
                            config="simple",
                        ),
                        name="message_words",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "source", "external_id"), name="message_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TagDecision",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tag_decisions",
                        to="inbox.workspace",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tag_decisions",
                        to="inbox.lead",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tag_decisions",
                        to="inbox.message",
                    ),
                ),
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
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "denied",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("opt_out", "Perhaps an opt-out"),
                            ("bounce", "Perhaps a failure report"),
                            ("out_of_office", "Perhaps an absence"),
                            ("auto_reply", "Perhaps an automatic reply"),
                        ],
                        db_default="",
                        default="",
                        help_text="What a person said that it is not. Then `tag` is what it was before, and nothing they said.",
                        max_length=16,
                    ),
                ),
                (
                    "alike_to",
                    models.UUIDField(
                        blank=True,
                        help_text="The reply in the same words about which the person decided, where it was not this one.",
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
                        blank=True, help_text="The day from which they want to hear from us.", null=True
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
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
            name="Draft",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="drafts",
                        to="inbox.workspace",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="drafts", to="inbox.lead"
                    ),
                ),
                (
                    "trigger_message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="drafts", to="inbox.message"
                    ),
                ),
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
                    models.TextField(help_text="As the model wrote it, to tell edited from unchanged."),
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
                        help_text="Facts as they were, slots, messages read, and the model's calls (inbox.replying.provenance).",
                    ),
                ),
                ("revision", models.PositiveSmallIntegerField(default=1)),
                (
                    "evaluation",
                    models.JSONField(
                        blank=True, db_default={}, default=dict, help_text="What the evaluating model said."
                    ),
                ),
                (
                    "gate_mode",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The policy when it was judged.",
                        max_length=6,
                    ),
                ),
                (
                    "would_send",
                    models.BooleanField(blank=True, help_text="Whether every gate passed.", null=True),
                ),
                (
                    "send_at",
                    models.DateTimeField(
                        blank=True, help_text="When it goes out by itself; empty: never.", null=True
                    ),
                ),
                ("slack_channel", models.CharField(blank=True, db_default="", default="", max_length=40)),
                (
                    "slack_ts",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Slack's id of the review card.",
                        max_length=40,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "pending")),
                        fields=["workspace", "-created_at"],
                        name="draft_pending",
                    ),
                    models.Index(fields=["lead", "-created_at"], name="draft_by_lead"),
                    models.Index(
                        condition=models.Q(("would_send__isnull", False)),
                        fields=["workspace", "-created_at"],
                        name="draft_judged",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("trigger_message", "channel"), name="draft_once_per_trigger"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="message",
            name="draft",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to="inbox.draft",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(
                condition=models.Q(("draft__isnull", False)),
                fields=("draft", "part"),
                name="message_per_draft",
            ),
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
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="inbox.workspace"
                    ),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="gate_results",
                        to="inbox.draft",
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
            ],
            options={
                "ordering": ["draft", "stage", "position"],
                "constraints": [
                    models.UniqueConstraint(fields=("draft", "stage", "gate"), name="gate_once_per_stage")
                ],
            },
        ),
        migrations.CreateModel(
            name="OutboundSend",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sends",
                        to="inbox.workspace",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="sends", to="inbox.lead"
                    ),
                ),
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
                    "draft",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="sends",
                        to="inbox.draft",
                    ),
                ),
                (
                    "reply_to",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="inbox.message",
                    ),
                ),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("intent", "Going out"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("unknown", "Not known whether it went out"),
                        ],
                        default="intent",
                        max_length=10,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True, default="", help_text="In words, without people's text.", max_length=300
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
                        help_text="Texts of the parts that follow: each is claimed when the one before is out.",
                    ),
                ),
                (
                    "provider",
                    models.CharField(
                        blank=True, db_default="", default="", help_text="Who carries it.", max_length=20
                    ),
                ),
                ("account_id", models.CharField(blank=True, default="", max_length=120)),
                ("provider_message_id", models.CharField(blank=True, default="", max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "called_at",
                    models.DateTimeField(
                        blank=True, help_text="Committed just before the provider is called.", null=True
                    ),
                ),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "tries",
                    models.PositiveSmallIntegerField(
                        db_default=0, default=0, help_text="How often a person sent it again."
                    ),
                ),
                (
                    "looked_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the provider was last asked whether it went out.",
                        null=True,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["unknown", "failed"])),
                        fields=["workspace", "-created_at"],
                        name="send_uncertain",
                    ),
                    models.Index(fields=["lead", "-created_at"], name="send_by_lead"),
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
                (
                    "id",
                    models.UUIDField(
                        default=jobs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="followup_tasks",
                        to="inbox.workspace",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="followup_tasks",
                        to="inbox.lead",
                    ),
                ),
                (
                    "instance",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tasks",
                        to="inbox.followupinstance",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tasks",
                        to="inbox.followupstep",
                    ),
                ),
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
                            ("approval", "Waits for approval"),
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
                    models.CharField(
                        blank=True, default="", help_text="In words, for people.", max_length=200
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=1)),
                ("subject", models.CharField(blank=True, default="", max_length=300)),
                ("text", models.TextField(blank=True, default="")),
                (
                    "offered",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="The meeting times in the text: ISO time and words.",
                    ),
                ),
                (
                    "send",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="followup_task",
                        to="inbox.outboundsend",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                (
                    "response_message",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="inbox.message",
                    ),
                ),
                ("responded_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
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
            name="ModelOutage",
            fields=[
                ("provider", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
                ("tried_at", models.DateTimeField(help_text="The last call that came to nothing.")),
                (
                    "why",
                    models.CharField(
                        help_text="A sentence for people, without keys or people's text.", max_length=300
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WorkspaceFact",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="workspace_facts",
                        to="inbox.workspace",
                    ),
                ),
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
                        db_default=0, default=0, help_text="Order within its kind, lowest first."
                    ),
                ),
                (
                    "updated_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now()),
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
                        condition=django.db.models.lookups.LessThanOrEqual(
                            django.db.models.functions.text.Length("answer"), 2000
                        ),
                        name="fact_answer_fits",
                    ),
                ],
            },
        ),
    ]
