"""Spam complaints of the last days, for the health page: a small index, built beside traffic.

A build that failed leaves an index that is not used, so it is dropped before the next one.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("inbox", "0042_what_drafts_were_made_of")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS message_complaints", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "message",
            models.Index(
                condition=models.Q(("tag_decided_by__contains", ": complaint.")),
                fields=["workspace", "received_at"],
                include=("account_address",),
                name="message_complaints",
            ),
        ),
    ]
