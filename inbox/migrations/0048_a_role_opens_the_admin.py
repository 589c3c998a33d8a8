"""The groups of the admin, and a trigger by which owners and admins of a workspace enter it.

The trigger follows every change of a membership, however it is made. It locks the person's row first, so that of two
changes at once the second sees the first: who loses two roles at the same time keeps none by chance. A person who is
staff for another reason (a superuser, or one with another group or permission) stays staff.

What the groups may do is written after each `migrate` (inbox/roles.py), as permissions exist only then.
"""

from django.db import migrations

GROUPS = "INSERT INTO auth_group (name) VALUES ('Support'), ('Operator'), ('Workspace admin') ON CONFLICT DO NOTHING"

FOLLOW = """
CREATE FUNCTION inbox_follow_roles(person bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    opened integer := (SELECT id FROM auth_group WHERE name = 'Workspace admin');
BEGIN
    PERFORM FROM inbox_user WHERE id = person FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM inbox_membership WHERE user_id = person AND role IN ('owner', 'admin')) THEN
        INSERT INTO inbox_user_groups (user_id, group_id) SELECT person, opened WHERE opened IS NOT NULL
            ON CONFLICT DO NOTHING;
        UPDATE inbox_user SET is_staff = true WHERE id = person AND NOT is_staff;
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
CREATE FUNCTION inbox_membership_changed() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER membership_opens_the_admin AFTER INSERT OR DELETE OR UPDATE OF role, user_id ON inbox_membership
    FOR EACH ROW EXECUTE FUNCTION inbox_membership_changed();
"""

UNFOLLOW = """
DROP TRIGGER membership_opens_the_admin ON inbox_membership;
DROP FUNCTION inbox_membership_changed();
DROP FUNCTION inbox_follow_roles(bigint);
"""

THOSE_WHO_ARE = """
SELECT inbox_follow_roles(user_id) FROM (
    SELECT DISTINCT user_id FROM inbox_membership WHERE role IN ('owner', 'admin') ORDER BY user_id
) people
"""


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("inbox", "0047_texts_opened_with_a_reason"),
    ]

    operations = [
        migrations.RunSQL(GROUPS, migrations.RunSQL.noop),
        migrations.RunSQL(FOLLOW, UNFOLLOW),
        migrations.RunSQL(THOSE_WHO_ARE, migrations.RunSQL.noop),
    ]
