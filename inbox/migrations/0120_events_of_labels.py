"""Triggers write events, those of labels too. Each is made in a transaction of its own, so no two tables are locked."""

from django.db import migrations

from jobs.schema_version import run_file


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("inbox", "0119_labels")]

    operations = [run_file("inbox/sql/add_events.sql", "88b96de7409f")]
