from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The index is built without blocking writers.

    If that failed before, an unused index is left, so it is dropped first.
    """

    atomic = False  # CREATE INDEX CONCURRENTLY cannot run in a transaction
    dependencies = [("integrations", "0010_calls_of_a_job")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS aicall_by_job", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "aicall",
            models.Index(
                condition=models.Q(("job_id__isnull", False)), fields=["job_id"], name="aicall_by_job"
            ),
        ),
    ]
