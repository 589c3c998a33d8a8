"""What a platform asks: is the process up, is it ready."""

from threading import Thread

import pytest
import requests
from django.core.cache import cache
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from config import health_listener, views
from jobs import schema_version
from tests import factories
from tests.waiting import PATIENCE_S

TOKEN = "token-of-the-operator"


@pytest.fixture(autouse=True)
def token(settings):
    settings.METRICS_TOKEN = TOKEN


def asked():
    """What an operator is told."""
    return Client().get("/readyz", headers={"Authorization": f"Bearer {TOKEN}"})


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}])
def test_a_stranger_is_told_whether_it_is_ready_and_no_more(headers, monkeypatch):
    assert Client().get("/readyz", headers=headers).json() == {"ready": True}
    monkeypatch.setattr(schema_version, "missing", lambda: ["inbox.0099_future"])
    views._migrated.clear()
    answer = Client().get("/readyz", headers=headers)
    assert (answer.status_code, answer.json()) == (503, {"ready": False})


@pytest.mark.django_db
def test_without_a_token_nobody_holds_it(settings):
    settings.METRICS_TOKEN = ""
    assert Client().get("/readyz", headers={"Authorization": "Bearer "}).json() == {"ready": True}


@pytest.mark.django_db
def test_readyz_says_which_commit_runs(settings):
    answer = asked().json()
    assert (answer["version"], answer["commit"]) == (settings.VERSION, settings.COMMIT)


def test_the_health_port_tells_all_of_readyz(monkeypatch):
    """It is the operator's own."""
    monkeypatch.setattr(views, "readiness", lambda: (503, {"ready": False, "database": "unreachable"}))
    with health_listener.open_socket("127.0.0.1:0") as listener:
        server = health_listener._Server(listener)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            answer = requests.get(f"{address}/readyz?x=1", timeout=PATIENCE_S)
            assert requests.get(f"{address}/metrics", timeout=PATIENCE_S).status_code == 404
        finally:
            server.shutdown()
            thread.join()
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "database": "unreachable"})


@pytest.mark.parametrize("path", ["/healthz", "/healthz/"])
def test_healthz_needs_no_database_and_no_login(path):
    assert Client().get(path).content == b"ok"  # without a database mark any query would raise


@pytest.mark.django_db
def test_readyz_tells_about_the_queue():
    from jobs.enqueue import enqueue

    cache.delete(views.QUEUE)
    enqueue("reply.send", workspace_id=factories.make_workspace().pk, dedupe_key="x", payload={})
    answer = asked().json()
    assert answer["ready"] is True
    assert answer["oldest_due_job_s"] >= 0
    assert list(answer["oldest_due_by_lane_s"]) == ["reply"] and answer["broken_promises"] == []
    assert answer["wait_p95_by_lane_ms"] == {}
    assert answer["last_worker_heartbeat_s"] is None


@pytest.mark.django_db
def test_readyz_counts_the_accounts_whose_secrets_cannot_be_read_and_stays_ready():
    account = factories.make_integration(factories.make_workspace())
    factories.make_integration(account.workspace, "smartlead")
    factories.lose_key(account)
    cache.delete(views.UNREADABLE)
    response = asked()
    assert (response.status_code, response.json()["unreadable_secrets"]) == (200, 1)


@pytest.mark.django_db
def test_readyz_is_503_while_migrations_are_missing(monkeypatch):
    monkeypatch.setattr(schema_version, "missing", lambda: ["inbox.0099_future"])
    views._migrated.clear()
    response = asked()
    assert response.status_code == 503
    assert response.json()["missing_migrations"] == ["inbox.0099_future"]


@pytest.mark.django_db
def test_readyz_asks_for_migrations_only_until_all_were_there(django_assert_max_num_queries):
    views._migrated.clear()
    asked()
    with django_assert_max_num_queries(3):
        asked()


def test_readyz_is_503_without_a_database(monkeypatch):
    def away():
        raise OperationalError("connection refused")

    monkeypatch.setattr(views, "_heartbeat_s", away)
    views._migrated.set()
    response = asked()
    assert (response.status_code, response.json()) == (503, {"ready": False, "database": "unreachable"})


@pytest.mark.django_db
def test_a_queue_that_takes_too_long_to_count_is_told_and_is_no_503(monkeypatch):
    def too_long(*_args, **_kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(60)")

    cache.delete(views.QUEUE)
    monkeypatch.setattr(views, "QUEUE_STATEMENT_MS", 1)
    monkeypatch.setattr("jobs.stats.lanes", too_long)
    response = asked()
    assert (response.status_code, response.json()["queue"]) == (200, "not counted: slow")
    monkeypatch.undo()
    assert asked().json()["queue"] == "not counted: slow"  # it is not asked again at once
    cache.delete(views.QUEUE)


@pytest.mark.django_db
def test_readyz_counts_what_a_newer_release_has_migrated_and_stays_ready():
    MigrationRecorder(connection).record_applied("inbox", "9999_of_a_later_release")
    cache.delete(views.UNKNOWN)
    response = asked()
    assert (response.status_code, response.json()["unknown_migrations"]) == (200, 1)
    cache.delete(views.UNKNOWN)
