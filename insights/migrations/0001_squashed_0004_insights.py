"""The tables of the insights, as release 0.2.0 left them."""

from django.conf import settings
from django.db import migrations, models

from jobs.ids import uuid7

REPLACED = """
0001_initial 0001_squashed_0004_tables 0002_known_states_of_packs 0003_known_states_of_pack_threads
0004_known_states_of_questions
"""


class Migration(migrations.Migration):
    replaces = [("insights", name) for name in REPLACED.split()]
    initial = True

    dependencies = [("inbox", "0002_squashed_0104_tables")]

    operations = [
        migrations.CreateModel(
            name="ContextPack",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("question", models.CharField(max_length=500)),
                (
                    "window",
                    models.CharField(
                        choices=[
                            ("H24", "Last 24 hours"),
                            ("D7", "Last 7 days"),
                            ("D30", "Last 30 days"),
                            ("CUSTOM", "From … to …"),
                        ],
                        max_length=6,
                    ),
                ),
                ("window_from", models.DateTimeField()),
                ("window_to", models.DateTimeField()),
                (
                    "scope_key",
                    models.CharField(help_text="Hash of question, window and campaigns.", max_length=64),
                ),
                (
                    "keep_fresh",
                    models.BooleanField(default=False, help_text="Rebuild automatically when stale."),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("PENDING", "Waiting"),
                            ("RUNNING", "Building"),
                            ("COMPLETE", "Complete"),
                            ("FAILED", "Failed"),
                        ],
                        default="PENDING",
                        max_length=8,
                    ),
                ),
                ("selected_at", models.DateTimeField(blank=True, null=True)),
                ("target_threads", models.PositiveIntegerField(default=0)),
                (
                    "early_answer",
                    models.JSONField(
                        blank=True, help_text="Like `synthesis`, but from the first conversations.", null=True
                    ),
                ),
                ("early_threads", models.PositiveIntegerField(default=0)),
                (
                    "synthesis",
                    models.JSONField(blank=True, help_text="insights.readings.stored()", null=True),
                ),
                (
                    "metrics",
                    models.JSONField(default=dict, help_text="Counts of the conversations read, by outcome."),
                ),
                ("model", models.CharField(blank=True, default="", max_length=60)),
                ("prompt_version", models.CharField(blank=True, default="", max_length=40)),
                (
                    "cost_microusd",
                    models.PositiveBigIntegerField(default=0, help_text="Millionths of a dollar."),
                ),
                ("synthesis_attempts", models.PositiveSmallIntegerField(default=0)),
                (
                    "error",
                    models.CharField(
                        blank=True, default="", help_text="Why it failed, as a sentence.", max_length=300
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "campaigns",
                    models.ManyToManyField(
                        blank=True, help_text="None: the whole workspace.", to="inbox.campaign"
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "previous",
                    models.ForeignKey(
                        blank=True,
                        help_text="The last complete build of this scope before this one.",
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="+",
                        to="insights.contextpack",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="packs", to="inbox.workspace"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["workspace", "-created_at"], name="pack_by_workspace"),
                    models.Index(fields=["workspace", "scope_key", "-id"], name="pack_by_scope"),
                    models.Index(
                        condition=models.Q(("status__in", ["PENDING", "RUNNING"])),
                        fields=["created_at"],
                        name="pack_under_way",
                    ),
                    models.Index(
                        condition=models.Q(("keep_fresh", True)),
                        fields=["finished_at"],
                        name="pack_kept_fresh",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["PENDING", "RUNNING"])),
                        fields=("workspace", "scope_key"),
                        name="pack_one_build_at_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["PENDING", "RUNNING", "COMPLETE", "FAILED"])),
                        name="pack_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("window__in", ["H24", "D7", "D30", "CUSTOM"])),
                        name="pack_window_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ConversationInsight",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("BOOKED", "Booked"),
                            ("REQUESTED", "Meeting requested"),
                            ("STALLED", "Stalled"),
                            ("NO_RESPONSE", "No response"),
                            ("UNKNOWN", "Not clear"),
                        ],
                        default="UNKNOWN",
                        max_length=12,
                    ),
                ),
                (
                    "data",
                    models.JSONField(
                        default=dict, help_text="The extracted insight (insights.schema.Insight)."
                    ),
                ),
                ("schema_version", models.CharField(blank=True, default="", max_length=40)),
                ("prompt_version", models.CharField(blank=True, default="", max_length=40)),
                ("content_hash", models.CharField(blank=True, default="", max_length=64)),
                (
                    "source",
                    models.CharField(
                        choices=[("chat_pack", "Context pack"), ("booked_cron", "Booked summary")],
                        default="chat_pack",
                        max_length=12,
                    ),
                ),
                (
                    "cost_microusd",
                    models.PositiveBigIntegerField(
                        default=0, help_text="Cost of this reading, in millionths of a dollar."
                    ),
                ),
                (
                    "read_at",
                    models.DateTimeField(blank=True, help_text="Empty: never read completely.", null=True),
                ),
                ("claim_token", models.UUIDField(blank=True, null=True)),
                ("claim_expires_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "lead",
                    models.OneToOneField(on_delete=models.CASCADE, related_name="insight", to="inbox.lead"),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="insights", to="inbox.workspace"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["workspace", "-read_at"], name="insight_by_workspace")]
            },
        ),
        migrations.CreateModel(
            name="PackQuestion",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "client_token",
                    models.UUIDField(
                        help_text="Set by the form, so a repeated submit asks once.", unique=True
                    ),
                ),
                ("text", models.CharField(max_length=500)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Being answered"),
                            ("answered", "Answered"),
                            ("failed", "Not answered"),
                        ],
                        default="pending",
                        max_length=8,
                    ),
                ),
                ("answer", models.JSONField(blank=True, null=True)),
                ("model", models.CharField(blank=True, default="", max_length=60)),
                ("prompt_version", models.CharField(blank=True, default="", max_length=40)),
                ("cost_microusd", models.PositiveBigIntegerField(default=0)),
                ("error", models.CharField(blank=True, default="", max_length=300)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "pack",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="questions", to="insights.contextpack"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="inbox.workspace"),
                ),
            ],
            options={
                "ordering": ["created_at", "id"],
                "indexes": [
                    models.Index(fields=["workspace", "-created_at"], name="question_by_workspace"),
                    models.Index(
                        condition=models.Q(("status", "pending")),
                        fields=["created_at"],
                        name="question_pending",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "answered", "failed"])),
                        name="question_status_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PackThread",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("positive", "Booked or requested"),
                            ("score", "High score"),
                            ("objection", "Objection"),
                            ("stalled", "Went silent"),
                            ("negative", "Declined"),
                        ],
                        max_length=10,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "status",
                    models.CharField(
                        choices=[("pending", "To be read"), ("done", "Read"), ("failed", "Failed")],
                        default="pending",
                        max_length=8,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("BOOKED", "Booked"),
                            ("REQUESTED", "Meeting requested"),
                            ("STALLED", "Stalled"),
                            ("NO_RESPONSE", "No response"),
                            ("UNKNOWN", "Not clear"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                (
                    "paid",
                    models.BooleanField(default=False, help_text="Whether this pack paid for the reading."),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("error", models.CharField(blank=True, default="", max_length=200)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "insight",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.SET_NULL, to="insights.conversationinsight"
                    ),
                ),
                ("lead", models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="inbox.lead")),
                (
                    "pack",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="threads", to="insights.contextpack"
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "indexes": [
                    models.Index(fields=["pack", "status", "position"], name="pack_threads_by_status")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("pack", "lead"), name="pack_thread_once"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "done", "failed"])),
                        name="pack_thread_status_known",
                    ),
                ],
            },
        ),
    ]
