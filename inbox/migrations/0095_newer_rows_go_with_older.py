"""Lets the release before delete a person, member or workspace that rows of tables newer than it belong to.

Its Django deletes the rows of tables that it knows, and the foreign keys of the others would refuse at COMMIT. So a
second foreign key on each has the database do as the model says. It is never validated, as the first one is.
"""

from django.db import migrations

ADD = """
ALTER TABLE inbox_{table} DROP CONSTRAINT IF EXISTS {table}_goes_with_{target};
ALTER TABLE inbox_{table} ADD CONSTRAINT {table}_goes_with_{target}
    FOREIGN KEY ({column}_id) REFERENCES inbox_{target} ON DELETE {what} DEFERRABLE INITIALLY DEFERRED NOT VALID;
"""
DROP = "ALTER TABLE inbox_{table} DROP CONSTRAINT {table}_goes_with_{target}"
KEYS = (
    ("savedview", "owner", "user", "CASCADE"),
    ("savedview", "workspace", "workspace", "CASCADE"),
    ("erasedmark", "workspace", "workspace", "CASCADE"),
    ("note", "author", "user", "SET NULL"),
    ("note", "workspace", "workspace", "CASCADE"),
    ("mention", "membership", "membership", "CASCADE"),
    ("mention", "note", "note", "CASCADE"),
    ("snippet", "owner", "user", "CASCADE"),
    ("snippet", "workspace", "workspace", "CASCADE"),
)


class Migration(migrations.Migration):
    atomic = False  # so that each lock ends before the next

    dependencies = [("inbox", "0094_snippets")]

    operations = [
        migrations.RunSQL(
            ADD.format(table=table, column=column, target=target, what=what),
            DROP.format(table=table, target=target),
        )
        for table, column, target, what in KEYS
    ]
