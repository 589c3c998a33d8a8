"""Marks follow-ups whose step was due in a time that a restore lost."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0081_sends_of_a_lost_time")]

    operations = [
        migrations.AddField(
            "followupinstance",
            "in_doubt",
            models.BooleanField(
                db_default=False,
                default=False,
                help_text="Its step was due in a time that a restore lost, and may have gone out then.",
            ),
        ),
    ]
