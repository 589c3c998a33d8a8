"""Webhooks behind PgBouncer in transaction mode: each transaction may have another server session."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
import pytest

from config.env import postgres_config
from jobs.broker import PostgresBroker
from tests import forms
from tests.faults.site import reply
from tests.pooling import Pooler
from tests.serving import WebServer
from tests.waiting import until

pytestmark = [pytest.mark.faults, pytest.mark.crash]

JSON = {"Content-Type": "application/json"}


REPLIES = forms.either(32, 80)


@pytest.mark.shortened
@pytest.mark.slow(seconds=10)
def test_replies_that_change_server_sessions_all_the_time_are_each_stored_once(postgres, tmp_path):
    """Guard: nothing is prepared. A prepared statement would be missing in the next session, or be there already."""
    with Pooler(postgres, pool=3) as pooler:
        server = WebServer(pooler.url(), tmp_path / "web.log")
        made = json.loads(
            server.manage("create_workspace", "Northwind", "--admin-email=ann@example.com", "--json")
        )
        address = f"/api/webhooks/email/{made['webhooks']['email']['key']}/"
        with server, ThreadPoolExecutor(16) as clients:
            got = list(clients.map(lambda number: server.post(address, reply(number), JSON), range(REPLIES)))
    assert {status for status, _ in got} == {200}
    assert [answer["deduped"] for _, answer in got] == [False] * REPLIES
    assert len({answer["leadId"] for _, answer in got}) == REPLIES


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
