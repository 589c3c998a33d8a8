"""Adds one more thing that a person may do to a job. Choices are not stored in the database, so it does not change."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0012_ticks_keep_their_last_runs")]

    operations = [
        migrations.AlterField(
            model_name="jobaction",
            name="action",
            field=models.CharField(
                choices=[
                    ("retry", "Retried"),
                    ("run_at", "Moved"),
                    ("lane", "Put into another lane"),
                    ("cancel", "Cancelled"),
                    ("discard", "Discarded"),
                ],
                max_length=8,
            ),
        ),
    ]
