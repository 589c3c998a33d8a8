"""A broker behind PgBouncer in transaction mode, where each transaction may have another server session."""

from contextlib import suppress

import psycopg
import pytest

from config.env import postgres_config
from jobs.broker import PostgresBroker
from tests.pooling import Pooler
from tests.waiting import until

pytestmark = [pytest.mark.faults, pytest.mark.crash]


def test_a_broker_behind_a_pooler_knows_that_it_hears_nothing_and_keeps_no_session(postgres, settings):
    with Pooler(postgres, pool=3) as pooler:
        settings.WAKE_DATABASE = postgres_config(pooler.url())
        until(lambda: reached(pooler.url()), "the pooler is up")
        deaf = PostgresBroker.__new__(PostgresBroker)
        deaf._wait()
        assert deaf.deaf
        # A session that hears nothing would be one of those that the pooler's limit counts.
        with psycopg.connect(pooler.url("pgbouncer"), autocommit=True, prepare_threshold=None) as console:
            clients = console.execute("SHOW CLIENTS").fetchall()
        assert len(clients) == 1, "no other than this console"

        settings.WAKE_DATABASE = postgres_config(postgres.url())
        hearing = PostgresBroker.__new__(PostgresBroker)
        hearing._wait()
        assert not hearing.deaf
        hearing.close()


def reached(url: str) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(url):
        return True
    return False
