"""The index by which a lead is found by another contact of theirs. It is built beside traffic. A build that failed leaves
an index that is not used, so it is dropped before the next one.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

NAME = "lead_alternate_contacts"


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("inbox", "0101_other_contacts_of_leads")]

    operations = [
        migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "lead",
            GinIndex(
                fields=["alternate_contacts"],
                condition=models.Q(("alternate_contacts", []), _negated=True),
                name=NAME,
            ),
        ),
    ]
