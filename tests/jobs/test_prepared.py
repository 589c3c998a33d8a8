"""Statements that are run again and again are kept by PostgreSQL, where the session is ours."""

from uuid import uuid4

import pytest
from django.db import DataError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from jobs import prepared

pytestmark = pytest.mark.django_db


def run(statement: str, times: int) -> list[int]:
    found = []
    for number in range(times):
        ((value,),) = prepared.execute(statement, [number])
        found.append(value)
    return found


def is_kept(statement: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM pg_prepared_statements WHERE statement = %s", [statement.replace("%s", "$1")]
        )
        return cursor.fetchone() is not None


def test_statement_is_kept_by_the_server_once_it_has_run_some_times():
    statement = f"SELECT %s::int /* {uuid4()} */"
    assert run(statement, prepared.PREPARE_AFTER) == [0, 1, 2]
    assert not is_kept(statement)
    assert run(statement, 2) == [0, 1]
    assert is_kept(statement)


def test_logged_statement_shows_its_values():
    with CaptureQueriesContext(connection) as queries:
        run("SELECT %s::int", 1)
    assert [query["sql"] for query in queries] == ["SELECT 0::int"]


def test_nothing_is_kept_where_a_pooler_answers_for_the_server(monkeypatch):
    """It gives its clients a process id of its own."""
    session = connection.connection
    monkeypatch.setattr(type(session.info), "backend_pid", session.info.backend_pid + 1)
    prepared.prepare_where_ours(connection)
    try:
        assert session.prepare_threshold is None
    finally:
        monkeypatch.undo()
        prepared.prepare_where_ours(connection)
    assert session.prepare_threshold == prepared.PREPARE_AFTER


def test_errors_are_django_s():
    with pytest.raises(DataError), transaction.atomic():
        prepared.execute("SELECT %s::text::int", ["many"])


def test_nothing_runs_in_a_transaction_that_is_to_be_rolled_back():
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(TransactionManagementError):
            prepared.execute("SELECT %s::int", [1])


def test_statement_without_rows_gives_none():
    assert prepared.execute("SET LOCAL lock_timeout = 1000", []) == []
