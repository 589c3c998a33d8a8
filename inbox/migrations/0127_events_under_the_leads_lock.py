"""Triggers write events, those of labels too, and those of a lead in the order of its lock. Each trigger is made in a
transaction of its own, so no two tables are locked.
"""

from django.db import migrations

from jobs.schema_version import run_file


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0126_bodies_with_secrets_go")]

    operations = [run_file("inbox/sql/add_events.sql", "4578450fc83e")]
