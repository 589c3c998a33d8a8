-- Owners and admins of a workspace enter the admin (docs/adr/0062). What its group may do: admin/roles.py.
--
-- The trigger follows every change of a membership, however it is made. The person's row is locked first, so that of
-- two changes at once the second sees the first: who loses two roles at the same time keeps none by chance. A person
-- who is staff for another reason (a superuser, or one with another group or permission) stays staff. A role that makes
-- a person staff takes what other rights they have, and writes that into the audit: a superuser ends somebody's rights
-- by making them no staff, and their groups and permissions stay.
CREATE OR REPLACE FUNCTION inbox_follow_roles(person bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    opened integer := (SELECT id FROM auth_group WHERE name = 'Workspace admin');
    staff boolean;
BEGIN
    SELECT is_staff INTO staff FROM inbox_user WHERE id = person FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM inbox_membership WHERE user_id = person AND role IN ('owner', 'admin')) THEN
        IF NOT staff THEN
            WITH groups AS (
                DELETE FROM inbox_user_groups held USING auth_group given
                WHERE held.user_id = person AND given.id = held.group_id AND given.id IS DISTINCT FROM opened
                RETURNING given.name
            ), permissions AS (
                DELETE FROM inbox_user_user_permissions held USING auth_permission given
                WHERE held.user_id = person AND given.id = held.permission_id RETURNING given.codename
            ), rights (name) AS (
                SELECT name FROM groups UNION ALL SELECT codename FROM permissions
                UNION ALL SELECT 'superuser' FROM inbox_user WHERE id = person AND is_superuser
            )
            INSERT INTO inbox_auditentry (action, object_type, object_id, data, created_at)
            SELECT 'user.rights_taken', 'user', person::text, jsonb_build_object('changes', jsonb_build_object(
                'rights', jsonb_build_array(jsonb_agg(name ORDER BY name), '[]'::jsonb))), clock_timestamp()
            FROM rights HAVING count(*) > 0;
            UPDATE inbox_user SET is_staff = true, is_superuser = false WHERE id = person;
        END IF;
        INSERT INTO inbox_user_groups (user_id, group_id) SELECT person, opened WHERE opened IS NOT NULL
            ON CONFLICT DO NOTHING;
        RETURN;
    END IF;
    DELETE FROM inbox_user_groups WHERE user_id = person AND group_id = opened;
    IF FOUND THEN
        UPDATE inbox_user SET is_staff = false
        WHERE id = person AND is_staff AND NOT is_superuser
            AND NOT EXISTS (SELECT FROM inbox_user_groups WHERE user_id = person)
            AND NOT EXISTS (SELECT FROM inbox_user_user_permissions WHERE user_id = person);
    END IF;
END
$$;
CREATE OR REPLACE FUNCTION inbox_membership_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM inbox_follow_roles(OLD.user_id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM inbox_follow_roles(NEW.user_id);
    END IF;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER membership_opens_the_admin AFTER INSERT OR DELETE OR UPDATE OF role, user_id ON inbox_membership
    FOR EACH ROW EXECUTE FUNCTION inbox_membership_changed();
