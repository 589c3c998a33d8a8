"""Sends that may have gone out in a time that a restore lost say since when."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0080_where_the_database_belongs")]

    operations = [
        migrations.AddField(
            "outboundsend",
            "lost_from",
            models.DateTimeField(
                blank=True,
                help_text="It may have gone out since then, in a time that a restore lost.",
                null=True,
            ),
        ),
    ]
