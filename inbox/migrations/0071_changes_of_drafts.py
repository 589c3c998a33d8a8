"""Notes that a lead changed when a draft for it does. It locks one table for an instant."""

from django.db import migrations

FOLLOW = """
CREATE OR REPLACE TRIGGER draft_is_followed AFTER INSERT OR UPDATE ON inbox_draft
    FOR EACH ROW EXECUTE FUNCTION inbox_of_lead_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("inbox", "0070_changes_of_messages")]

    operations = [migrations.RunSQL(FOLLOW, "DROP TRIGGER draft_is_followed ON inbox_draft")]
