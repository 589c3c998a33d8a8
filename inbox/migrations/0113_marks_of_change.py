"""The transaction and the time of each row's last change, which a trigger writes for every writer.

Rows from before have the transaction 0 and the time of this migration.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Now

from jobs.schema_version import run_file

TRIGGER = (
    "CREATE OR REPLACE TRIGGER {table}_is_marked BEFORE INSERT OR UPDATE ON inbox_{table}"
    " FOR EACH ROW EXECUTE FUNCTION inbox_mark_changed()"
)
INDEXES = {
    "of_change": ["workspace", "changed_xid", "id"],
    "since": ["workspace", "changed_at", "changed_xid"],
}


def marks(table: str) -> list[migrations.operations.base.Operation]:
    number = models.BigIntegerField(db_default=0, default=0, editable=False)
    operations = [
        migrations.AddField(table, "changed_xid", number),
        migrations.AddField(table, "changed_at", models.DateTimeField(db_default=Now(), editable=False)),
        migrations.RunSQL(TRIGGER.format(table=table), f"DROP TRIGGER {table}_is_marked ON inbox_{table}"),
    ]
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
        run_file("inbox/sql/mark_changes.sql", "2aff5a18f18c"),
        *marks("draft"),
        *marks("lead"),
        *marks("message"),
    ]
