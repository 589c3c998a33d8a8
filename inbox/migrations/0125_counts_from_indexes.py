"""An index from which Automation counts the gates that held drafts."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

HELD = models.Index(
    fields=["workspace", "decided_at"],
    include=["gate", "draft"],
    condition=models.Q(passed=False, stage="draft"),
    name="gate_held",
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0124_promises_by_label")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS gate_held", migrations.RunSQL.noop),
        AddIndexConcurrently("gateresult", HELD),
    ]
