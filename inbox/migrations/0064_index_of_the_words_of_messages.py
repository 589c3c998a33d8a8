"""The index of the search over messages, and one over the messages that the tick "search-words" has to fill in yet.

The indexes are built beside traffic. A build that failed leaves an index that is not used, so it is dropped before the
next one.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


def build(index: models.Index) -> list:
    drop = migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop)
    return [drop, AddIndexConcurrently("message", index)]


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("inbox", "0063_words_of_messages")]

    operations = [
        *build(GinIndex(fields=["found_by"], gin_pending_list_limit=512, name="message_search")),
        *build(
            models.Index(
                fields=["workspace", "-received_at"],
                condition=models.Q(("found_by__isnull", True)),
                name="message_without_words",
            )
        ),
    ]
