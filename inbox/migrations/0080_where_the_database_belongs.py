"""Notes where this database is, so that a restored or copied one is known. The row is the first of a new table."""

from django.db import migrations, models

NOTE = """
CREATE FUNCTION inbox_place() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws('/',
        (SELECT system_identifier FROM pg_control_system()),
        left(pg_walfile_name(pg_current_wal_lsn()), 8),
        (SELECT oid FROM pg_database WHERE datname = current_database()),
        'inbox_databaseorigin'::regclass::oid)
$$;
INSERT INTO inbox_databaseorigin (id, place, seen_at) VALUES (1, inbox_place(), now());
"""


class Migration(migrations.Migration):
    dependencies = [("inbox", "0077_names_leave_the_admins_log")]

    operations = [
        migrations.CreateModel(
            name="DatabaseOrigin",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("place", models.CharField(max_length=100)),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                ("lost_from", models.DateTimeField(blank=True, null=True)),
                ("lost_until", models.DateTimeField(blank=True, null=True)),
                (
                    "restored_at",
                    models.DateTimeField(
                        blank=True, help_text="When somebody said that it was restored.", null=True
                    ),
                ),
            ],
        ),
        migrations.RunSQL(NOTE, "DROP FUNCTION inbox_place();"),
    ]
