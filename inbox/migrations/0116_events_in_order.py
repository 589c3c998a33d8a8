"""Triggers write events. Each is made in a transaction of its own, so no two tables are locked."""

from django.db import migrations

from jobs.schema_version import run_file


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("inbox", "0115_events_of_changes")]

    operations = [
        run_file("inbox/sql/add_events.sql", "1743e1ffcb26"),
    ]
