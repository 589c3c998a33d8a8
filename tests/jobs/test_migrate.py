"""`manage.py migrate` asks for a lock for a moment only, and comes again until it gets one."""

import threading
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, migrations
from django.db.migrations.executor import MigrationExecutor

from jobs.management.commands import migrate

pytestmark = pytest.mark.django_db(transaction=True)

COMMENT = "COMMENT ON TABLE inbox_workspace IS "


class OneMore(MigrationExecutor):
    """Django's executor with one more migration to run, which needs the table of workspaces for itself."""

    atomic = True

    def migration_plan(self, targets, clean_start=False):
        change = migrations.Migration("0999_change", "jobs")
        change.atomic = self.atomic
        change.operations = [migrations.RunSQL(f"LOCK TABLE inbox_workspace; {COMMENT} 'changed'")]
        return [(change, False)]

    def record_migration(self, migration):
        """Leave nothing behind."""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("django.core.management.commands.migrate.MigrationExecutor", OneMore)
    monkeypatch.setattr(migrate, "LOCK_S", 0.2)
    monkeypatch.setattr(migrate, "PAUSE_S", 0.0)
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"{COMMENT} NULL")


def comment() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description('inbox_workspace'::regclass)")
        return cursor.fetchone()[0]


def run() -> str:
    out = StringIO()
    call_command("migrate", "jobs", stdout=out, stderr=out, verbosity=1)
    return out.getvalue()


def lock_timeout() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return cursor.fetchone()[0]


def test_a_concurrent_build_waits_without_end_as_it_stops_nobody():
    limits = []
    connection.ensure_connection()

    def execute(sql, *_others):
        limits.append((sql, lock_timeout()))

    for sql in (
        "CREATE INDEX CONCURRENTLY i ON t (c)",
        "ALTER TABLE t ADD c text",
        "ROLLBACK TO SAVEPOINT s",
        "CREATE FUNCTION f() RETURNS void AS 'REINDEX TABLE CONCURRENTLY t' LANGUAGE sql",
        "\n    DROP INDEX CONCURRENTLY IF EXISTS i",
    ):
        migrate.wait_briefly(execute, sql, None, False, {"connection": connection})
    assert [limit for _, limit in limits] == ["0", "200ms", "200ms", "200ms", "0"]
    connection.close()


def test_what_comes_after_it_in_its_session_waits_as_before():
    before = lock_timeout()
    run()
    assert lock_timeout() == before


@pytest.fixture
def busy():
    """A session that uses the table, in a transaction that stays open."""
    with connection.get_new_connection(connection.get_connection_params()) as session:
        session.execute("SELECT FROM inbox_workspace")
        yield session


@pytest.mark.parametrize("atomic", [True, False])
def test_it_runs_again_when_the_table_is_free(busy, monkeypatch, atomic):
    monkeypatch.setattr(OneMore, "atomic", atomic)
    told = threading.Event()

    def pause(_seconds: float) -> None:
        told.set()
        busy.rollback()

    monkeypatch.setattr(migrate, "time", SimpleNamespace(sleep=pause))
    said = run()
    assert told.is_set() and "Couldn’t get a lock within 0.2 s" in said
    assert comment() == "changed"


def test_it_says_what_to_do_when_it_gets_none(busy, monkeypatch):
    monkeypatch.setattr(migrate, "TRIES", 2)
    with pytest.raises(CommandError, match="in 2 tries"):
        run()
    assert comment() is None
