"""Finds the conversations of a member, and those that wait for a member or for nobody yet.

The indexes are built beside traffic. A build that failed leaves an index that is not used, so it is dropped before the
next one.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


def build(index: models.Index) -> list:
    drop = migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop)
    return [drop, AddIndexConcurrently("lead", index)]


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("inbox", "0065_names_of_leads_without_accents")]

    operations = [
        *build(
            models.Index(
                fields=["workspace", "assigned_to", "-last_message_at"],
                condition=models.Q(needs_reply=True),
                name="lead_waits_for",
            )
        ),
        *build(
            models.Index(
                fields=["workspace", "assigned_to", "-last_message_at"],
                condition=models.Q(assigned_to__isnull=False),
                name="lead_of_member",
            )
        ),
    ]
