"""Keeps when a conversation was given to the member who has it, until they open it. Whoever comes before it reads and
writes the other columns.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0095_newer_rows_go_with_older")]

    operations = [
        migrations.AddField(
            "lead",
            "handed_over_at",
            models.DateTimeField(
                blank=True,
                help_text="When it was given to the member who has it, not by themself. Empty: they have opened it.",
                null=True,
            ),
        )
    ]
