"""Leads close to a meeting and leads with one, which ticks look for: without these indexes they read every lead.

The indexes are built beside traffic. A build that failed leaves an index that is not used, so it is dropped before the
next one.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Coalesce


def build(index: models.Index) -> list:
    drop = migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop)
    return [drop, AddIndexConcurrently("lead", index)]


TOWARDS_A_MEETING = ("Meeting Requested", "Call Requested", "Interested", "Meeting Booked")


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("inbox", "0002_squashed_0045_tables_with_accounts_and_jobs")]

    operations = [
        *build(
            models.Index(
                condition=models.Q(tag__in=TOWARDS_A_MEETING),
                fields=["workspace", "last_inbound_at"],
                name="lead_towards_meeting",
            )
        ),
        *build(
            models.Index(
                Coalesce("booked_at", "last_message_at").desc(nulls_last=True),
                condition=models.Q(booked_at__isnull=False) | models.Q(tag="Meeting Booked"),
                name="lead_has_booked",
            )
        ),
    ]
