"""Triggers compute when the answer to a lead is due, also by its labels and if the promise is as long as a lead without
one waits. The migration fills in waiting leads.
"""

from django.db import migrations

from jobs.schema_version import run_file

# Every 100 leads are committed, so that no reply waits long for the lock of its lead.
FILL = """
DO $$
DECLARE
    waiting record;
    number int := 0;
BEGIN
    FOR waiting IN SELECT id FROM inbox_lead WHERE needs_reply AND last_inbound_at IS NOT NULL AND (answer_by IS NULL
        OR workspace_id IN (SELECT id FROM inbox_workspace WHERE promises <> '{}')) ORDER BY id
    LOOP
        UPDATE inbox_lead SET needs_reply = true WHERE id = waiting.id AND needs_reply;
        number := number + 1;
        IF number % 100 = 0 THEN
            COMMIT;
        END IF;
    END LOOP;
END
$$
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0127_events_under_the_leads_lock")]

    operations = [
        run_file("inbox/sql/promise_answers.sql", "bbe52b760da7"),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
