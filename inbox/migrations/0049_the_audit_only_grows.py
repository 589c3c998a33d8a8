"""The audit, the admin's log and the reasons for reading texts can only be added to. The database refuses the rest.

A row goes with the workspace (or, in the admin's log, the person) that it is about, and a person who is deleted is taken
out of the rows that name them. Both are checked when the transaction ends, as Django deletes the rows first.
"""

from django.db import migrations

# The arguments: the column that names the person, and the table and column that a row may go with.
FUNCTIONS = """
CREATE FUNCTION inbox_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - TG_ARGV[0] - 'content_type_id' IS DISTINCT FROM to_jsonb(OLD) - TG_ARGV[0] - 'content_type_id'
            OR to_jsonb(NEW) ->> TG_ARGV[0] IS NOT NULL
                AND to_jsonb(NEW) ->> TG_ARGV[0] IS DISTINCT FROM to_jsonb(OLD) ->> TG_ARGV[0] THEN
        RAISE EXCEPTION 'rows of % are only added', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE FUNCTION inbox_refuse_loss() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stands boolean;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) ->> TG_ARGV[0] IS NOT DISTINCT FROM to_jsonb(OLD) ->> TG_ARGV[0] THEN
            RETURN NULL;
        END IF;
        SELECT EXISTS (SELECT FROM inbox_user WHERE id::text = to_jsonb(OLD) ->> TG_ARGV[0]) INTO stands;
    ELSE
        EXECUTE format('SELECT $1 IS NULL OR EXISTS (SELECT FROM %I WHERE id::text = $1)', TG_ARGV[1])
            INTO stands USING to_jsonb(OLD) ->> TG_ARGV[2];
    END IF;
    IF stands THEN
        RAISE EXCEPTION 'rows of % are only added', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
"""
DROP_FUNCTIONS = "DROP FUNCTION inbox_refuse_change(); DROP FUNCTION inbox_refuse_loss();"


def guard(table: str, person: str, goes_with: str, column: str) -> migrations.RunSQL:
    """The triggers of one table."""
    arguments = f"'{person}', '{goes_with}', '{column}'"
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER only_grows BEFORE UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION inbox_refuse_change({arguments});
        CREATE CONSTRAINT TRIGGER is_not_lost AFTER UPDATE OR DELETE ON {table} DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION inbox_refuse_loss({arguments});
        """,
        f"DROP TRIGGER only_grows ON {table}; DROP TRIGGER is_not_lost ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("inbox", "0048_a_role_opens_the_admin"),
    ]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        guard("inbox_auditentry", "actor_id", "inbox_workspace", "workspace_id"),
        guard("inbox_textaccess", "user_id", "inbox_workspace", "workspace_id"),
        guard("django_admin_log", "user_id", "inbox_user", "user_id"),
    ]
