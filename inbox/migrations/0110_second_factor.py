"""The tables of the second factor, and whether a workspace requires it.

Release 0.2.0 deletes users, and knows no such tables: the database deletes their rows with them.
"""

import django.db.models.deletion
import django_otp.util
from django.conf import settings
from django.db import migrations, models

import integrations.fields

KEY = (
    "ALTER TABLE inbox_{table} ADD CONSTRAINT {table}_goes_with_user"
    " FOREIGN KEY (user_id) REFERENCES inbox_user ON DELETE CASCADE"
)


class Migration(migrations.Migration):
    dependencies = [("inbox", "0109_mailbox_alarms")]

    operations = [
        migrations.AddField(
            "workspace",
            "requires_second_factor",
            models.BooleanField(
                db_default=False,
                default=False,
                help_text="Whether members need a second factor, or their company's login."
            ),
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="recovery_codes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("user", "digest"), name="recovery_code_once")]},
        ),
        migrations.CreateModel(
            name="SecondFactor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="The human-readable name of this device.", max_length=64)),
                ("confirmed", models.BooleanField(default=True, help_text="Is this device ready for use?")),
                ("key", integrations.fields.EncryptedJSONField(default=django_otp.util.random_hex)),
                (
                    "last_step",
                    models.BigIntegerField(default=-1, help_text="The 30 s step of the last code used.")
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="second_factor",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.RunSQL(KEY.format(table="recoverycode"), migrations.RunSQL.noop),
        migrations.RunSQL(KEY.format(table="secondfactor"), migrations.RunSQL.noop),
    ]  # fmt: skip
