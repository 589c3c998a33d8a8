"""The tokens of programs, and the answers that they may ask for again.

The foreign keys have the database delete the rows for the release before, whose Django does not know the tables.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import integrations.fields
import jobs.ids

GOES = (
    "ALTER TABLE integrations_{table} ADD CONSTRAINT {table}_goes_with_{column}"
    " FOREIGN KEY ({column}_id) REFERENCES {to} ON DELETE CASCADE"
)


class Migration(migrations.Migration):
    dependencies = [("inbox", "0110_second_factor"), ("integrations", "0018_day_receipts")]

    operations = [
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=jobs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                (
                    "visible",
                    models.CharField(help_text="The part of the token that is displayed.", max_length=8),
                ),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20),
                        help_text="Values of Scope.",
                        size=None,
                    ),
                ),
                (
                    "sources",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=43),
                        blank=True,
                        default=list,
                        help_text="Networks. Empty: any address.",
                        size=None,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_tokens",
                        to="inbox.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "API token",
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=200)),
                (
                    "body_hash",
                    models.CharField(help_text="SHA-256 of the method, address and body.", max_length=64),
                ),
                ("status", models.PositiveSmallIntegerField()),
                ("answer", integrations.fields.EncryptedJSONField(default=dict)),
                ("lead_id", models.UUIDField(db_index=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True, db_index=True)),
                (
                    "token",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="integrations.apitoken",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("token", "key"), name="idempotency_key_once")
                ],
            },
        ),
        migrations.RunSQL(
            GOES.format(table="apitoken", column="workspace", to="inbox_workspace"), migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            GOES.format(table="idempotencykey", column="token", to="integrations_apitoken"),
            migrations.RunSQL.noop,
        ),
    ]
