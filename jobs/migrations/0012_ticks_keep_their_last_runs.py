"""Each tick keeps its last runs. A release before knows nothing of them and leaves them as they are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0011_failures_by_time")]

    operations = [
        migrations.AddField(
            model_name="tick",
            name="recent",
            field=models.JSONField(
                blank=True,
                db_default=[],
                default=list,
                help_text="The last runs, the latest first (jobs.ticks.RECENT).",
            ),
        ),
    ]
