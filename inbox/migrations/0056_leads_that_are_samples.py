"""Marks leads that “Send a test event” made."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0052_troubled_deliveries_of_a_workspace")]

    operations = [
        migrations.AddField(
            "lead",
            "sample",
            models.BooleanField(
                db_default=False,
                default=False,
                help_text="Made by “Send a test event”: nothing goes out to it, and it counts nowhere.",
            ),
        ),
    ]
