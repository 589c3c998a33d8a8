"""A worker may run several jobs at once. One of the previous release runs one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0008_claims_walk_lanes"),
    ]

    operations = [
        migrations.AddField(
            model_name="worker",
            name="places",
            field=models.PositiveSmallIntegerField(
                db_default=1, default=1, help_text="How many jobs it runs at once."
            ),
        ),
    ]
