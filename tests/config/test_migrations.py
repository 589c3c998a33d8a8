"""Migrations run before the new release starts: what the release before writes and reads must still fit afterwards.

Its INSERTs name the columns that it knows, its SELECTs and UPDATEs too. `make rehearse` plays it with a real one.
"""

import re
from collections.abc import Iterable, Iterator

import pytest
from django.apps import apps
from django.apps.registry import Apps
from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db import connection, migrations, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

OURS = ("jobs", "integrations", "inbox", "insights")
HARMLESS = (
    migrations.CreateModel,
    migrations.AddIndex,
    migrations.RemoveIndex,
    migrations.RenameIndex,
    migrations.RemoveConstraint,
    migrations.AlterModelOptions,
    migrations.AlterModelManagers,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,  # of a constraint that was added, and judged, before
)
FITS = {
    "inbox.0105_what_release_0_1_0_needed_goes: Raw Python operation": "It reads.",
    "inbox.0105_what_release_0_1_0_needed_goes: Raw SQL operation": "Refuses less than before.",
    "inbox.0106_browser_sessions: Raw SQL operation": "The database deletes rows of the new table itself.",
    "inbox.0108_deviations_from_contracts: Raw SQL operation": "It knows nothing of the table.",
    "inbox.0109_mailbox_alarms: Raw SQL operation": "It knows nothing of the table.",
    "integrations.0018_day_receipts: Raw SQL operation": "The database deletes rows of the new table itself.",
    "inbox.0110_second_factor: Raw SQL operation": "The database deletes rows of the new tables itself.",
    "integrations.0019_programs: Raw SQL operation": "The database deletes rows of the new tables itself.",
    "inbox.0113_marks_of_change: Raw SQL operation": "The database marks its rows too.",
    "inbox.0114_events: Raw SQL operation": "The database deletes rows of the new table itself.",
    "inbox.0117_start_of_each_change: Raw SQL operation": "The database marks its rows too.",
    "inbox.0119_labels: Raw SQL operation": "The database deletes rows of the new tables itself.",
    "inbox.0127_events_under_the_leads_lock: Raw SQL operation": "Its changes cause events, which it does not read.",
    "inbox.0123_leads_that_lose_a_message: Raw SQL operation": "The database adds the rows itself.",
    "inbox.0125_counts_from_indexes: Raw SQL operation": "The database visits the table more often.",
    "inbox.0126_bodies_with_secrets_go: Raw Python operation": "It cleans them as that release does.",
    "inbox.0128_promises_of_a_day: Raw SQL operation": "The database writes the columns itself.",
    "insights.0006_days_go_with_their_lead: Raw SQL operation": "The database deletes rows of the new tables itself.",
    "integrations.0020_webhook_endpoints: Raw SQL operation": "The database deletes rows of the new tables itself.",
    "jobs.0018_a_lane_for_every_job: Raw SQL operation": "It does so itself, for jobs that wait.",
    "jobs.0019_a_place_for_every_lane: Raw SQL operation": "The function of the same name claims as before.",
    "jobs.0017_settle_without_due_goes: Raw SQL operation": "It calls the function that takes `due`, too.",
}
"""Operations that the test cannot judge or would refuse, and why the release before works all the same."""

RELEASE_BEFORE = {
    "inbox": "0002_squashed_0104_tables",
    "insights": "0001_squashed_0004_insights",
    "integrations": "0001_squashed_0017_tables",
    "jobs": "0001_squashed_0016_tables",
}
"""The last migrations of the newest release in deploy/RELEASES."""
DOES: dict[object, str] = {models.CASCADE: "CASCADE", models.SET_NULL: "SET NULL"}
REFUSES: dict[str, str] = {}
"""Foreign keys that refuse what the release before deletes, and why."""
FOREIGN_KEYS = """
SELECT conrelid::regclass || '.' || attname,
       array_agg(CASE confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' ELSE 'refuses' END)
FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND conkey = ARRAY[attnum]
WHERE contype = 'f' GROUP BY 1
"""


