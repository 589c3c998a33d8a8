"""An index from which Insights reads the drafts that people decided, without the workspace's others."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

DECIDED = models.Q(decided_by__isnull=False)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0128_promises_of_a_day")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS draft_reviewed", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "draft",
            models.Index(fields=["workspace", "decided_at"], condition=DECIDED, name="draft_reviewed"),
        ),
    ]
