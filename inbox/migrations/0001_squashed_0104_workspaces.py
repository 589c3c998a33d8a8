"""People, workspaces and who belongs to which, as release 0.2.0 left them. The other apps' tables refer to these.

A database that has some of the replaced migrations and not all is refused before Django plans (jobs/schema_version.py). So the
first and the last of 0.2.0 are named here, and all between them in 0002: a database of before never has both.
"""

import datetime

from django.conf import settings
from django.core import validators
from django.db import migrations, models
from django.utils import timezone

import inbox.models.timezones
import inbox.models.workspace
from integrations.fields import EncryptedJSONField
from jobs.ids import uuid7


class Migration(migrations.Migration):
    replaces = [("inbox", "0001_initial"), ("inbox", "0104_leads_that_are_suspected")]
    initial = True

    dependencies = [("auth", "0012_alter_user_first_name_max_length")]

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
                ("date_joined", models.DateTimeField(default=timezone.now, verbose_name="date joined")),
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
                (
                    "density",
                    models.CharField(
                        blank=True,
                        choices=[("", "Comfortable"), ("compact", "Compact")],
                        db_default="",
                        default="",
                        help_text="The spacing of lists and conversations.",
                        max_length=8,
                    ),
                ),
                ("single_key_shortcuts", models.BooleanField(default=True)),
                (
                    "address_proven_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the password was last set by an operator or through a link emailed to the address. Empty: someone else may know the password.",
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
            options={"verbose_name": "user", "verbose_name_plural": "users", "abstract": False},
            managers=[("objects", inbox.models.workspace.UserManager())],
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
                        help_text="Gets leads if the workspace assigns them in rotation.",
                    ),
                ),
                ("last_assigned_at", models.DateTimeField(blank=True, null=True)),
                (
                    "away_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="Gets no leads in rotation until then.",
                        null=True,
                    ),
                ),
                (
                    "tell_about",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Nothing"),
                            ("mine", "My conversations"),
                            ("all", "My and unassigned conversations"),
                        ],
                        db_default="mine",
                        default="mine",
                        help_text="The conversations this member is notified about, in the browser and by email.",
                        max_length=4,
                    ),
                ),
                (
                    "mail_after_min",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Minutes of absence before notices go out by email. Empty: no email.",
                        null=True,
                    ),
                ),
                (
                    "slack_user_id",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The person's user ID in the workspace's Slack, once looked up.",
                        max_length=40,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="memberships", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Workspace",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
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
                        help_text="The country assumed for phone numbers without a country code.",
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
                        help_text="How long raw webhook bodies are kept. 0: until the next hourly run.",
                        validators=[validators.MaxValueValidator(30)],
                    ),
                ),
                (
                    "keep_messages_days",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="How long messages are kept, with their drafts and sends. Empty: forever.",
                        null=True,
                        validators=[validators.MinValueValidator(30), validators.MaxValueValidator(3650)],
                    ),
                ),
                (
                    "keep_model_calls_days",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        db_default=90,
                        default=90,
                        help_text="How long records of model calls are kept. They contain no text. Empty: forever.",
                        null=True,
                        validators=[validators.MinValueValidator(1), validators.MaxValueValidator(3650)],
                    ),
                ),
                ("opens_at", models.TimeField(default=datetime.time(9, 0))),
                ("closes_at", models.TimeField(default=datetime.time(17, 0))),
                (
                    "daily_send_cap",
                    models.PositiveSmallIntegerField(
                        default=30,
                        validators=[validators.MinValueValidator(0), validators.MaxValueValidator(1000)],
                    ),
                ),
                (
                    "undo_send_s",
                    models.PositiveSmallIntegerField(
                        db_default=10,
                        default=10,
                        help_text="How many seconds a message can be taken back. 0: messages go out at once.",
                        validators=[validators.MaxValueValidator(60)],
                    ),
                ),
                (
                    "sends_paused",
                    models.BooleanField(
                        default=False, help_text="Kill switch: nothing goes out automatically."
                    ),
                ),
                (
                    "assign_in_turn",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Assign interested leads in rotation to the members who get leads.",
                    ),
                ),
                (
                    "notice_tags",
                    models.JSONField(
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="The tags whose replies are posted in Slack, by name.",
                    ),
                ),
                (
                    "health_emails",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Owners and admins also get notices about broken accounts by email.",
                    ),
                ),
                (
                    "set_up_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the first steps were finished or hidden. Empty: still shown.",
                        null=True,
                    ),
                ),
                (
                    "erasure_key",
                    EncryptedJSONField(
                        blank=True,
                        help_text="The key used to hash the data of erased people (ErasedMark).",
                        null=True,
                    ),
                ),
                (
                    "drill_of",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        help_text="Set for the test workspace of a fire drill. It has no members and is deleted after the drill.",
                        null=True,
                        on_delete=models.CASCADE,
                        related_name="drills",
                        to="inbox.workspace",
                    ),
                ),
                (
                    "members",
                    models.ManyToManyField(
                        related_name="workspaces", through="inbox.Membership", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["name", "id"],
                "permissions": [("see_all_workspaces", "Can see the rows of all workspaces in the admin")],
            },
        ),
        migrations.AddField(
            model_name="membership",
            name="workspace",
            field=models.ForeignKey(
                on_delete=models.CASCADE, related_name="memberships", to="inbox.workspace"
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(fields=("workspace", "user"), name="membership_once"),
        ),
    ]
