"""Drops the function by which commits before 0.1.0 settled a job. Release 0.2.0 calls the one that also takes `due`."""

from django.db import migrations

DROP = """
DROP FUNCTION IF EXISTS jobs_settle(
    uuid, uuid, uuid, integer, text, bigint, integer, integer, integer, integer, jsonb, text, text, text, text, integer,
    text, timestamptz, integer, text)
"""


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_squashed_0016_tables")]

    operations = [migrations.RunSQL(DROP, migrations.RunSQL.noop)]
