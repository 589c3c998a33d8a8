"""The latest failed jobs of all workspaces, which the admin groups by cause.

The index is built beside traffic. A build that failed leaves an index that is not used, so it is dropped first.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("jobs", "0010_attempts_may_end_in_another_lane")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS jobs_job_failures", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "backgroundjob",
            models.Index(
                condition=models.Q(("status", "failed")), fields=["-finished_at"], name="jobs_job_failures"
            ),
        ),
    ]