def refused(plan: Iterable[migrations.Migration]) -> dict[str, str]:
    """What the release before could not live with: by operation, in words."""
    state, found, added = ProjectState(), {}, {}
    for migration in plan:
        before, state = state, migration.mutate_state(state)
        if migration.app_label not in OURS or migration.initial:
            continue
        for operation in operations_on_the_database(migration):
            label = migration.app_label
            constraint = getattr(operation, "constraint", None)
            what = f"constraint {constraint.name}" if constraint else operation.describe()
            name = f"{label}.{migration.name}: {what}"
            table = (label, getattr(operation, "model_name_lower", None))
            if is_harmless(operation) or (table[1] and table not in before.models):
                continue
            if isinstance(operation, migrations.AddField):
                added[*table, operation.name] = name, operation.field
            elif isinstance(operation, migrations.AlterField):
                old = before.models[table].fields.get(operation.name, operation.field)
                found[name] = ", ".join(narrowed(old, operation.field))
            else:
                added.pop((*table, getattr(operation, "name", "")), None)
                found[name] = "it may not know of this"
    for (*table, column), (name, field) in added.items():  # as it is in the end, all migrations run at once
        found[name] = unfit(state.models[*table].fields.get(column, field))
    return {name: problem for name, problem in found.items() if problem}


def operations_on_the_database(migration: migrations.Migration) -> Iterator[Operation]:
    for operation in migration.operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from operation.database_operations
        else:
            yield operation


def is_harmless(operation: Operation) -> bool:
    if isinstance(operation, migrations.RunSQL) and isinstance(operation.sql, str):
        return re.match(r"\s*(DROP|CREATE) INDEX\b[^;]*$", operation.sql) is not None
    return isinstance(operation, HARMLESS)


def unfit(field: models.Field) -> str:
    """Why rows without a value for the added `field` are refused; empty where they are not."""
    given = field.has_db_default() or field.generated
    if not (field.null or given or field.many_to_many):
        return "NOT NULL without a db_default: it does not name the column"
    return "the default is taken after one row" if given and field.unique else ""


def narrowed(old: models.Field, new: models.Field) -> Iterator[str]:
    """What `new` no longer takes of that which `old` took."""
    if old.null and not new.null:
        yield "it may write NULL"
    if old.has_db_default() and not new.has_db_default() and not new.null:
        yield "it may not name the column"
    if new.unique and not old.unique:
        yield "it may write the same twice"
    if old.db_column != new.db_column:
        yield "it knows the column by its old name"
    if type_of(old) != type_of(new) and not is_wider(old, new):
        yield "it may write what the type does not take"


def type_of(field: models.Field) -> object:
    """The column's type. A foreign key's is its target's."""
    if field.remote_field:
        return str(field.remote_field.model).lower(), bool(field.db_constraint)
    return field.db_parameters(connection)["type"]


def is_wider(old: models.Field, new: models.Field) -> bool:
    if not isinstance(old, models.CharField) or not isinstance(new, models.CharField | models.TextField):
        return False
    return new.max_length is None or (old.max_length is not None and new.max_length >= old.max_length)


def test_every_migration_leaves_the_release_before_at_work():
    executor = MigrationExecutor(None)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    found = refused(migration for migration, _ in plan)
    lines = [f"{name} ({problem})" for name, problem in found.items() if name not in FITS]
    assert not lines, "\n".join(
        [
            "The release before could not work on this schema. Give a db_default, or take two releases: the first"
            " stops using it, the second removes it. Where it fits all the same, say why in FITS.",
            *lines,
        ]
    )
    assert FITS.keys() <= found.keys(), "said to fit, and not asked about"


@pytest.mark.django_db
def test_what_the_release_before_deletes_is_not_refused_by_tables_that_it_does_not_know():
    loader = MigrationLoader(None)
    before = loader.project_state(list(RELEASE_BEFORE.items())).apps
    known = {f"{table}.{column}" for table, column, _ in foreign_keys_of(before)}
    with connection.cursor() as cursor:
        cursor.execute(FOREIGN_KEYS)
        found = dict(cursor.fetchall())
    wrong = {
        f"{table}.{column}": does
        for table, column, does in foreign_keys_of(apps)
        if f"{table}.{column}" not in known and does not in found.get(f"{table}.{column}", [])
    }
    assert known, "the release before has foreign keys"
    assert wrong.keys() == REFUSES.keys(), (
        "Its Django deletes no rows of a table that it does not know. Have the database do it, by a second foreign key"
        f" ON DELETE, or say in REFUSES why not: {wrong}"
    )


