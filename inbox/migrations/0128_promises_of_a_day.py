"""Triggers compute when the answer to a lead is due, also by its labels and if the promise is as long as a lead without
one waits. The migration fills in waiting leads.
"""

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
    UPDATE inbox_lead SET needs_reply = true WHERE needs_reply AND warn_at IS NULL AND warned_ids = '{}'
        AND answer_by > now() AND workspace_id IN (SELECT id FROM inbox_workspace WHERE promises <> '{}');
END
$$
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0127_events_under_the_leads_lock")]

    operations = [
        run_file("inbox/sql/promise_answers.sql", "279e579d3d58"),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
