"""A migration runs beside traffic: no statement of it holds a lock that people and providers would wait behind.

What `sqlmigrate` prints is judged statement by statement, of each migration that is run on a database of before. A
table that the migration itself makes has no traffic yet.
"""

import re
from collections.abc import Iterable, Iterator

import pytest
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

OURS = {"inbox", "insights", "integrations", "jobs"}
ALLOWED: dict[str, str] = {
    "inbox.0106_browser_sessions": "the keys of a new table, to sessions and users, who are few",
    "inbox.0107_company_log_in": "the index of a new, empty column of the users, who are few",
    "inbox.0119_labels": "the keys of new, empty tables, which are made in a moment; a lock is waited for 2 s",
    "integrations.0020_webhook_endpoints": "the keys of new, empty tables, to events that nothing writes yet",
}
"""Statements that are refused by their form and harm nobody, by migration: why."""

NAME = r'(?:IF (?:NOT )?EXISTS )?(?:ONLY )?"?(\w+)"?'
VOLATILE = r"DEFAULT [^,]*\b(?:gen_random_uuid|uuidv[47]|uuid_generate_\w+|random|clock_timestamp|timeofday|nextval)\("
CHANGE = rf"ALTER TABLE {NAME}"
RULES = {
    rf"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)\S+ ON {NAME}": "writes wait for it: AddIndexConcurrently",
    r"(?:DROP INDEX|REINDEX \w+) (?!CONCURRENTLY)()": "it stops who uses the table: RemoveIndexConcurrently",
    rf"{CHANGE} ADD (?:CONSTRAINT \S+ )?(?:CHECK|FOREIGN KEY)(?!.* NOT VALID)": (
        "the table is read under the lock: AddConstraintNotValid, and ValidateConstraint in a migration of its own"
    ),
    rf"{CHANGE} ADD (?:CONSTRAINT \S+ )?(?:UNIQUE|PRIMARY KEY|EXCLUDE)(?!.* USING INDEX)": (
        "its index is built under the lock: build it concurrently, then add the constraint USING INDEX"
    ),
    rf"{CHANGE} ADD COLUMN .*(?:\bSTORED\b|\bIDENTITY\b|serial\b)": "the table is written anew under the lock",
    rf"{CHANGE} ADD COLUMN .*{VOLATILE}": "the table is written anew, as each row gets another value",
    rf"{CHANGE} ALTER COLUMN \S+ (?:SET DATA )?TYPE": "the table may be written anew: add a column instead",
    rf"{CHANGE} ALTER COLUMN \S+ SET NOT NULL": "the table is read under the lock: a CHECK, NOT VALID at first",
    rf"(?:LOCK TABLE|LOCK|TRUNCATE TABLE|TRUNCATE|CLUSTER|VACUUM FULL) {NAME}": "nobody can use the table",
}
TRIGGER = r"(?:CREATE (?:OR REPLACE )?(?:CONSTRAINT )?|DROP )TRIGGER .*? ON"
LOCKS = re.compile(rf"(?:ALTER TABLE|DROP TABLE|{TRIGGER}) {NAME}")
REFERS = re.compile(rf"ALTER TABLE .* REFERENCES {NAME}")
"""A foreign key locks the table that it refers to."""
QUOTED = re.compile(r"(\$\w*\$).*?\1|'(?:[^']|'')*'")
"""The body of a function, or a text. What is in it is no statement of the migration."""
WRITES = re.compile(r"(?:UPDATE|DELETE FROM|INSERT INTO) ")


def refused(statements: Iterable[str], *, atomic: bool) -> Iterator[str]:
    """What of a migration's statements would make traffic wait, in words."""
    scripts = [[line for line in plain(statement) if line] for statement in statements]
    lines = [line for script in scripts for line in script]
    made = {table for line in lines for table in re.findall(rf"^CREATE TABLE {NAME}", line)}
    for line in lines:
        for form, why in RULES.items():
            if (found := re.match(form, line, re.I)) and found[1] not in made:
                yield f"{line[:90]}: {why}"
        if atomic and re.match(r"(?:CREATE|DROP|REINDEX)\b.*\bCONCURRENTLY\b", line, re.I):
            yield f"{line[:90]}: it runs outside of transactions alone: atomic = False"
    for together in [lines] if atomic else scripts:  # PostgreSQL runs a script in one transaction too
        yield from refused_together(together, made)


def refused_together(lines: list[str], made: set[str]) -> Iterator[str]:
    """What of the statements of one transaction would make traffic wait, as they stand together."""
    locked = [
        (found[1], at)
        for at, line in enumerate(lines)
        if (found := LOCKS.match(line)) and found[1] not in made
    ]
    if len({table for table, _ in locked}) > 1:
        yield f"{sorted({table for table, _ in locked})} are locked together: a migration for each"
    referred = {found[1] for line in lines if (found := REFERS.match(line))} - made
    if len(referred) > 1:
        yield f"foreign keys lock {sorted(referred)} together: a transaction for each"
    if any(WRITES.match(line) for _, at in locked[:1] for line in lines[at + 1 :]):
        yield f"rows are written while {locked[0][0]} is locked: a migration of its own"


