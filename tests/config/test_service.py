"""What a platform asks: is the process up, is it ready."""

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client

from config import views
from tests import factories


@pytest.mark.parametrize("path", ["/healthz", "/healthz/"])
def test_healthz_needs_no_database_and_no_login(path):
    assert Client().get(path).content == b"ok"  # without a database mark any query would raise


@pytest.mark.django_db
def test_readyz_tells_about_the_queue():
    from jobs.enqueue import enqueue

    enqueue("reply.send", workspace_id=factories.make_workspace().pk, dedupe_key="x", payload={})
    answer = Client().get("/readyz").json()
    assert answer["ready"] is True
    assert answer["oldest_due_job_s"] >= 0
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
    monkeypatch.setattr(views, "_missing_migrations", lambda: ["inbox.0099_future"])
    views._migrated.clear()
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["missing_migrations"] == ["inbox.0099_future"]


@pytest.mark.django_db
def test_readyz_asks_for_migrations_only_until_all_were_there(django_assert_max_num_queries):
    views._migrated.clear()
    Client().get("/readyz")
    with django_assert_max_num_queries(2):
        Client().get("/readyz")


def test_readyz_is_503_without_a_database(monkeypatch):
    def away():
        raise OperationalError("connection refused")

    monkeypatch.setattr(views, "_queue", away)
    views._migrated.set()
    response = Client().get("/readyz")
    assert (response.status_code, response.json()) == (503, {"ready": False, "database": "unreachable"})
