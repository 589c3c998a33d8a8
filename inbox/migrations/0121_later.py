"""The state of answers that wait for a chosen time, and its index."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0120_events_of_labels")]

    operations = [
        migrations.AlterField(
            "outboundsend",
            "state",
            models.CharField(
                choices=[
                    ("later", "Going out later"),
                    ("intent", "Going out"),
                    ("sent", "Sent"),
                    ("failed", "Failed"),
                    ("unknown", "May have been sent"),
                    ("taken_back", "Taken back"),
                ],
                default="intent",
                max_length=10,
            ),
        ),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS send_later", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "outboundsend",
            models.Index(fields=["workspace"], condition=models.Q(state="later"), name="send_later"),
        ),
    ]
