"""What providers send beyond their contracts, and how far deliveries were compared with them.

The second foreign key has the database delete the rows for the release before, whose Django does not know the table.
"""

from django.db import migrations, models

GOES = """
ALTER TABLE inbox_deviation ADD CONSTRAINT deviation_goes_with_integration FOREIGN KEY (integration_id)
    REFERENCES integrations_integration ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED NOT VALID
"""
KINDS = [("event", "Event type"), ("field", "Field"), ("header", "Header"), ("status", "Status")]


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0107_company_log_in"),
        ("integrations", "0001_squashed_0017_tables"),
    ]

    operations = [
        migrations.AddField(
            "databaseorigin",
            "watched_through",
            models.UUIDField(
                blank=True, help_text="The last delivery compared with the provider's contract.", null=True
            ),
        ),
        migrations.CreateModel(
            "Deviation",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=20)),
                ("kind", models.CharField(choices=KINDS, max_length=8)),
                ("name", models.CharField(max_length=300)),
                ("example", models.UUIDField(help_text="The ID of the last delivery with this deviation.")),
                ("count", models.PositiveBigIntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField(db_index=True)),
                (
                    "told_count",
                    models.PositiveBigIntegerField(
                        default=0,
                        help_text="The count at the last notice to operators. The next one is sent at ten times that count.",
                    ),
                ),
                ("told_at", models.DateTimeField(blank=True, null=True)),
                (
                    "integration",
                    models.ForeignKey(
                        "integrations.Integration", models.CASCADE, blank=True, db_index=False, null=True
                    ),
                ),
            ],
            {
                "constraints": [
                    models.UniqueConstraint(
                        fields=("integration", "source", "kind", "name"),
                        name="deviation_once",
                        nulls_distinct=False,
                    )
                ]
            },
        ),
        migrations.RunSQL(GOES, migrations.RunSQL.noop),
    ]
