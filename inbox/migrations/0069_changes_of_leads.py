"""Notes that a lead changed when its own row does. It locks one table for an instant."""

from django.db import migrations

FOLLOW = """
CREATE OR REPLACE TRIGGER lead_is_followed AFTER INSERT OR UPDATE ON inbox_lead
    FOR EACH ROW EXECUTE FUNCTION inbox_lead_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("inbox", "0068_what_changed_for_leads")]

    operations = [migrations.RunSQL(FOLLOW, "DROP TRIGGER lead_is_followed ON inbox_lead")]
