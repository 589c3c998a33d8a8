from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Built beside traffic. A build that failed leaves an index that is not used, so it is dropped before the next."""

    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions
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
