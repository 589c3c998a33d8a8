"""Marks deliveries that “Send a test event” made, so that one of them stays a sample when it is run again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0057_samples_of_a_workspace")]

    operations = [
        migrations.AddField(
            "webhookdelivery",
            "sample",
            models.BooleanField(
                db_default=False,
                default=False,
                help_text="Made by “Send a test event”. It names no account, so it says nothing of how one is.",
            ),
        ),
    ]
