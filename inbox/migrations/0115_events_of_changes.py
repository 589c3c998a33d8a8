"""Triggers write the events for programs. Each is made in a transaction of its own, so no two tables are locked."""

from django.db import migrations

from jobs.schema_version import run_file


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("inbox", "0114_events"), ("integrations", "0020_webhook_endpoints")]

    operations = [run_file("inbox/sql/add_events.sql", "1205115ac5a9")]
