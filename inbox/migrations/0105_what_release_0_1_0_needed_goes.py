"""Drops what release 0.1.0 needed beside 0.2.0, which does without.

That is the indexes of the search of before, and second foreign keys by which the database deleted rows of tables that
0.1.0 did not know. Release 0.2.0 reads by `message_words` only while it has messages without words, so none may be left.
Each statement is a transaction of its own, so that each lock ends before the next.
"""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.core.management import CommandError
from django.db import migrations

from inbox.models.words import WordsField

KEYS = (
    "savedview_goes_with_user", "savedview_goes_with_workspace", "erasedmark_goes_with_workspace", "note_goes_with_user",
    "note_goes_with_workspace", "mention_goes_with_membership", "mention_goes_with_note", "snippet_goes_with_user",
    "snippet_goes_with_workspace",
)  # fmt: skip
DROP = "ALTER TABLE inbox_{table} DROP CONSTRAINT IF EXISTS {key}"


def wait_for_words(apps, schema_editor):
    if apps.get_model("inbox", "Message").objects.filter(found_by__isnull=True).exists():
        raise CommandError(
            "Messages from before release 0.2.0 are not in the search yet. Let a worker of 0.2.0 run until its tick "
            "search-words has filled them in, a matter of minutes; then run this again."
        )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("inbox", "0002_squashed_0104_tables")]

    operations = [
        migrations.RunPython(wait_for_words, migrations.RunPython.noop),
        RemoveIndexConcurrently("message", "message_words"),
        RemoveIndexConcurrently("lead", "lead_words"),
        *(
            migrations.RunSQL(DROP.format(table=key.partition("_")[0], key=key), migrations.RunSQL.noop)
            for key in KEYS
        ),
        migrations.AlterField(
            "message",
            "found_by",
            WordsField(blank=True, editable=False, help_text="The text used for search.", null=True),
        ),
    ]