def foreign_keys_of(known: Apps) -> Iterator[tuple[str, str, str | None]]:
    """Table, column, and what the database is to do with a row when the one that it points to is deleted."""
    for model in known.get_models(include_auto_created=True):
        if model._meta.app_label in OURS:
            for field in model._meta.local_fields:
                if field.remote_field and field.db_constraint:
                    yield model._meta.db_table, field.column, DOES.get(field.remote_field.on_delete)


def migration(name: str, *operations: Operation, initial: bool = False) -> migrations.Migration:
    made = migrations.Migration(name, "inbox")
    made.operations, made.initial = list(operations), initial
    return made


THING = migrations.CreateModel(
    "Thing", [("id", models.AutoField(primary_key=True)), ("name", models.CharField(max_length=9, null=True))]
)


def add(name: str = "size", field: models.Field | None = None, model: str = "thing") -> Operation:
    return migrations.AddField(model, name, field or models.IntegerField(default=0))


def alter(field: models.Field, name: str = "name") -> Operation:
    return migrations.AlterField("thing", name, field)


@pytest.mark.parametrize(
    ("operations", "word"),
    [
        ([add()], "NOT NULL without a db_default"),
        ([add("place", models.ForeignKey("inbox.Thing", models.CASCADE))], "NOT NULL without a db_default"),
        ([add("code", models.IntegerField(unique=True, db_default=1))], "taken after one row"),
        ([alter(models.CharField(max_length=9))], "may write NULL"),
        ([alter(models.CharField(max_length=9, null=True, unique=True))], "the same twice"),
        ([alter(models.CharField(max_length=8, null=True))], "does not take"),
        ([alter(models.IntegerField(null=True))], "does not take"),
        ([alter(models.CharField(max_length=9, null=True, db_column="title"))], "old name"),
        ([migrations.RemoveField("thing", "name")], "may not know"),
        ([migrations.RenameField("thing", "name", "title")], "may not know"),
        ([migrations.RenameModel("Thing", "Item")], "may not know"),
        ([migrations.DeleteModel("Thing")], "may not know"),
        ([migrations.AddConstraint("thing", models.UniqueConstraint("name", name="one"))], "may not know"),
        ([migrations.RunSQL("ALTER TABLE inbox_thing ALTER name SET NOT NULL")], "may not know"),
        ([migrations.RunSQL("DROP INDEX a; ALTER TABLE inbox_thing DROP name")], "may not know"),
        ([migrations.RunSQL("CREATE UNIQUE INDEX one ON inbox_thing (name)")], "may not know"),
        ([migrations.RunPython(migrations.RunPython.noop)], "may not know"),
        ([migrations.SeparateDatabaseAndState(database_operations=[add()])], "NOT NULL"),
        (
            [migrations.SeparateDatabaseAndState([migrations.RemoveField("thing", "name")], [])],
            "may not know",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value[0]).__name__,
)
def test_what_the_release_before_cannot_live_with_is_refused(operations, word):
    found = refused([migration("0001_initial", THING, initial=True), migration("0002_next", *operations)])
    assert len(found) == 1 and word in "".join(found.values())


def test_a_default_that_goes_again_is_refused():
    steps = [
        migration("0001_initial", THING, initial=True),
        migration("0002_add", add("size", models.IntegerField(db_default=0))),
        migration("0003_drop", alter(models.IntegerField(default=0), "size")),
    ]
    assert sorted(refused(steps)) == [
        "inbox.0002_add: Add field size to thing",
        "inbox.0003_drop: Alter field size on thing",
    ]


@pytest.mark.parametrize(
    "operations",
    [
        [add("size", models.IntegerField(default=0, db_default=0))],
        [add("size", models.IntegerField(null=True))],
        [add(), alter(models.IntegerField(default=0, db_default=0), "size")],
        [alter(models.CharField(max_length=10, null=True, choices=[("a", "A")]))],
        [alter(models.TextField(null=True))],
        [migrations.CreateModel("Other", [("id", models.AutoField(primary_key=True))]), add(model="other")],
        [migrations.AddIndex("thing", models.Index(fields=["name"], name="thing_name"))],
        [migrations.RunSQL("CREATE INDEX CONCURRENTLY thing_name ON inbox_thing (name)")],
    ],
)
def test_what_it_can_live_with_passes(operations):
    assert (
        refused([migration("0001_initial", THING, initial=True), migration("0002_next", *operations)]) == {}
    )
