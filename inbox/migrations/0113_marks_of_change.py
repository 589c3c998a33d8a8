"""The transaction and the time of each row's last change, which a trigger writes for every writer (inbox.0117).

Rows from before have the transaction 0 and the time of this migration.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Now

TABLES = ("draft", "lead", "message")
INDEXES = {
    "of_change": ["workspace", "changed_xid", "id"],
    "since": ["workspace", "changed_at", "changed_xid"],
}


def columns(table: str) -> list[migrations.operations.base.Operation]:
    number = models.BigIntegerField(db_default=0, default=0, editable=False)
    drop_trigger = f"DROP TRIGGER IF EXISTS {table}_is_marked ON inbox_{table}"
    return [
        migrations.AddField(table, "changed_xid", number),
        migrations.AddField(table, "changed_at", models.DateTimeField(db_default=Now(), editable=False)),
        migrations.RunSQL(migrations.RunSQL.noop, drop_trigger),
    ]


def indexes(table: str) -> list[migrations.operations.base.Operation]:
    operations = []
    for words, fields in INDEXES.items():
        name = f"{table}_{words}"
        operations += [
            migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop),
            AddIndexConcurrently(table, models.Index(fields=fields, name=name)),
        ]
    return operations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0112_leads_by_worth")]

    operations = [
        *(operation for table in TABLES for operation in columns(table)),
        *(operation for table in TABLES for operation in indexes(table)),
    ]
