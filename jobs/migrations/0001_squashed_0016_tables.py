"""The tables and functions of background jobs, as release 0.2.0 left them, and indexes for django-q2's tables."""

from django.db import migrations, models
from django.db.models import functions
from django.db.models.functions import Now

from jobs.ids import uuid7
from jobs.schema_version import run_file

REPLACED = """
0001_initial 0001_squashed_0009_tables 0002_django_q_indexes 0003_index_finished_jobs_by_workspace
0004_actions_have_permissions 0005_settle_keeps_its_plan 0006_settle_takes_a_moment
0007_jobs_have_lanes 0008_claims_walk_lanes 0009_workers_have_places
0010_attempts_may_end_in_another_lane 0010_functions 0011_failures_by_time
0012_ticks_keep_their_last_runs 0013_people_move_jobs_between_lanes 0014_claims_keep_their_plan
0015_claims_of_one_index 0016_the_queue_is_counted_after_a_burst
"""


class Migration(migrations.Migration):
    replaces = [("jobs", name) for name in REPLACED.split()]
    initial = True

    dependencies = [
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
        ("inbox", "0001_squashed_0104_workspaces"),
    ]

    operations = [
        migrations.CreateModel(
            name="Tick",
            fields=[
                ("name", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("slot", models.BigIntegerField(default=0, help_text="The last period that ran.")),
                ("lease_token", models.UUIDField(blank=True, null=True)),
                ("lease_expires_at", models.DateTimeField(blank=True, null=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("duration_ms", models.PositiveIntegerField(blank=True, null=True)),
                ("counts", models.JSONField(blank=True, default=dict)),
                ("error_class", models.CharField(blank=True, max_length=200)),
                ("error", models.CharField(blank=True, max_length=500)),
                ("overruns", models.PositiveIntegerField(default=0)),
                (
                    "recent",
                    models.JSONField(
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="The last runs, newest first (jobs.ticks.RECENT).",
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=Now())),
            ],
        ),
        migrations.CreateModel(
            name="WorkspaceLimit",
            fields=[
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=models.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="inbox.workspace",
                    ),
                ),
                ("max_workers", models.PositiveSmallIntegerField(help_text="0 pauses the workspace's jobs.")),
            ],
        ),
        migrations.CreateModel(
            name="BackgroundJob",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=80)),
                ("payload", models.JSONField(blank=True, default=dict)),
                ("dedupe_key", models.CharField(max_length=255)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=12,
                    ),
                ),
                (
                    "lane",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("stop", "Stop"),
                            ("proof", "Proof"),
                            ("person", "Person"),
                            ("reply", "Reply"),
                            ("draft", "Draft"),
                            ("steps", "Steps"),
                            ("bulk", "Bulk"),
                        ],
                        db_default="",
                        default="",
                        max_length=8,
                    ),
                ),
                (
                    "priority",
                    models.SmallIntegerField(
                        default=100, help_text="Order within its lane. Lower runs first."
                    ),
                ),
                ("run_at", models.DateTimeField(db_default=Now())),
                ("first_run_at", models.DateTimeField(db_default=Now(), help_text="Start of the age limit.")),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("snoozes", models.PositiveIntegerField(default=0)),
                (
                    "worker_deaths",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How many times the job killed its worker."
                    ),
                ),
                (
                    "losses",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How many times the job lost its worker."
                    ),
                ),
                ("lease_token", models.UUIDField(blank=True, null=True)),
                ("lease_expires_at", models.DateTimeField(blank=True, null=True)),
                ("worker_id", models.UUIDField(blank=True, null=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("cancel_requested_at", models.DateTimeField(blank=True, null=True)),
                ("progress_done", models.PositiveIntegerField(blank=True, null=True)),
                ("progress_total", models.PositiveIntegerField(blank=True, null=True)),
                ("result", models.JSONField(blank=True, null=True)),
                ("last_error_class", models.CharField(blank=True, max_length=200)),
                ("last_error", models.CharField(blank=True, max_length=500)),
                (
                    "fingerprint",
                    models.CharField(blank=True, help_text="Identifies the error's cause.", max_length=16),
                ),
                ("created_at", models.DateTimeField(db_default=Now())),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "tenant",
                    models.GeneratedField(
                        db_persist=True,
                        expression=functions.Coalesce(
                            models.F("workspace_id"),
                            models.Value(
                                "00000000-0000-0000-0000-000000000000", output_field=models.UUIDField()
                            ),
                        ),
                        output_field=models.UUIDField(),
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=models.CASCADE,
                        related_name="+",
                        to="inbox.workspace",
                    ),
                ),
            ],
            options={
                "permissions": [
                    ("retry_backgroundjob", "Can run jobs again"),
                    ("move_backgroundjob", "Can move jobs to another time"),
                    ("cancel_backgroundjob", "Can cancel jobs"),
                    ("discard_backgroundjob", "Can discard jobs"),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "queued")),
                        fields=["lane", "priority", "tenant", "run_at", "id"],
                        name="jobs_job_in_lane",
                    ),
                    models.Index(
                        condition=models.Q(("status", "queued")), fields=["run_at"], name="jobs_job_due"
                    ),
                    models.Index(
                        condition=models.Q(("status", "running")),
                        fields=["worker_id"],
                        name="jobs_job_running",
                    ),
                    models.Index(
                        condition=models.Q(("finished_at__isnull", False)),
                        fields=["finished_at"],
                        name="jobs_job_finished",
                    ),
                    models.Index(
                        condition=models.Q(("finished_at__isnull", False)),
                        fields=["tenant", "status", "finished_at"],
                        name="jobs_job_tenant_finished",
                    ),
                    models.Index(fields=["workspace", "-created_at"], name="jobs_job_workspace"),
                    models.Index(
                        condition=models.Q(("status", "failed")),
                        fields=["fingerprint", "workspace"],
                        name="jobs_job_failed",
                    ),
                    models.Index(
                        condition=models.Q(("status", "failed")),
                        fields=["-finished_at"],
                        name="jobs_job_failures",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "dedupe_key"), name="jobs_job_dedupe"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("lease_expires_at__isnull", False),
                                ("lease_token__isnull", False),
                                ("status", "running"),
                            ),
                            models.Q(("status", "running"), _negated=True),
                            _connector="OR",
                        ),
                        name="jobs_job_running_has_lease",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finished_at__isnull", True), ("status__in", ["queued", "running"])),
                            models.Q(
                                ("finished_at__isnull", False),
                                ("status__in", ["succeeded", "failed", "cancelled"]),
                            ),
                            _connector="OR",
                        ),
                        name="jobs_job_finished_when_final",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="JobAction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("retry", "Retried"),
                            ("run_at", "Moved"),
                            ("lane", "Moved to another lane"),
                            ("cancel", "Cancelled"),
                            ("discard", "Discarded"),
                        ],
                        max_length=8,
                    ),
                ),
                ("actor", models.CharField(max_length=254)),
                ("detail", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField(db_default=Now())),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="actions", to="jobs.backgroundjob"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="JobAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("succeeded", "Succeeded"),
                            ("retried", "Failed, to be retried"),
                            ("failed", "Failed for good"),
                            ("snoozed", "Snoozed"),
                            ("moved", "Continues in another lane"),
                            ("cancelled", "Cancelled"),
                            ("handed_back", "Handed back at shutdown"),
                            ("lost", "Lost with its worker"),
                            ("killed_worker", "Killed its worker"),
                        ],
                        max_length=16,
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField()),
                ("duration_ms", models.PositiveIntegerField()),
                ("worker", models.CharField(blank=True, max_length=120)),
                ("error_class", models.CharField(blank=True, max_length=200)),
                ("error", models.CharField(blank=True, max_length=500)),
                (
                    "traceback",
                    models.TextField(blank=True, help_text="Only places, without values or source lines."),
                ),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="attempt_rows", to="jobs.backgroundjob"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="JobStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                (
                    "effect",
                    models.CharField(
                        choices=[("read", "Read"), ("idempotent", "Idempotent"), ("send", "Send")],
                        default="read",
                        max_length=12,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("started", "Started"), ("done", "Done"), ("skipped", "Skipped")],
                        max_length=8,
                    ),
                ),
                ("result", models.JSONField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="steps", to="jobs.backgroundjob"
                    ),
                ),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("job", "name"), name="jobs_step_once")]},
        ),
        migrations.CreateModel(
            name="Worker",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("cluster", models.UUIDField()),
                ("host", models.CharField(max_length=80)),
                ("pid", models.PositiveIntegerField()),
                (
                    "places",
                    models.PositiveSmallIntegerField(
                        db_default=1, default=1, help_text="How many jobs the worker runs at once."
                    ),
                ),
                ("started_at", models.DateTimeField(db_default=Now())),
                ("heartbeat_at", models.DateTimeField(db_default=Now())),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("end_reason", models.CharField(blank=True, max_length=40)),
            ],
            options={"indexes": [models.Index(fields=["heartbeat_at"], name="jobs_worker_heartbeat")]},
        ),
        # django-q2's queue has an index on the key alone, so each poll would read the whole backlog.
        migrations.RunSQL(
            "CREATE INDEX jobs_django_q_ormq ON django_q_ormq (key, lock)", "DROP INDEX jobs_django_q_ormq"
        ),
        # For deleting old results by age (jobs.retention).
        migrations.RunSQL(
            "CREATE INDEX jobs_django_q_task ON django_q_task (stopped)", "DROP INDEX jobs_django_q_task"
        ),
        # By default autovacuum counts again after a tenth of all jobs that are kept. With counts from before a burst, the
        # planner takes the queue for short, and reads all of it for each workspace.
        migrations.RunSQL(
            "ALTER TABLE jobs_backgroundjob SET"
            " (autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000)",
            migrations.RunSQL.noop,
        ),
        run_file("jobs/sql/start.sql", "569cbcdccb9e"),
        run_file("jobs/sql/settle.sql", "7bf8dab0818b"),
    ]
