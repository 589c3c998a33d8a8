"""The tables of background work. Leases, due times and ages use only the database's clock."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Now

from jobs import lanes
from jobs.columns import Row, check, index, unique

NO_WORKSPACE = "00000000-0000-0000-0000-000000000000"


class BackgroundJob(Row):
    """A unit of work that must happen once. `payload` holds only ids, because pages show it. `attempts` counts the
    starts since the job was last queued by hand; JobAttempt keeps all of them.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    LIVE = (Status.QUEUED, Status.RUNNING)
    FINAL = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)

    kind = models.CharField(max_length=80)
    workspace = models.ForeignKey(
        "inbox.Workspace", on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )  # an index below begins with this column
    payload = models.JSONField(default=dict, blank=True)
    dedupe_key = models.CharField(max_length=255)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.QUEUED)
    lane = models.CharField(max_length=8, choices=lanes.CHOICES, default=lanes.REPLY, db_default=lanes.REPLY)
    priority = models.SmallIntegerField(default=100, help_text="Order within its lane. Lower runs first.")
    run_at = models.DateTimeField(db_default=Now())
    first_run_at = models.DateTimeField(db_default=Now(), help_text="Start of the age limit.")
    attempts = models.PositiveSmallIntegerField(default=0)
    snoozes = models.PositiveIntegerField(default=0)
    worker_deaths = models.PositiveSmallIntegerField(
        default=0, help_text="How many times the job killed its worker."
    )
    losses = models.PositiveSmallIntegerField(default=0, help_text="How many times the job lost its worker.")

    # The worker's claim. A running job without started_at is claimed, and waits for its turn in the worker.
    lease_token = models.UUIDField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    worker_id = models.UUIDField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)

    progress_done = models.PositiveIntegerField(null=True, blank=True)
    progress_total = models.PositiveIntegerField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)
    last_error_class = models.CharField(max_length=200, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    fingerprint = models.CharField(max_length=16, blank=True, help_text="Identifies the error's cause.")
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    # The workspace, or zeros for the platform's own work. It is never NULL, so that a claim can step through an index.
    tenant = models.GeneratedField(
        expression=Coalesce(F("workspace_id"), Value(NO_WORKSPACE, output_field=models.UUIDField())),
        output_field=models.UUIDField(),
        db_persist=True,
    )

    class Meta:
        # Permissions for staff actions in the admin. No one edits a row.
        permissions = [
            ("retry_backgroundjob", "Can run jobs again"),
            ("move_backgroundjob", "Can move jobs to another time"),
            ("cancel_backgroundjob", "Can cancel jobs"),
            ("discard_backgroundjob", "Can discard jobs"),
        ]
        constraints = [
            unique("jobs_job_dedupe", "tenant", "dedupe_key"),
            check(
                "jobs_job_running_has_lease",
                Q(status="running", lease_token__isnull=False, lease_expires_at__isnull=False)
                | ~Q(status="running"),
            ),
            check(
                "jobs_job_finished_when_final",
                Q(status__in=["queued", "running"], finished_at__isnull=True)
                | Q(status__in=["succeeded", "failed", "cancelled"], finished_at__isnull=False),
            ),
        ]
        indexes = [
            index("jobs_job_in_lane", "lane", "priority", "tenant", "run_at", "id", where=Q(status="queued")),
            index("jobs_job_due", "run_at", where=Q(status="queued")),
            index("jobs_job_running", "worker_id", where=Q(status="running")),
            index("jobs_job_finished", "finished_at", where=Q(finished_at__isnull=False)),
            index(
                "jobs_job_tenant_finished",
                "tenant",
                "status",
                "finished_at",
                where=Q(finished_at__isnull=False),
            ),
            index("jobs_job_workspace", "workspace", "-created_at"),
            index("jobs_job_failed", "fingerprint", "workspace", where=Q(status="failed")),
            # For the latest failures of all workspaces, which the admin groups by cause.
            index("jobs_job_failures", "-finished_at", where=Q(status="failed")),
            # For the last replays of deliveries (inbox.webhooks.replay.JOB), which are few among all jobs.
            index("jobs_job_replays", "-created_at", where=Q(kind="deliveries.replay")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


JOB_COLUMNS = tuple(field.attname for field in BackgroundJob._meta.concrete_fields)


def job_from_row(columns: Sequence[str], row: Sequence[Any]) -> BackgroundJob:
    """Returns the BackgroundJob of a plain cursor's row. Fields missing from `columns` are loaded on first use."""
    values = [
        json.loads(cell) if name in ("payload", "result") and cell is not None else cell
        for name, cell in zip(columns, row, strict=True)
    ]
    return BackgroundJob.from_db("default", columns, values)


class JobStep(models.Model):
    """A recorded part of a job (done or skipped), which a later attempt does not repeat."""

    class Status(models.TextChoices):
        STARTED = "started", "Started"
        DONE = "done", "Done"
        SKIPPED = "skipped", "Skipped"

    class Effect(models.TextChoices):
        READ = "read", "Read"
        IDEMPOTENT = "idempotent", "Idempotent"
        SEND = "send", "Send"

    job = models.ForeignKey(BackgroundJob, on_delete=models.CASCADE, related_name="steps")
    name = models.CharField(max_length=80)
    effect = models.CharField(max_length=12, choices=Effect.choices, default=Effect.READ)
    status = models.CharField(max_length=8, choices=Status.choices)
    result = models.JSONField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [unique("jobs_step_once", "job", "name")]

    def __str__(self) -> str:
        return f"{self.name} ({self.status})"


class JobAttempt(models.Model):
    """One start of a job and its outcome. The statement that updates the job also writes this row."""

    class Outcome(models.TextChoices):
        SUCCEEDED = "succeeded", "Succeeded"
        RETRIED = "retried", "Failed, to be retried"
        FAILED = "failed", "Failed for good"
        SNOOZED = "snoozed", "Snoozed"
        MOVED = "moved", "Continues in another lane"
        CANCELLED = "cancelled", "Cancelled"
        HANDED_BACK = "handed_back", "Handed back at shutdown"
        LOST = "lost", "Lost with its worker"
        KILLED_WORKER = "killed_worker", "Killed its worker"

    job = models.ForeignKey(BackgroundJob, on_delete=models.CASCADE, related_name="attempt_rows")
    number = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    worker = models.CharField(max_length=120, blank=True)
    error_class = models.CharField(max_length=200, blank=True)
    error = models.CharField(max_length=500, blank=True)
    traceback = models.TextField(blank=True, help_text="Only places, without values or source lines.")

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.outcome}"


class JobAction(models.Model):
    class Action(models.TextChoices):
        RETRY = "retry", "Retried"
        RUN_AT = "run_at", "Moved"
        LANE = "lane", "Moved to another lane"
        CANCEL = "cancel", "Cancelled"
        DISCARD = "discard", "Discarded"

    job = models.ForeignKey(BackgroundJob, on_delete=models.CASCADE, related_name="actions")
    action = models.CharField(max_length=8, choices=Action.choices)
    actor = models.CharField(max_length=254)
    detail = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.action} by {self.actor}"


class Worker(Row):
    cluster = models.UUIDField()
    host = models.CharField(max_length=80)
    pid = models.PositiveIntegerField()
    places = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="How many jobs the worker runs at once."
    )
    started_at = models.DateTimeField(db_default=Now())
    heartbeat_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes = [index("jobs_worker_heartbeat", "heartbeat_at")]

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"


class WorkspaceLimit(models.Model):
    """The most jobs of a workspace that may run at once. Without a row, a workspace may use seven of eight places."""

    workspace = models.OneToOneField(
        "inbox.Workspace", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    max_workers = models.PositiveSmallIntegerField(help_text="0 pauses the workspace's jobs.")

    def __str__(self) -> str:
        return f"{self.workspace}: {self.max_workers}"


class Tick(models.Model):
    """The last runs of a tick, and the lease that prevents two runs at once."""

    name = models.CharField(max_length=80, primary_key=True)
    slot = models.BigIntegerField(default=0, help_text="The last period that ran.")
    lease_token = models.UUIDField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    error_class = models.CharField(max_length=200, blank=True)
    error = models.CharField(max_length=500, blank=True)
    overruns = models.PositiveIntegerField(default=0)
    recent = models.JSONField(
        default=list, db_default=[], blank=True, help_text="The last runs, newest first (jobs.ticks.RECENT)."
    )
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name
