"""Replies that say the same, for "Treat all alike?".

The index is built beside traffic. A build that failed leaves an index that is not used, so it is dropped before the
next one.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import MD5, Left, Lower, Trim


def build(index: models.Index) -> list:
    drop = migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop)
    return [drop, AddIndexConcurrently("message", index)]


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("inbox", "0038_replies_treated_alike")]

    operations = [
        *build(
            models.Index(
                models.F("workspace"),
                MD5(
                    Trim(
                        Lower(
                            models.Func(
                                Left("text", 1000),
                                models.Value(
                                    "[\\s!.,;:\"'`()*_\u2018\u2019\u201c\u201d\u2026\u2013\u2014\uff01\uff0c\u3002\u3001\u060c-]+"
                                ),
                                models.Value(" "),
                                models.Value("g"),
                                function="regexp_replace",
                            )
                        )
                    )
                ),
                condition=models.Q(("direction", "inbound")),
                name="message_same_words",
            )
        ),
    ]
