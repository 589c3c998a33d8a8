"""Adds one more way in which an attempt may end. Choices are not stored in the database, so it does not change."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0009_workers_have_places"),
    ]

    operations = [
        migrations.AlterField(
            model_name="jobattempt",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("succeeded", "Succeeded"),
                    ("retried", "Failed, to be retried"),
                    ("failed", "Failed for good"),
                    ("snoozed", "Snoozed"),
                    ("moved", "Goes on in another lane"),
                    ("cancelled", "Cancelled"),
                    ("handed_back", "Handed back at shutdown"),
                    ("lost", "Lost with its worker"),
                    ("killed_worker", "Killed its worker"),
                ],
                max_length=16,
            ),
        ),
    ]
