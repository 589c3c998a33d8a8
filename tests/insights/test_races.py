"""Several callers at once, and what the database sees while a model is asked."""

import threading

import psycopg
import pytest
from django.db import IntegrityError, connection

from insights import packs, upkeep
from insights.models import ContextPack
from integrations.models import AiCall
from integrations.openai import client
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from jobs.worker import drain
from tests import factories
from tests.racing import at_once, won
from tests.waiting import PATIENCE_S

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


def test_no_connection_is_held_while_models_are_asked(sandbox, conversation, pack_of, monkeypatch, settings):
    """Looks from outside at this process's own connections whenever all threads of a pool are at the model."""
    readers = settings.INSIGHTS_CONTEXT_PACK_LEAD_CONCURRENCY
    for _ in range(2 * readers):
        conversation()
    pack_of()
    parameters = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    dsn = {name: parameters[name] for name in names if parameters.get(name)}
    connection.close()
    seen, respond = [], client._respond

    def look() -> None:
        with psycopg.connect(**dsn, autocommit=True) as watcher:
            others = "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"
            mine = watcher.info.backend_pid
            seen.append([state for (state,) in watcher.execute(others, [mine])])

    at_the_model = threading.Barrier(readers, action=look, timeout=PATIENCE_S)

    def ask(question, *more):
        if question.call.feature == "read_conversation":
            at_the_model.wait()
        return respond(question, *more)

    monkeypatch.setattr(client, "_respond", ask)
    drain()

    assert ContextPack.objects.get().status == "COMPLETE"
    assert len(seen) == 2
    # The lease keeper's alone, in no transaction: the drain's own connection is let go meanwhile.
    assert all(states in ([], ["idle"]) for states in seen), seen


def test_a_build_that_ends_while_it_is_asked_for_again_makes_room_for_a_new_one(pack_of, monkeypatch):
    before, create = pack_of(), packs._create

    def ends_meanwhile(*args, **fields):
        try:
            return create(*args, **fields)
        except IntegrityError:
            packs.fail(before.pk, "It ended meanwhile.")
            raise

    monkeypatch.setattr(packs, "_create", ends_meanwhile)
    assert pack_of() != before
    assert list(ContextPack.objects.order_by("pk").values_list("status", flat=True)) == ["FAILED", "PENDING"]
