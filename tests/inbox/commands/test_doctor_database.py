"""manage.py doctor where the database does not work: each fault has its own sentence and its own fix."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from config.env import postgres_config
from demo.postgres import EmbeddedPostgres
from inbox.management.commands import doctor
from tests import template
from tests.campaign.stage import frozen
from tests.faults.test_pooler import reached
from tests.inbox.commands.test_doctor import run
from tests.pooling import Pooler
from tests.waiting import until

HBA = "local all guest scram-sha-256\nlocal all all trust\n"


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A server of this module's own, with a role that has a password and no rights."""
    with template.server_in(tmp_path_factory.mktemp("doctor")) as server:
        (server.data_dir / "pg_hba.conf").write_text(HBA)
        with psycopg.connect(server.url(), autocommit=True) as session:
            session.execute("SELECT pg_reload_conf()")
            session.execute("CREATE ROLE guest LOGIN PASSWORD 'pass-right'")
        yield server


@pytest.fixture
def told(settings, django_db_blocker: DjangoDbBlocker, monkeypatch) -> Callable[[str], str]:
    """What doctor says of the database at a URL."""
    settings.DEBUG = True
    monkeypatch.setattr(doctor, "CONNECT_S", 2)
    monkeypatch.setattr(doctor, "STATEMENT_S", 2)

    def tell(url: str) -> str:
        before = dict(connection.settings_dict)
        with django_db_blocker.unblock():
            connection.close()
            connection.settings_dict.update(postgres_config(url))
            try:
                return run("--no-providers")
            finally:
                connection.close()
                connection.settings_dict.update(before)

    return tell


@pytest.mark.parametrize(
    ("was", "instead", "fault", "fix"),
    [
        ("holdfast@", "guest:pass-wrong@", "rejects this user or password", "Correct both in DATABASE_URL"),
        ("holdfast@", "guest:pass-right@", "lacks permissions (42501", "roles.sql again"),
        ("/holdfast?", "/another?", "no database with this name", "Correct the name in DATABASE_URL"),
        ("pg.run", "nowhere", "refuses connections", "Start PostgreSQL"),
    ],
)
def test_each_fault_of_the_database_has_its_own_sentence_and_fix(postgres, told, was, instead, fault, fix):
    report = told(postgres.url().replace(was, instead))
    assert "FAIL  database: " in report and fault in report and fix in report
    assert "pass-" not in report


@pytest.mark.parametrize(
    ("host", "fault"),
    [("127.0.0.1:1", "refuses connections"), ("nowhere.invalid:5432", "host can’t be found")],
)
def test_a_host_that_refuses_and_one_that_is_not_found_are_two_faults(told, host, fault):
    assert f"FAIL  database: it{'s' * fault.startswith('host')} {fault} (" in told(
        f"postgres://web:key@{host}/holdfast"
    )


def test_a_frozen_database_is_said_to_take_connections_and_answer_nothing(postgres, told):
    with Pooler(postgres, 3, {"auth_type": "any"}) as pooler:
        until(lambda: reached(pooler.url()), "the pooler is up")
        with frozen(postgres):
            for url in (postgres.url(), pooler.url()):
                report = told(url)
                assert "FAIL  database: it accepts connections but doesn’t respond" in report
                assert "ps shows state T or D" in report


def test_a_pooler_that_refuses_a_password_or_a_name_is_told_from_one_that_reaches_no_database(
    postgres, told, tmp_path
):
    users = tmp_path / "users.txt"
    users.write_text('"guest" "pass-right"\n')
    with Pooler(postgres, 3, {"auth_type": "scram-sha-256", "auth_file": str(users)}) as pooler:
        url = pooler.url().replace("holdfast@", "guest:pass-right@")
        until(lambda: reached(url), "the pooler is up")
        assert "it rejects this user or password" in told(url.replace("pass-right", "pass-wrong"))
        assert "it has no database with this name" in told(f"{url}er")


def test_a_read_only_database_is_named_and_no_worker_is_asked_for(postgres, told):
    with psycopg.connect(postgres.url(), autocommit=True) as session:
        session.execute("ALTER DATABASE holdfast SET default_transaction_read_only = on")
    try:
        report = told(postgres.url())
    finally:
        with psycopg.connect(postgres.url(), autocommit=True) as session:
            session.execute("SET default_transaction_read_only = off")
            session.execute("ALTER DATABASE holdfast RESET default_transaction_read_only")
    assert "FAIL  database: it’s read-only" in report and "Name the primary in DATABASE_URL" in report
    assert "workers" not in report
