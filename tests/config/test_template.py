"""The database that test databases are copies of, and the server that tests' own servers are copies of."""

import shutil

import psycopg
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests import template


@pytest.mark.django_db
def test_a_test_database_is_a_migrated_copy_of_a_template_that_nobody_makes_twice(monkeypatch):
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
    monkeypatch.setattr(template, "_migrate", lambda database: pytest.fail("made again"))
    another = f"{connection.settings_dict['NAME']}_another"
    template.copy_to(another)
    template.drop(another)


@pytest.mark.django_db
def test_commits_to_a_copy_do_not_wait_for_the_disk():
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("off",)


@pytest.mark.long
def test_a_server_of_a_tests_own_begins_migrated_and_is_made_once(tmp_path, monkeypatch):
    first = template.server_in(tmp_path, durable=True)
    monkeypatch.setattr(template, "_make_server", lambda kept: pytest.fail("made again"))
    (tmp_path / "other").mkdir()
    for server, fsync in ((first, "on"), (template.server_in(tmp_path / "other"), "off")):
        with server, psycopg.connect(server.url()) as session:
            assert session.execute("SELECT count(*) FROM django_migrations").fetchone()[0] > 0
            assert session.execute("SELECT count(*) FROM inbox_workspace").fetchone() == (0,)
            assert session.execute("SHOW fsync").fetchone() == (fsync,)


@pytest.mark.parametrize("path", ["jobs/migrations/0001_squashed_0016_tables.py", "requirements.txt"])
def test_a_changed_migration_or_package_makes_another_template(tmp_path, path):
    for place in (path, "jobs/migrations/__init__.py", "requirements.txt"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(template.ROOT / place, tmp_path / place)
    before = template.fingerprint(tmp_path)
    assert template.fingerprint(tmp_path) == before
    with (tmp_path / path).open("a") as file:
        file.write("# changed\n")
    assert template.fingerprint(tmp_path) != before
