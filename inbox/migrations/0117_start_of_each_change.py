"""The start of the transaction of each row's last change, which the trigger writes that marks changes."""

from django.db import migrations, models
from django.db.models.functions import Now

from jobs.schema_version import run_file

TABLES = ("draft", "lead", "message")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0116_events_in_order")]

    operations = [
        *(
            migrations.AddField(
                table, "change_began_at", models.DateTimeField(db_default=Now(), editable=False)
            )
            for table in TABLES
        ),
        run_file("inbox/sql/mark_changes.sql", "cce10f7bd9d9"),
    ]
