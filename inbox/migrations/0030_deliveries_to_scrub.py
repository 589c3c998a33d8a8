from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Built beside traffic. A build that failed leaves an index that is not used, so it is dropped before the next."""

    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions
    dependencies = [("inbox", "0029_deliveries_without_secrets")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS delivery_to_scrub", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "webhookdelivery",
            models.Index(
                condition=models.Q(("body__isnull", False), ("scrubbed", False)),
                fields=["received_at"],
                name="delivery_to_scrub",
            ),
        ),
    ]
