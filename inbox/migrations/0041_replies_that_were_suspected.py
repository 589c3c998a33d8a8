"""How often rules suspected something lately, for the page of rules.

The index is built beside traffic. A build that failed leaves an index that is not used, so it is dropped before the
next one.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


def build(index: models.Index) -> list:
    drop = migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop)
    return [drop, AddIndexConcurrently("message", index)]


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("inbox", "0040_decisions_of_rules")]

    operations = [
        *build(
            models.Index(
                condition=models.Q(("suspected", ""), _negated=True),
                fields=["workspace", "received_at"],
                include=("suspected",),
                name="message_suspected",
            )
        ),
    ]
