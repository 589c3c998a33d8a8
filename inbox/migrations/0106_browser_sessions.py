"""The table of sessions that people see.

Release 0.2.0 deletes sessions and users, and knows no such table: the database deletes its rows with them.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import jobs.ids

KEY = (
    "ALTER TABLE inbox_browsersession ADD CONSTRAINT browsersession_goes_with_{name}"
    " FOREIGN KEY ({name}_id) REFERENCES {table} ON DELETE CASCADE"
)


class Migration(migrations.Migration):
    dependencies = [("inbox", "0105_what_release_0_1_0_needed_goes"), ("sessions", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="BrowserSession",
            fields=[
                ("id", models.UUIDField(default=jobs.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("browser", models.CharField(max_length=60)),
                ("address", models.GenericIPAddressField(null=True)),
                ("created_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField()),
                (
                    "session",
                    models.OneToOneField(
                        db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, to="sessions.session"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"ordering": ["-last_used_at"]},
        ),
        migrations.RunSQL(KEY.format(name="session", table="django_session"), migrations.RunSQL.noop),
        migrations.RunSQL(KEY.format(name="user", table="inbox_user"), migrations.RunSQL.noop),
    ]  # fmt: skip
