"""Triggers compute when the answer to a lead is due, also by its labels, and the migration fills in waiting leads."""

from django.db import migrations

from jobs.schema_version import run_file

# Every 1,000 leads are committed, so that no reply waits long for the lock of its lead.
FILL = """
DO $$
DECLARE
    waiting uuid[];
BEGIN
    LOOP
        SELECT array_agg(id) INTO waiting FROM (SELECT id FROM inbox_lead
            WHERE needs_reply AND answer_by IS NULL AND last_inbound_at IS NOT NULL LIMIT 1000) AS lead;
        EXIT WHEN waiting IS NULL;
        UPDATE inbox_lead SET needs_reply = true WHERE id = ANY (waiting) AND needs_reply;
        COMMIT;
    END LOOP;
END
$$
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0123_leads_that_lose_a_message")]

    operations = [
        run_file("inbox/sql/promise_answers.sql", "a502b1aaaaec"),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
