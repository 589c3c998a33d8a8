"""Migrations begin where release 0.2.0 ended. A new database, one of 0.2.0 and one of today end the same; any other is
refused before Django plans.

Here a database of 0.2.0 is one of today of which what came later is undone. `make rehearse-release` plays real ones.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlparse
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from config import views
from inbox.management.commands.doctor import examine
from jobs import schema_version as jobs_schema
from jobs.schema_version import checksum_of, refusal, run_file
from tests import factories, schema, template

Key = tuple[str, str]

ROOT = Path(__file__).resolve().parents[2]
APPS = ("inbox", "insights", "integrations", "jobs")
SQUASHED = {key: m for key, m in MigrationLoader(None).disk_migrations.items() if m.replaces}
OF_0_2_0 = sorted({replaced for migration in SQUASHED.values() for replaced in migration.replaces})
OF_0_1_0 = {"inbox": "0072", "insights": "0001", "integrations": "0013", "jobs": "0015"}
"""The number of the last migration of each app in release 0.1.0."""
FIRST_TABLES = ("inbox", "0001_squashed_0104_workspaces")


def until(numbers: dict[str, str]) -> set[Key]:
    return {key for key in OF_0_2_0 if key[1][:4] <= numbers[key[0]]}


REFUSED = {
    "0.1.0": until(OF_0_1_0),
    "the first commit": {("inbox", "0001_initial")},
    "between 0.1.0 and 0.2.0": until(OF_0_1_0 | {"inbox": "0090"}),
    "insights alone of 0.1.0": until(dict.fromkeys(APPS, "9999") | {"insights": "0001"}),
    "all but the last of the inbox": set(OF_0_2_0) - {("inbox", "0104_leads_that_are_suspected")},
}


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
def of_today(django_db_setup, django_db_blocker) -> Iterator[dict[str, set[str]]]:
    """What today's migrations make of an empty database; others may be made meanwhile."""
    with django_db_blocker.unblock():
        with template.lent_to(template.name()):
            made = schema.read()
        yield made


@contextmanager
def of_release_0_2_0() -> Iterator[None]:
    with database("holdfast_upgraded", like=template.name()):
        for app, name in sorted(SQUASHED):
            call_command("migrate", app, name, verbosity=0)
        for app, name in SQUASHED:
            MigrationRecorder(connection).record_unapplied(app, name)
        yield


def note(keys: set[Key]) -> None:
    """Have it noted in the database that of ours these were applied."""
    rows = MigrationRecorder(connection).migration_qs
    rows.filter(app__in=APPS).delete()
    rows.bulk_create(rows.model(app=app, name=name) for app, name in sorted(keys))


def noted() -> set[Key]:
    return {key for key in MigrationRecorder(connection).applied_migrations() if key[0] in APPS}


@pytest.mark.slow
def test_a_database_of_0_2_0_goes_on_and_ends_as_a_new_one(of_today):
    with of_release_0_2_0():
        assert noted() == set(OF_0_2_0)
        assert schema.differences(schema.read(), of_today)
        call_command("migrate", verbosity=0)
        assert schema.differences(schema.read(), of_today) == []
        assert noted() >= SQUASHED.keys() and refusal() == "" and jobs_schema.missing() == []
        call_command("migrate", verbosity=0)


@pytest.mark.slow
def test_a_new_database_goes_on_where_its_first_migrate_broke_off(of_today):
    with database("holdfast_new"):
        call_command("migrate", *FIRST_TABLES, verbosity=0)
        MigrationRecorder(connection).record_unapplied(*FIRST_TABLES)  # Django notes it at the end
        assert refusal() == ""
        call_command("migrate", verbosity=0)
        assert schema.differences(schema.read(), of_today) == []


@pytest.mark.slow
def test_0_2_0_knows_all_that_a_new_database_has_applied(of_today):
    with template.lent_to(template.name()):
        assert noted() >= set(OF_0_2_0)


