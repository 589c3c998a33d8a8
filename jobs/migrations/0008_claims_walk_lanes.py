"""Adds the index that a claim walks. The old index stays for claims of the previous release."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY cannot run in a transaction

    dependencies = [
        ("jobs", "0007_jobs_have_lanes"),
    ]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS jobs_job_in_lane", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "backgroundjob",
            models.Index(
                fields=["lane", "priority", "tenant", "run_at", "id"],
                condition=models.Q(status="queued"),
                name="jobs_job_in_lane",
            ),
        ),
    ]
