"""Notes that a lead changed when a send to it does. It locks one table for an instant."""

from django.db import migrations

FOLLOW = """
CREATE OR REPLACE TRIGGER send_is_followed AFTER INSERT OR UPDATE ON inbox_outboundsend
    FOR EACH ROW EXECUTE FUNCTION inbox_of_lead_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("inbox", "0071_changes_of_drafts")]

    operations = [migrations.RunSQL(FOLLOW, "DROP TRIGGER send_is_followed ON inbox_outboundsend")]
