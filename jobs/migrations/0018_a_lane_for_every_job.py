"""Gives a lane to jobs of before 0.2.0 that have none and may run again. Release 0.2.0 does so for those that wait."""

from django.db import migrations, models

LANES = [
    ("stop", "Stop"),
    ("proof", "Proof"),
    ("person", "Person"),
    ("reply", "Reply"),
    ("events", "Events"),
    ("draft", "Draft"),
    ("steps", "Steps"),
    ("bulk", "Bulk"),
]
ASSIGN = "UPDATE jobs_backgroundjob SET lane = 'reply' WHERE lane = '' AND status <> 'succeeded'"


class Migration(migrations.Migration):
    atomic = False  # so that the table is not locked while rows are written

    dependencies = [("jobs", "0017_settle_without_due_goes")]

    operations = [
        migrations.AlterField(
            "backgroundjob",
            "lane",
            models.CharField(max_length=8, choices=LANES, default="reply", db_default="reply"),
        ),
        migrations.RunSQL(ASSIGN, migrations.RunSQL.noop),
    ]
