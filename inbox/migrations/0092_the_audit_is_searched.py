"""Indexes of the audit's search in the admin: by an object's id alone, and by the beginning of an action.

They are built beside traffic. A build that failed leaves an index that is not used, so it is dropped before the next
one.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


def build(index: models.Index) -> list:
    drop = migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop)
    return [drop, AddIndexConcurrently("auditentry", index)]


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("inbox", "0091_names_in_words")]

    operations = [
        *build(models.Index(fields=["object_id", "object_type"], name="audit_of_object")),
        RemoveIndexConcurrently("auditentry", "audit_by_object"),
        *build(models.Index(fields=["action"], opclasses=["varchar_pattern_ops"], name="audit_by_action")),
    ]