def plain(script: str) -> list[str]:
    """The statements of a script, each in one line, without comments and what is quoted: a raw SQL of many statements
    comes as one.
    """
    line = " ".join(re.sub(r"--.*", "", script).split())
    return [statement.strip() for statement in QUOTED.sub("''", line).split(";")]


@pytest.mark.django_db(transaction=True)
def test_no_migration_makes_traffic_wait():
    loader = MigrationExecutor(connection).loader
    found = {
        f"{label}.{name}": list(refused(sql_of(loader, migration), atomic=migration.atomic))
        for (label, name), migration in loader.graph.nodes.items()
        if label in OURS and not migration.replaces  # which only a new database runs
    }
    assert found, "migrations of today are judged"
    wrong = {name: lines for name, lines in found.items() if lines and name not in ALLOWED}
    assert not wrong, "\n".join(f"{name}: {line}" for name, lines in wrong.items() for line in lines)
    assert all(found.get(name) for name in ALLOWED), "allowed, and not refused"


def sql_of(loader: MigrationLoader, migration: Migration) -> list[str]:
    return loader.collect_sql([(migration, False)])


@pytest.mark.parametrize(
    "statement",
    [
        'CREATE INDEX "i" ON "inbox_lead" ("a")',
        'CREATE UNIQUE INDEX "i" ON "inbox_lead" ("a")',
        'DROP INDEX IF EXISTS "i"',
        'ALTER TABLE "inbox_lead" ADD CONSTRAINT "c" CHECK ("a" > 0)',
        'ALTER TABLE "inbox_lead" ADD CONSTRAINT "c" FOREIGN KEY ("a") REFERENCES "b" ("id") DEFERRABLE',
        'ALTER TABLE "inbox_lead" ADD CONSTRAINT "c" UNIQUE ("a")',
        'ALTER TABLE "inbox_lead" ADD COLUMN "a" text GENERATED ALWAYS AS (upper(b)) STORED',
        'ALTER TABLE "inbox_lead" ADD COLUMN "a" uuid DEFAULT gen_random_uuid() NOT NULL',
        'ALTER TABLE "inbox_lead" ALTER COLUMN "a" TYPE bigint USING "a"::bigint',
        'ALTER TABLE "inbox_lead" ALTER COLUMN "a" SET NOT NULL',
        "LOCK TABLE inbox_lead",
    ],
)
def test_what_makes_traffic_wait_is_refused(statement):
    assert list(refused(["--\n-- Words\n--", statement + ";"], atomic=False))


@pytest.mark.parametrize(
    "statement",
    [
        'CREATE INDEX CONCURRENTLY "i" ON "inbox_lead" ("a")',
        "DROP INDEX CONCURRENTLY IF EXISTS i",
        'ALTER TABLE "inbox_lead" ADD CONSTRAINT "c" CHECK ("a" > 0) NOT VALID',
        'ALTER TABLE "inbox_lead" VALIDATE CONSTRAINT "c"',
        'ALTER TABLE "inbox_lead" ADD CONSTRAINT "c" UNIQUE USING INDEX "i"',
        'ALTER TABLE "inbox_lead" ADD COLUMN "a" boolean DEFAULT false NOT NULL',
        'ALTER TABLE "inbox_lead" ADD COLUMN "a" timestamptz DEFAULT (STATEMENT_TIMESTAMP()) NOT NULL',
        'CREATE TABLE "x" ("id" uuid DEFAULT gen_random_uuid() NOT NULL)',
    ],
)
def test_what_holds_nobody_up_is_taken(statement):
    assert not list(refused([statement], atomic=False))


def test_a_table_of_the_migration_itself_has_no_traffic():
    made = [
        'CREATE TABLE "x" ("id" bigint)',
        'CREATE INDEX "i" ON "x" ("id")',
        'ALTER TABLE "x" ADD CONSTRAINT "c" CHECK (id > 0)',
    ]
    assert not list(refused([*made, 'ALTER TABLE "inbox_lead" ADD COLUMN "a" text NULL'], atomic=True))


def test_one_transaction_locks_one_table_and_writes_no_rows_under_it():
    add = 'ALTER TABLE "{}" ADD COLUMN "a" text NULL'
    assert list(refused([add.format("one"), add.format("two")], atomic=True))
    assert list(refused([add.format("one"), "UPDATE one SET a = 'x'"], atomic=True))
    assert not list(refused([add.format("one"), add.format("two"), "UPDATE one SET a = 'x'"], atomic=False))


def test_triggers_inside_a_script_of_several_statements_are_seen():
    function = (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE x ADD a text; END $$;"
    )
    follow = "CREATE {} t AFTER INSERT OR UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION f();"
    for trigger in ("TRIGGER", "OR REPLACE TRIGGER", "CONSTRAINT TRIGGER"):
        one, two = follow.format(trigger, "one"), follow.format(trigger, "two")
        assert list(refused([f"{function} {one}\n{two}"], atomic=True))
        assert list(refused([f"{function} {one}\n{two}"], atomic=False))
        assert not list(refused([function, one, two], atomic=False))
        assert not list(refused([f"{function} {one}"], atomic=True))
    assert list(refused(["SELECT 1; CREATE INDEX i ON inbox_lead (a)"], atomic=False))


def test_an_index_is_built_outside_of_a_transaction():
    assert list(refused(['CREATE INDEX CONCURRENTLY "i" ON "x" ("id")'], atomic=True))
