"""Keeps until when a member is away. Whoever comes before it reads and writes the other columns."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0086_notes_by_age")]

    operations = [
        migrations.AddField(
            "membership",
            "away_until",
            models.DateTimeField(
                blank=True, help_text="Gets no leads in turn until then. It ends by itself.", null=True
            ),
        )
    ]
