"""The drafts of all workspaces that have waited longest, for the admin's first page.

The index is built beside traffic. A build that failed leaves an index that is not used, so it is dropped first.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("inbox", "0049_the_audit_only_grows")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS draft_waiting", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "draft",
            models.Index(
                condition=models.Q(("status", "pending")), fields=["created_at"], name="draft_waiting"
            ),
        ),
    ]
