"""System checks: each setting that would break background work has its error."""

import pytest
from django.core import checks

from jobs.conf import TICK_S, q_cluster


def found() -> set[str]:
    return {message.id for message in checks.run_checks() if message.id.startswith("jobs.")}


def test_the_products_own_settings_pass():
    assert found() == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"timeout": TICK_S}, "jobs.E001 jobs.E006"),
        ({"retry": 60}, "jobs.E006"),
        ({"queue_limit": 50}, "jobs.E006"),
        ({"orm": "reports"}, "jobs.E006"),
        ({"orm": None}, "jobs.E006"),
        ({"broker_class": None}, "jobs.E006"),
        ({"sync": True}, "jobs.E006"),
    ],
    ids=str,
)
def test_a_setting_that_breaks_the_cluster_is_refused(settings, changes, expected):
    settings.Q_CLUSTER = q_cluster() | changes

    assert found() == set(expected.split())


def test_too_few_places_to_set_any_aside_are_told(settings):
    settings.WORKER_THREADS = 3

    assert found() == {"jobs.W003"}
    settings.WORKER_THREADS = 4
    assert found() == set()


def test_redis_must_reach_django_q(settings):
    settings.Q_BROKER_URL = "redis://localhost:6379/0"

    assert found() == {"jobs.E006"}
    settings.Q_CLUSTER = q_cluster(settings.Q_BROKER_URL)
    assert found() == set()


def test_a_connection_pool_is_refused(settings, monkeypatch):
    monkeypatch.setitem(settings.DATABASES["default"]["OPTIONS"], "pool", True)

    assert found() == {"jobs.E008"}


def test_the_stock_command_must_not_win(settings):
    names = [name for name in settings.INSTALLED_APPS if name != "django_q"]
    settings.INSTALLED_APPS = ["django_q", *names]

    assert found() == {"jobs.E009"}


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 8, 16])
def test_the_builder_keeps_its_own_inequalities(workers):
    cluster = q_cluster(workers=workers)

    assert cluster["timeout"] > TICK_S
    assert cluster["retry"] > cluster["timeout"] * (1 + 2 / workers), (
        "else a task that waits is given out twice"
    )


def test_redis_gets_time_limits_whatever_its_url():
    assert q_cluster("redis://h/0")["redis"] == "redis://h/0?socket_connect_timeout=1&socket_timeout=3"
    assert "?db=1&socket_connect_timeout=1" in q_cluster("redis://h?db=1")["redis"]
