"""Sends by the provider's id of them, which an event about a message of ours names, and a person who looks for it.

The index is built beside traffic. A build that failed leaves an index that is not used, so it is dropped first.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("inbox", "0050_drafts_that_wait_longest")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS send_by_provider_id", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "outboundsend",
            models.Index(
                condition=models.Q(("provider_message_id", ""), _negated=True),
                fields=["workspace", "provider_message_id"],
                name="send_by_provider_id",
            ),
        ),
    ]
