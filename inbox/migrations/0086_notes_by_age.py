"""Finds the notes of a workspace by their age, to delete those that it does not keep any more. Built beside traffic."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("inbox", "0085_mentions")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS note_by_age", migrations.RunSQL.noop),
        AddIndexConcurrently("note", models.Index(fields=["workspace", "created_at"], name="note_by_age")),
    ]
