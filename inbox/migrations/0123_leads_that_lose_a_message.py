"""The mark of a lead that loses a message."""

from django.db import migrations

from jobs.schema_version import run_file


class Migration(migrations.Migration):
    dependencies = [("inbox", "0122_two_enters")]

    operations = [run_file("inbox/sql/follow_leads.sql", "116d38b84d9c")]
