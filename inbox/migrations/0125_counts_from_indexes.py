"""Indexes from which Automation and Health count, without the tables.

PostgreSQL reads an index without its table where VACUUM has been, which by default comes after a fifth of all messages.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

HELD = models.Q(passed=False, stage="draft")
OF_MAILBOX = models.Q(channel="email") & ~models.Q(account_address="")
OF_MAILBOX |= models.Q(tag_decided_by__contains=": complaint.")
INDEXES = {
    "gate_held": ("gateresult", ["workspace", "decided_at"], ["gate", "draft"], HELD),
    "message_of_mailbox": (
        "message",
        ["workspace", "received_at"],
        ["account_address", "direction", "sent_at", "source", "tag_decided_by"],
        OF_MAILBOX,
    ),
}
VACUUM = """
ALTER TABLE inbox_message
SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02)
"""


def indexes():
    for name, (table, fields, include, condition) in INDEXES.items():
        yield migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop)
        index = models.Index(fields=fields, include=include, condition=condition, name=name)
        yield AddIndexConcurrently(table, index)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0124_promises_by_label")]

    operations = [
        *indexes(),
        RemoveIndexConcurrently("message", "message_complaints"),
        migrations.RunSQL(VACUUM, migrations.RunSQL.noop),
    ]
