"""Says since when a workspace needs no list of first steps any more. One that has sent something is past them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0059_nothing_is_sent_to_a_sample")]

    operations = [
        migrations.AddField(
            "workspace",
            "set_up_at",
            models.DateTimeField(
                blank=True,
                help_text="When the list of first steps was hidden, or all of them worked. Empty: it is shown.",
                null=True,
            ),
        ),
        migrations.RunSQL(
            """
            UPDATE inbox_workspace w SET set_up_at = now()
            WHERE EXISTS (SELECT FROM inbox_outboundsend s WHERE s.workspace_id = w.id AND s.state = 'sent')
            """,
            migrations.RunSQL.noop,
        ),
    ]
