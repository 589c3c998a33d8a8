"""How often each rule decided lately, for the page of rules.

The index is built beside traffic. A build that failed leaves an index that is not used, so it is dropped before the
next one.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


def build(index: models.Index) -> list:
    drop = migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop)
    return [drop, AddIndexConcurrently("tagdecision", index)]


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("inbox", "0039_replies_in_the_same_words")]

    operations = [
        *build(
            models.Index(
                condition=models.Q(("kind", "rule")),
                fields=["workspace", "created_at"],
                include=("by",),
                name="tagdecision_of_rules",
            )
        ),
    ]
