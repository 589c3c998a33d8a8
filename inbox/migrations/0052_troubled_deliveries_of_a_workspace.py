"""Deliveries of one workspace that were refused or failed, for the search, whatever another workspace has of them.

The index is built beside traffic. A build that failed leaves an index that is not used, so it is dropped first.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("inbox", "0051_sends_by_the_providers_id")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS delivery_troubled_here", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "webhookdelivery",
            models.Index(
                condition=models.Q(("verdict__in", ["failed", "rejected"])),
                fields=["workspace", "-received_at"],
                name="delivery_troubled_here",
            ),
        ),
    ]
