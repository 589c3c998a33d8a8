"""Gives each job a lane. The previous release inserts jobs without one; they are run all the same."""

from django.db import migrations, models

from jobs.lanes import CHOICES


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0006_settle_takes_a_moment"),
    ]

    operations = [
        migrations.AddField(
            model_name="backgroundjob",
            name="lane",
            field=models.CharField(blank=True, choices=CHOICES, db_default="", default="", max_length=8),
        ),
        migrations.AlterField(
            model_name="backgroundjob",
            name="priority",
            field=models.SmallIntegerField(default=100, help_text="Within its lane. Lower goes first."),
        ),
    ]
