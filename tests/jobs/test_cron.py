"""/api/cron/<name>/, as docs/reference/addresses.md, Cron says."""

import pytest
from django.db import OperationalError, connection

from jobs import ticks, views
from jobs.ticks import TickSpec

SECRET = "cron-secret-of-the-tests"


@pytest.fixture(autouse=True)
def _tick(monkeypatch, settings):
    settings.CRON_SECRET = SECRET
    specs = {
        "t/tick": TickSpec("t/tick", lambda deadline: {"worked": 3}, 60, 20_000),
        "t/errors": TickSpec("t/errors", lambda deadline: {"worked": 2, "errors": 1}, 60, 20_000),
        "t/broken": TickSpec("t/broken", lambda deadline: {}["missing"], 60, 20_000),
    }
    monkeypatch.setattr(ticks, "TICKS", specs)
    monkeypatch.setattr(views, "TICKS", specs)


def call(client, name="t/tick", method="post", **headers):
    return getattr(client, method)(f"/api/cron/{name}/", headers=headers)


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "headers",
    [{"Authorization": f"Bearer {SECRET}"}, {"Authorization": f"bearer {SECRET}"}, {"x-cron-secret": SECRET}],
)
def test_runs_the_tick_and_answers_its_counts(client, method, headers):
    response = call(client, method=method, **headers)

    assert (response.status_code, response.json()) == (200, {"success": True, "worked": 3})


@pytest.mark.django_db
def test_works_without_the_trailing_slash(client):
    response = client.post("/api/cron/t/tick", headers={"x-cron-secret": SECRET})

    assert response.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": SECRET},
        {"x-cron-secret": ""},
        {"x-cron-secret": "é"},
    ],
    ids=str,
)
def test_a_wrong_secret_is_refused_without_the_database(client, headers):
    """No django_db mark: any query would fail the test."""
    response = call(client, **headers)

    assert (response.status_code, response.json()) == (401, {"success": False, "error": "unauthorized"})


def test_an_unset_secret_is_said_without_the_database(client, settings):
    settings.CRON_SECRET = ""

    response = call(client, Authorization="Bearer ")

    assert (response.status_code, response.json()) == (
        503,
        {"success": False, "error": "cron_not_configured"},
    )


def test_an_unknown_name_lists_the_known_ones(client):
    response = call(client, "t/unknown", **{"x-cron-secret": SECRET})

    assert response.status_code == 404
    assert response.json()["names"] == ["t/broken", "t/errors", "t/tick"]


@pytest.mark.django_db
def test_errors_of_our_own_are_a_500_with_the_counts(client):
    response = call(client, "t/errors", **{"x-cron-secret": SECRET})

    assert response.status_code == 500
    assert response.json() == {"success": False, "error": "tick_failed", "worked": 2, "errors": 1}


@pytest.mark.django_db
def test_a_defect_is_a_500_without_its_text(client):
    response = call(client, "t/broken", **{"x-cron-secret": SECRET})

    assert (response.status_code, response.json()) == (500, {"success": False, "error": "tick_failed"})


@pytest.mark.django_db
def test_a_database_out_of_reach_is_said_so(client, monkeypatch):
    def refuse(*args, **kwargs):
        raise OperationalError("connection refused")

    monkeypatch.setattr(views, "run_tick", refuse)
    response = call(client, **{"x-cron-secret": SECRET})

    body = response.json()
    assert response.status_code == 503
    assert (body["success"], body["db_unreachable"], body["retries"]) == (False, True, 2)
    assert body["timestamp"]


@pytest.mark.django_db
def test_a_restart_of_the_database_is_survived(client, monkeypatch):
    real, calls = views.run_tick, []

    def refuse_once(*args, **kwargs):
        calls.append(1)
        if len(calls) == 1:
            raise OperationalError("terminating connection")
        return real(*args, **kwargs)

    monkeypatch.setattr(views, "run_tick", refuse_once)

    assert call(client, **{"x-cron-secret": SECRET}).status_code == 200


@pytest.mark.django_db
def test_the_ticks_of_this_room_answer(client, monkeypatch):
    monkeypatch.undo()
    for name in ("background-jobs", "retention"):
        response = client.post(f"/api/cron/{name}/", headers={"x-cron-secret": SECRET})
        assert (response.status_code, response.json()["success"]) == (200, True)
    assert not connection.needs_rollback
