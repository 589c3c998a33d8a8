"""The outbox of events for programs. inbox.0115 fills it, once the endpoints exist.

The second foreign key has the database delete the rows for the release before, whose Django does not know the table.
"""

from django.db import migrations, models

from jobs.ids import uuid7

GOES = """
ALTER TABLE inbox_event ADD CONSTRAINT event_goes_with_workspace FOREIGN KEY (workspace_id)
    REFERENCES inbox_workspace ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
"""


class Migration(migrations.Migration):
    dependencies = [("inbox", "0113_marks_of_change")]

    operations = [
        migrations.CreateModel(
            "Event",
            [
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("type", models.CharField(max_length=24)),
                ("lead_id", models.UUIDField(blank=True, null=True)),
                ("xid", models.BigIntegerField()),
                ("data", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
                (
                    "workspace",
                    models.ForeignKey(
                        "inbox.workspace", models.CASCADE, db_index=False, related_name="events"
                    ),
                ),
            ],
            {"indexes": [models.Index(fields=["workspace", "xid", "id"], name="event_in_order")]},
        ),
        migrations.RunSQL(GOES, migrations.RunSQL.noop),
    ]
