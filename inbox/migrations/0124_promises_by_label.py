"""A trigger keeps the times of promises, of labels too, and writes those of the leads that wait."""

from django.db import migrations

from jobs.schema_version import run_file

# Each thousand is committed, so that no reply waits for long.
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
        run_file("inbox/sql/promise_answers.sql", "4083c1efad59"),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