@pytest.mark.parametrize("stop", REFUSED.values(), ids=REFUSED)
@pytest.mark.slow
def test_any_other_database_is_refused_before_django_plans(stop, of_today, monkeypatch):
    monkeypatch.setattr(views, "_migrated", threading.Event())
    with database("holdfast_refused", like=template.name()):
        note(stop)
        with pytest.raises(CommandError, match=r"`manage.py migrate` of release 0\.2\.0 first"):
            call_command("migrate", verbosity=0)
        assert noted() == stop and schema.differences(schema.read(), of_today) == []

        status, answer = views.readiness()
        assert status == 503 and "release 0.2.0 first" in answer["refusal"] and answer["missing_migrations"]
        last = list(examine(providers=False))[-1]  # the rest is not looked at
        assert (last.ok, last.subject) == (False, "schema") and "release 0.2.0 first" in last.fix


@pytest.mark.django_db
def test_each_single_gap_is_refused():
    for gap in OF_0_2_0:
        note(set(OF_0_2_0) - {gap})
        assert refusal(), gap
    note(set(OF_0_2_0))
    assert refusal() == ""


@pytest.mark.django_db
def test_another_package_s_migrations_refuse_no_database(monkeypatch):
    replaced = {("auth", "0001_squashed"): [("auth", "0001_initial"), ("auth", "of_a_later_django")]}
    monkeypatch.setattr(jobs_schema, "_on_disk", lambda: replaced)
    assert refusal() == ""


@pytest.mark.django_db
def test_messages_that_only_the_search_of_before_finds_are_waited_for():
    migration = MigrationLoader(None).disk_migrations["inbox", "0105_what_release_0_1_0_needed_goes"]
    message = factories.make_message(factories.make_lead(factories.make_workspace()), "thursday")
    state = MigrationLoader(None).project_state([("inbox", "0002_squashed_0104_tables")]).apps
    migration.operations[0].code(state, None)
    type(message).objects.update(found_by=None)
    with pytest.raises(CommandError, match="Let a worker of 0.2.0 run"):
        migration.operations[0].code(state, None)


@pytest.mark.slow
def test_what_is_undone_can_be_done_again(of_today):
    with database("holdfast_undone", like=template.name()):
        call_command("migrate", "inbox", "zero", verbosity=0)
        tables = schema.read()["tables"]
        assert tables and not [row for row in tables if any(f'"{app}_' in row for app in APPS)]
        call_command("migrate", verbosity=0)
        assert schema.differences(schema.read(), of_today) == []


def sql_files() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text() for path in sorted(ROOT.glob("*/sql/*.sql"))}


def test_each_file_of_functions_is_run_by_one_migration():
    texts = [path.read_text() for path in sorted(ROOT.glob("*/migrations/*.py"))]
    assert sorted(re.findall(r'run_file\("([^"]+)"', "".join(texts))) == list(sql_files()) > []


@pytest.mark.django_db
def test_a_file_of_functions_may_be_run_again_and_replaces_without_a_gap():
    before = schema.read()
    for text in sql_files().values():
        for statement in sqlparse.split(text):
            lines = [line for line in statement.splitlines() if not line.startswith("--")]
            assert re.match(r"CREATE OR REPLACE (FUNCTION|TRIGGER)|DO \$\$ BEGIN", lines[0])
            with connection.cursor() as cursor:
                cursor.execute(statement)
    assert schema.differences(before, schema.read()) == []


@pytest.mark.django_db
def test_every_function_and_trigger_of_the_database_stands_in_a_file():
    texts = "".join(sql_files().values())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " UNION SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        )
        names = {name for (name,) in cursor.fetchall()}
    made = set(re.findall(r"CREATE (?:OR REPLACE |CONSTRAINT )?(?:FUNCTION|TRIGGER) (\w+)", texts))
    assert names == made > set()


def test_a_file_that_has_changed_wants_a_migration_of_its_own():
    text = sql_files()["jobs/sql/claim.sql"]
    with pytest.raises(ImproperlyConfigured, match="Move its run_file"):
        run_file("jobs/sql/claim.sql", checksum_of(text + " "))
    assert run_file("jobs/sql/claim.sql", checksum_of(text)).sql
