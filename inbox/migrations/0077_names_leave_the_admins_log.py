"""Lets the name of somebody who was erased leave the admin's log. Everything else of its rows stays as it was."""

from django.db import migrations

BEFORE = """
CREATE OR REPLACE FUNCTION inbox_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - TG_ARGV[0] - 'content_type_id' IS DISTINCT FROM to_jsonb(OLD) - TG_ARGV[0] - 'content_type_id'
            OR to_jsonb(NEW) ->> TG_ARGV[0] IS NOT NULL
                AND to_jsonb(NEW) ->> TG_ARGV[0] IS DISTINCT FROM to_jsonb(OLD) ->> TG_ARGV[0] THEN
        RAISE EXCEPTION 'rows of % are only added', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
"""
AFTER = """
CREATE OR REPLACE FUNCTION inbox_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := ARRAY[TG_ARGV[0], 'content_type_id']
        || CASE WHEN to_jsonb(NEW) ->> 'object_repr' = 'erased' THEN ARRAY['object_repr'] ELSE '{}' END;
BEGIN
    IF to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free
            OR to_jsonb(NEW) ->> TG_ARGV[0] IS NOT NULL
                AND to_jsonb(NEW) ->> TG_ARGV[0] IS DISTINCT FROM to_jsonb(OLD) ->> TG_ARGV[0] THEN
        RAISE EXCEPTION 'rows of % are only added', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("inbox", "0076_marks_of_the_erased")]

    operations = [migrations.RunSQL(AFTER, BEFORE)]
