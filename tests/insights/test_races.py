"""Several callers at once, and what the database sees while a model is asked."""

import threading
import time

import psycopg
import pytest
from django.db import connection

from insights import packs, upkeep
from insights.models import ContextPack
from integrations.models import AiCall
from integrations.visits import CONNECTIONS
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from jobs.worker import drain
from tests import factories
from tests.racing import at_once, won

pytestmark = pytest.mark.races


def test_two_ticks_and_a_page_at_once_pay_for_each_thread_once(sandbox, workspace, conversation, pack_of):
    for _ in range(6):
        conversation()
    pack = pack_of()
    BackgroundJob.objects.all().delete()
    user = factories.make_member(workspace)
    sandbox.fault(provider="openai", kind="latency", ms=150)

    def tick():
        upkeep.tick(Deadline.after_ms(20_000))
        return drain()

    def page():
        packs.build_again(pack, user)
        return drain()

    results = at_once(tick, tick, page)
    drain()

    assert len(won(results)) == 3, results
    assert ContextPack.objects.get().status == "COMPLETE"
    assert AiCall.objects.filter(feature="read_conversation").count() == 6
    assert AiCall.objects.filter(feature="synthesise_pack").count() == 1


def test_two_packs_at_once_pay_for_the_threads_they_share_once(sandbox, conversation, pack_of):
    for _ in range(6):
        conversation()
    pack_of("One?"), pack_of("Two?")
    sandbox.fault(provider="openai", kind="latency", ms=150)

    results = at_once(drain, drain)
    drain()

    assert len(won(results)) == 2, results
    assert set(ContextPack.objects.values_list("status", flat=True)) == {"COMPLETE"}
    assert AiCall.objects.filter(feature="read_conversation").count() == 6


def test_no_connection_is_held_while_models_are_asked(sandbox, conversation, pack_of):
    """Looks from outside at this process's own connections, all through a build with slow answers."""
    for _ in range(8):
        conversation()
    pack_of()
    sandbox.fault(provider="openai", kind="latency", ms=400)
    seen, over = [], threading.Event()
    parameters = connection.get_connection_params()
    dsn = {
        name: parameters[name]
        for name in ("dbname", "user", "password", "host", "port")
        if parameters.get(name)
    }
    connection.close()

    def watch() -> None:
        query = (
            "SELECT count(*), count(*) FILTER (WHERE state LIKE 'idle in transaction%%'"
            " AND now() - state_change > interval '200 ms') FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with psycopg.connect(**dsn, application_name="watch", autocommit=True) as watcher:
            while not over.is_set():
                seen.append(watcher.execute(query).fetchone())
                time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    drain()
    over.set()
    watcher.join(10)

    assert ContextPack.objects.get().status == "COMPLETE"
    most, held = max(count for count, _ in seen), max(count for _, count in seen)
    # The pool's visits, and the lease keeper; the drain's own connection is let go meanwhile.
    assert most <= CONNECTIONS + 2, most
    assert held == 0
    assert sum(count == 0 for count, _ in seen) > len(seen) / 4, "no moment without a connection"
