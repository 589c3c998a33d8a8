"""Triggers mark a lead when one of its messages is deleted or moves to another lead. Each trigger is created in its own
transaction, so that no two tables are locked at once.
"""

from django.db import migrations

from jobs.schema_version import run_file


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0122_two_enters")]

    operations = [run_file("inbox/sql/follow_leads.sql", "33fe5b8c27c4")]
