"""The migrations of 0.1.0 make what those before it made, and take over from them wherever they stopped.

As long as the replaced ones are there, they can be played: with `replace_migrations=False` Django's loader uses them.
"""

import re
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from itertools import product

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from tests import forms, schema, template

Key = tuple[str, str]

APPS = ("inbox", "insights", "integrations", "jobs")
LOADED = MigrationLoader(None, replace_migrations=False)
NEW = {key: migration for key, migration in LOADED.disk_migrations.items() if migration.replaces}
OLD = {replaced for migration in NEW.values() for replaced in migration.replaces}
ENDS = [max(key for key in OLD if key[0] == app) for app in APPS]
FIRST = ("inbox", "0001_initial")
"""A database with this one of inbox and no other cannot go on (docs/operations.md): the product never ran on it."""


def needed_by(*keys: Key) -> frozenset[Key]:
    """These replaced ones, and those before them."""
    plans = [LOADED.graph.forwards_plan(key) for key in keys]
    return frozenset(found for plan in plans for found in plan if found in OLD)


def stops() -> Iterator[frozenset[Key]]:
    """What a database may have of the replaced ones: each alone with what it needs, all but each, and mixtures."""
    for key in sorted(OLD):
        yield needed_by(key)
        yield frozenset(OLD - set(LOADED.graph.backwards_plan(key)))
    for ends in product(*(some_of(app) for app in APPS)):
        yield needed_by(*(end for end in ends if end))


def some_of(app: str) -> list[Key | None]:
    """None of the app's replaced ones, every fourth, and the last."""
    keys = sorted(key for key in OLD if key[0] == app)
    return [None, *keys[:-1:4], keys[-1]]


STOPS = sorted(
    {stop for stop in stops() if stop and {key for key in stop if key[0] == "inbox"} != {FIRST}}, key=sorted
)


def test_each_replaced_migration_is_replaced_once_and_all_of_an_app_are():
    replaced = [key for migration in NEW.values() for key in migration.replaces]
    assert sorted(replaced) == sorted(OLD)
    earlier = {
        key
        for app, end in zip(APPS, ENDS, strict=True)
        for key in LOADED.disk_migrations
        if key[0] == app and key <= end
    }
    assert earlier - NEW.keys() == OLD


def test_the_new_ones_end_in_the_models_of_the_old_ones():
    old = LOADED.project_state(ENDS)
    new = MigrationLoader(None).project_state(sorted(NEW))
    assert MigrationAutodetector(old, new).changes(LOADED.graph) == {}
    assert old.models.keys() == new.models.keys() > set()


@pytest.mark.django_db
def test_the_functions_are_those_of_the_old_ones():
    made = functions_of(NEW)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regprocedure FROM pg_proc WHERE proname = ANY(%s)",
            [re.findall(r"FUNCTION (\w+)", made)],
        )
        functions = [function for (function,) in cursor.fetchall()]
        before = schema.read()["functions"]
        for function in functions:
            cursor.execute(f"DROP FUNCTION {function}")
        assert len(before - schema.read()["functions"]) == len(functions) > 0
        cursor.execute(functions_of(OLD))
    assert schema.read()["functions"] == before


def functions_of(keys: Iterable[Key]) -> str:
    """The statements in these migrations that make functions."""
    operations = [operation for key in sorted(keys) for operation in LOADED.disk_migrations[key].operations]
    made = [str(getattr(operation, "sql", "")) for operation in operations]
    return ";".join(sql for sql in made if re.search(r"CREATE (OR REPLACE )?FUNCTION", sql))


@pytest.mark.django_db
@pytest.mark.shortened
def test_wherever_the_old_ones_stopped_what_is_missing_is_run_once_and_in_order():
    for stop in STOPS[:: forms.either(9, 1)]:
        note(stop)
        executor = MigrationExecutor(connection)
        executor.loader.check_consistent_history(connection)
        assert not executor.loader.detect_conflicts()
        applied = set(stop)
        for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes()):
            key = (migration.app_label, migration.name)
            does = set(migration.replaces) or {key}
            assert not does & applied, (key, sorted(stop))
            if key in OLD:
                assert needed_by(key) - {key} <= applied, (key, sorted(stop))
            applied |= does
        assert applied >= OLD, sorted(OLD - applied)


def note(stop: Set[Key]) -> None:
    """Have it noted in the test's database that of ours these were applied."""
    rows = MigrationRecorder(connection).migration_qs
    rows.filter(app__in=APPS).delete()
    rows.bulk_create(rows.model(app=app, name=name) for app, name in sorted(stop))


@contextmanager
def database(name: str, like: str = "template1") -> Iterator[None]:
    """Django's connection works in a new database meanwhile, which is a copy of `like`."""
    parameters = connection.get_connection_params() | {"dbname": template.MAINTENANCE}
    server = connection.get_new_connection(parameters)
    server.autocommit = True
    with server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}"')
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
        try:
            with template.lent_to(name):
                yield
        finally:
            server.execute(f'DROP DATABASE "{name}"')


@pytest.fixture
def made_anew(django_db_setup, django_db_blocker) -> Iterator[dict[str, set[str]]]:
    """What today's migrations make of an empty database; others may be made meanwhile."""
    with django_db_blocker.unblock():
        with template.lent_to(template.name()):
            made = schema.read()
        yield made


@pytest.mark.slow
@pytest.mark.shortened
def test_what_is_undone_leaves_nothing_and_can_be_done_again(made_anew):
    undone, gone = forms.either(
        (
            [("jobs", "0001_squashed_0009_tables"), ("insights", "zero")],
            ["insights_", "jobs_start", "jobs_settle", "jobs_claim"],
        ),
        ([("inbox", "zero")], [f"{app}_" for app in APPS]),
    )
    with database("holdfast_undone", like=template.name()):
        for app, name in undone:
            call_command("migrate", app, name, verbosity=0)
        left = schema.read()
        rows = left["tables"] | left["functions"]
        assert not [row for row in rows if any(f'"{name}' in row for name in gone)]
        call_command("migrate", verbosity=0)
        assert schema.differences(schema.read(), made_anew) == []


@pytest.mark.long
@pytest.mark.slow
def test_the_old_ones_make_the_same_database_and_wherever_they_stop_the_rest_does(made_anew):
    with database("holdfast_old"):
        for ends in (
            [("inbox", "0002_initial")],
            [  # what the release has that `make rehearse-release` plays
                ("inbox", "0020_leaner_indexes"),
                ("insights", "0001_initial"),
                ("integrations", "0006_imported_not_known_yet"),
                ("jobs", "0005_settle_keeps_its_plan"),
            ],
            [("inbox", "0044_declared_providers_and_sources"), ("jobs", "0009_workers_have_places")],
            ENDS,
        ):
            executor = MigrationExecutor(connection)
            executor.loader = MigrationLoader(connection, replace_migrations=False)
            executor.migrate(ends)
            forget_the_new_ones()
            here = connection.settings_dict["NAME"]
            connection.close()
            with database("holdfast_old_then_new", like=here):
                executor = MigrationExecutor(connection)
                plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
                missing = {(migration.app_label, migration.name) for migration, _ in plan}
                assert missing.isdisjoint(OLD | NEW.keys()) == (ends is ENDS)
                call_command("migrate", verbosity=0)
                assert schema.differences(schema.read(), made_anew) == []
                assert NEW.keys() <= MigrationRecorder(connection).applied_migrations().keys()


def forget_the_new_ones() -> None:
    """As the releases before leave it, which do not know them."""
    for app, name in NEW:
        MigrationRecorder(connection).record_unapplied(app, name)
