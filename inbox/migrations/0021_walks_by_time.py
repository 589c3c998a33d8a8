"""Deliveries of an account by time, for the health tick, and bodies of a workspace by time, for retention.

Each index is built beside traffic. A build that failed leaves an index that is not used, so it is dropped before the
next one. The index on the integration alone goes: the new one begins with the same column.
"""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


def build(index: models.Index) -> list:
    drop = migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop)
    return [drop, AddIndexConcurrently("webhookdelivery", index)]


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [
        ("inbox", "0020_leaner_indexes"),
    ]

    operations = [
        *build(models.Index(fields=["integration", "-received_at"], name="delivery_by_integration")),
        *build(
            models.Index(
                condition=models.Q(("body__isnull", False)),
                fields=["workspace", "received_at"],
                name="delivery_body_to_empty",
            )
        ),
        RemoveIndexConcurrently("webhookdelivery", "delivery_with_body"),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="webhookdelivery",
                    name="integration",
                    field=models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="integrations.integration",
                    ),
                )
            ],
            database_operations=[
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS inbox_webhookdelivery_integration_id_3a3cdb3a",
                    "CREATE INDEX CONCURRENTLY IF NOT EXISTS inbox_webhookdelivery_integration_id_3a3cdb3a"
                    " ON inbox_webhookdelivery (integration_id)",
                )
            ],
        ),
    ]
