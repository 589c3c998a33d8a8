"""Keeps that people want no further notice about an account until it works. Whoever comes before it reads and writes
the other columns, and goes on to send them.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0014_names_in_words")]

    operations = [
        migrations.AddField(
            "workspaceintegrationhealth",
            "muted_at",
            models.DateTimeField(
                blank=True,
                help_text="When a person asked for no further notice until the account works again.",
                null=True,
            ),
        )
    ]
