"""The index for the order of the list over all workspaces of a person."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0111_programs")]

    operations = [
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS lead_by_worth",  # a build that was cut off leaves a broken one
            migrations.RunSQL.noop,
        ),
        AddIndexConcurrently(
            "lead",
            models.Index(
                models.F("workspace"),
                Coalesce("score", 2).desc(),
                Coalesce("last_inbound_at", "last_message_at"),
                models.F("id"),
                condition=models.Q(needs_reply=True),
                name="lead_by_worth",
            ),
        ),
    ]
