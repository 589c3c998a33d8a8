"""The database deletes the days of a lead and workspace with it, also for the release before, whose Django does not know
the tables. Each key locks one table of the release before, and is made again where the migration is tried again.
"""

from django.db import migrations

GOES = (
    "ALTER TABLE insights_{table} DROP CONSTRAINT IF EXISTS {table}_goes_with_{to},"
    " ADD CONSTRAINT {table}_goes_with_{to} FOREIGN KEY ({to}_id) REFERENCES inbox_{to} ON DELETE CASCADE"
)
KEYS = [("leadday", "lead"), ("leadday", "workspace"), ("leaddayprogress", "workspace")]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("insights", "0005_days_of_leads")]

    operations = [
        migrations.RunSQL(GOES.format(table=table, to=to), migrations.RunSQL.noop) for table, to in KEYS
    ]
