"""The index of the suspected leads, which are few among those of all workspaces. It is built beside traffic. A build
that failed leaves an index that is not used, so it is dropped before the next one.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

NAME = "lead_suspected"


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("inbox", "0103_messages_from_elsewhere")]

    operations = [
        migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "lead",
            models.Index(fields=["id"], condition=models.Q(("suspected", ""), _negated=True), name=NAME),
        ),
    ]
