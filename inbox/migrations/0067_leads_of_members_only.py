"""Has the database give leads to members of their workspace only, and unassign those of a member who leaves.

The constraint holds for new rows first. Then rows from before, whose people have left, are unassigned, and it is
validated beside traffic.
"""

from django.db import migrations

ADD = """
ALTER TABLE inbox_lead DROP CONSTRAINT IF EXISTS lead_assigned_to_member;
ALTER TABLE inbox_lead ADD CONSTRAINT lead_assigned_to_member
    FOREIGN KEY (workspace_id, assigned_to_id) REFERENCES inbox_membership (workspace_id, user_id)
    ON DELETE SET NULL (assigned_to_id) NOT VALID;
"""
DROP = "ALTER TABLE inbox_lead DROP CONSTRAINT lead_assigned_to_member"
UNASSIGN = """
UPDATE inbox_lead SET assigned_to_id = NULL
WHERE assigned_to_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM inbox_membership AS member
    WHERE member.workspace_id = inbox_lead.workspace_id AND member.user_id = inbox_lead.assigned_to_id
)
"""
VALIDATE = "ALTER TABLE inbox_lead VALIDATE CONSTRAINT lead_assigned_to_member"


class Migration(migrations.Migration):
    atomic = False  # so that the first lock ends before the table is read

    dependencies = [("inbox", "0066_conversations_of_members")]

    operations = [
        migrations.RunSQL(ADD, DROP),
        migrations.RunSQL(UNASSIGN, migrations.RunSQL.noop),
        migrations.RunSQL(VALIDATE, migrations.RunSQL.noop),
    ]
