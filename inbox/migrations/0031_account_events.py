"""What is said of an account's mailboxes, too, is found by the index of what was said of the account.

The new index is built beside traffic, before the one that it replaces goes. A build that failed leaves an index that is
not used, so it is dropped before the next one.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [
        ("inbox", "0030_deliveries_to_scrub"),
    ]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS delivery_account_event", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "webhookdelivery",
            models.Index(
                fields=["integration", "-received_at"],
                condition=models.Q(
                    (
                        "event_type__in",
                        [
                            "AccountStatus",
                            "EMAIL_ACCOUNT_DISCONNECTED",
                            "EMAIL_ACCOUNT_RECONNECTED",
                            "account_error",
                        ],
                    )
                ),
                name="delivery_account_event",
            ),
        ),
        RemoveIndexConcurrently("webhookdelivery", "delivery_account_status"),
    ]
