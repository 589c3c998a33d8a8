"""Notes that a lead changed when a message of it does. It locks one table for an instant."""

from django.db import migrations

FOLLOW = """
CREATE OR REPLACE TRIGGER message_is_followed AFTER INSERT OR UPDATE ON inbox_message
    FOR EACH ROW EXECUTE FUNCTION inbox_of_lead_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("inbox", "0069_changes_of_leads")]

    operations = [migrations.RunSQL(FOLLOW, "DROP TRIGGER message_is_followed ON inbox_message")]
