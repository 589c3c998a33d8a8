"""What a database is made of, as PostgreSQL describes it: two databases may be compared, however they came to be."""

from typing import Any

from django.db import connection

OURS = "n.nspname = 'public'"

PARTS = {
    "tables": f"""
        SELECT c.relname, c.relkind, c.relpersistence, c.reloptions, c.relrowsecurity, c.relreplident,
               obj_description(c.oid, 'pg_class')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {OURS} AND c.relkind IN ('r', 'p', 'v', 'm')""",
    # Without their order: a statement names the columns that it means.
    "columns": f"""
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
               pg_get_expr(d.adbin, d.adrelid), a.attcollation::regcollation, a.attstorage, a.attcompression,
               coalesce(a.attstattarget, -1), a.attoptions, col_description(c.oid, a.attnum)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE {OURS} AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped""",
    "indexes": f"""
        SELECT c.relname, pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready, i.indisprimary, i.indisunique,
               i.indisclustered, i.indisreplident, c.reloptions, obj_description(c.oid, 'pg_class')
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {OURS}""",
    "constraints": f"""
        SELECT o.conname, o.conrelid::regclass, pg_get_constraintdef(o.oid), o.contype, o.condeferrable, o.condeferred,
               o.convalidated, o.connoinherit, obj_description(o.oid, 'pg_constraint')
        FROM pg_constraint o JOIN pg_namespace n ON n.oid = o.connamespace
        WHERE {OURS}""",
    "sequences": f"""
        SELECT c.relname, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
               t.relname, a.attname
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.refobjsubid > 0
        LEFT JOIN pg_class t ON t.oid = d.refobjid
        LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE {OURS}""",
    "functions": f"""
        SELECT p.oid::regprocedure, pg_get_functiondef(p.oid), obj_description(p.oid, 'pg_proc')
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE {OURS} AND p.prokind IN ('f', 'p')""",
    "triggers": f"""
        SELECT t.tgname, pg_get_triggerdef(t.oid), t.tgenabled
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {OURS} AND NOT t.tgisinternal""",
    "views": f"""
        SELECT c.relname, pg_get_viewdef(c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {OURS} AND c.relkind IN ('v', 'm')""",
    "types": f"""
        SELECT t.typname, t.typtype, (SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e
                                      WHERE e.enumtypid = t.oid)
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE {OURS} AND t.typtype IN ('e', 'd', 'r')""",
    "statistics": f"""
        SELECT s.stxname, pg_get_statisticsobjdef(s.oid)
        FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
        WHERE {OURS}""",
    "policies": "SELECT polname, polrelid::regclass, polcmd, pg_get_expr(polqual, polrelid) FROM pg_policy",
    "extensions": "SELECT extname, extversion FROM pg_extension",
    "schemas": "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'",
    "permissions": """
        SELECT t.app_label, t.model, p.codename, p.name
        FROM django_content_type t LEFT JOIN auth_permission p ON p.content_type_id = t.id""",
}
"""One statement for each part. What Django writes after migrations, the permissions, is told too."""


def read(database: Any = connection) -> dict[str, set[str]]:
    """Every row of each part, as text, of the database in which Django's connection works, or psycopg's."""
    found = {}
    with database.cursor() as cursor:
        for part, statement in PARTS.items():
            cursor.execute(f"SELECT row_to_json(part)::text FROM ({statement}) part")
            found[part] = {row for (row,) in cursor.fetchall()}
    return found


def differences(one: dict[str, set[str]], other: dict[str, set[str]]) -> list[str]:
    """What only `one` (-) or only `other` (+) has; empty where they are alike."""
    return [
        f"{sign} {part}: {row}"
        for part in PARTS
        for sign, rows in (("-", one[part] - other[part]), ("+", other[part] - one[part]))
        for row in sorted(rows)
    ]
