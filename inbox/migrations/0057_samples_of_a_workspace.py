"""Finds the samples of a workspace among its leads, and has them counted out of the insights.

The index is built beside traffic. A build that failed leaves an index that is not used, so it is dropped first.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("inbox", "0056_leads_that_are_samples")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS lead_sample", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "lead",
            models.Index(condition=models.Q(("sample", True)), fields=["workspace"], name="lead_sample"),
        ),
    ]
