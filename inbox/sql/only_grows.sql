-- The audit, the admin's log and the reasons for reading texts can only be added to. The database refuses the rest.
--
-- A row goes with the workspace (or, in the admin's log, the person) that it is about, and a person who is deleted is
-- taken out of the rows that name them. Both are checked when the transaction ends, as Django deletes the rows first.
-- The name of somebody who was erased may leave the admin's log. The arguments of each function are the column that
-- names the person, and the table and column that a row may go with.
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
CREATE OR REPLACE FUNCTION inbox_refuse_loss() RETURNS trigger LANGUAGE plpgsql AS $$
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
-- PostgreSQL replaces no constraint trigger, so one that exists stays.
CREATE OR REPLACE TRIGGER only_grows BEFORE UPDATE ON inbox_auditentry
    FOR EACH ROW EXECUTE FUNCTION inbox_refuse_change('actor_id', 'inbox_workspace', 'workspace_id');
DO $$ BEGIN
    CREATE CONSTRAINT TRIGGER is_not_lost AFTER UPDATE OR DELETE ON inbox_auditentry DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION inbox_refuse_loss('actor_id', 'inbox_workspace', 'workspace_id');
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
CREATE OR REPLACE TRIGGER only_grows BEFORE UPDATE ON inbox_textaccess
    FOR EACH ROW EXECUTE FUNCTION inbox_refuse_change('user_id', 'inbox_workspace', 'workspace_id');
DO $$ BEGIN
    CREATE CONSTRAINT TRIGGER is_not_lost AFTER UPDATE OR DELETE ON inbox_textaccess DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION inbox_refuse_loss('user_id', 'inbox_workspace', 'workspace_id');
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
CREATE OR REPLACE TRIGGER only_grows BEFORE UPDATE ON django_admin_log
    FOR EACH ROW EXECUTE FUNCTION inbox_refuse_change('user_id', 'inbox_user', 'user_id');
DO $$ BEGIN
    CREATE CONSTRAINT TRIGGER is_not_lost AFTER UPDATE OR DELETE ON django_admin_log DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION inbox_refuse_loss('user_id', 'inbox_user', 'user_id');
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
