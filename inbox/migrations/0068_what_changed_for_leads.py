"""What changed for leads lately, kept by triggers, so that open pages learn of it by one look at an index.

Each transaction that changes a lead, its messages, drafts or sends adds one row for the lead, in the statement that it runs
anyway. Rows are only added, so no two transactions wait for each other here. The triggers follow, a migration for each:
one that makes a trigger locks the table until it ends, and these four tables are the busiest.
"""

import django.db.models.functions.datetime
from django.db import migrations, models

FUNCTIONS = """
CREATE FUNCTION inbox_lead_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inbox_leadchange (workspace_id, xid, lead_id)
        VALUES (NEW.workspace_id, pg_current_xact_id()::text::bigint, NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE FUNCTION inbox_of_lead_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inbox_leadchange (workspace_id, xid, lead_id)
        VALUES (NEW.workspace_id, pg_current_xact_id()::text::bigint, NEW.lead_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
"""

REMOVE = """
DROP FUNCTION inbox_lead_changed();
DROP FUNCTION inbox_of_lead_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("inbox", "0067_leads_of_members_only")]

    operations = [
        migrations.CreateModel(
            name="LeadChange",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "xid",
                        "lead_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.UUIDField()),
                ("xid", models.BigIntegerField()),
                ("lead_id", models.UUIDField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.RunSQL(FUNCTIONS, REMOVE),
    ]
