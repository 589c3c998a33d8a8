"""The mark of a lead that loses a message. Each trigger is made in a transaction of its own: no two tables are locked."""

from django.db import migrations

from jobs.schema_version import run_file


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0122_two_enters")]

    operations = [run_file("inbox/sql/follow_leads.sql", "116d38b84d9c")]
