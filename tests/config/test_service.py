"""What a platform asks: is the process up, is it ready."""

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from config import views
from jobs import schema
from tests import factories


@pytest.mark.parametrize("path", ["/healthz", "/healthz/"])
def test_healthz_needs_no_database_and_no_login(path):
    assert Client().get(path).content == b"ok"  # without a database mark any query would raise


@pytest.mark.django_db
def test_readyz_tells_about_the_queue():
    from jobs.enqueue import enqueue

    cache.delete(views.QUEUE)
    enqueue("reply.send", workspace_id=factories.make_workspace().pk, dedupe_key="x", payload={})
    answer = Client().get("/readyz").json()
    assert answer["ready"] is True
    assert answer["oldest_due_job_s"] >= 0
    assert list(answer["oldest_due_by_lane_s"]) == ["reply"] and answer["broken_promises"] == []
    assert list(answer["oldest_due_by_kind_s"]) == ["reply.send"]
    assert answer["wait_p95_by_lane_ms"] == answer["wait_p95_by_kind_ms"] == {}
    assert answer["last_worker_heartbeat_s"] is None


@pytest.mark.django_db
def test_readyz_counts_the_accounts_whose_secrets_cannot_be_read_and_stays_ready():
    account = factories.make_integration(factories.make_workspace())
    factories.make_integration(account.workspace, "smartlead")
    factories.lose_key(account)
    cache.delete(views.UNREADABLE)
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["unreadable_secrets"]) == (200, 1)


@pytest.mark.django_db
def test_readyz_is_503_while_migrations_are_missing(monkeypatch):
    monkeypatch.setattr(schema, "missing", lambda: ["inbox.0099_future"])
    views._migrated.clear()
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["missing_migrations"] == ["inbox.0099_future"]


@pytest.mark.django_db
def test_readyz_asks_for_migrations_only_until_all_were_there(django_assert_max_num_queries):
    views._migrated.clear()
    Client().get("/readyz")
    with django_assert_max_num_queries(3):
        Client().get("/readyz")


def test_readyz_is_503_without_a_database(monkeypatch):
    def away():
        raise OperationalError("connection refused")

    monkeypatch.setattr(views, "_heartbeat_s", away)
    views._migrated.set()
    response = Client().get("/readyz")
    assert (response.status_code, response.json()) == (503, {"ready": False, "database": "unreachable"})


@pytest.mark.django_db
def test_a_queue_that_takes_too_long_to_count_is_told_and_is_no_503(monkeypatch):
    def too_long(*_args, **_kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(60)")

    cache.delete(views.QUEUE)
    monkeypatch.setattr(views, "QUEUE_STATEMENT_MS", 1)
    monkeypatch.setattr("jobs.stats.lanes", too_long)
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["queue"]) == (200, "not counted: slow")
    monkeypatch.undo()
    assert Client().get("/readyz").json()["queue"] == "not counted: slow"  # it is not asked again at once
    cache.delete(views.QUEUE)


@pytest.mark.django_db
def test_readyz_counts_what_a_newer_release_has_migrated_and_stays_ready():
    MigrationRecorder(connection).record_applied("inbox", "9999_of_a_later_release")
    cache.delete(views.UNKNOWN)
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["unknown_migrations"]) == (200, 1)
    cache.delete(views.UNKNOWN)
