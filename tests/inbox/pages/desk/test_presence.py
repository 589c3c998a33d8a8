"""Who else is in a conversation: told to people of its workspace alone, for seconds, without the database."""

import json
import pickle

import pytest
import time_machine
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCacheClient
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.env import presence_cache
from inbox.pages.desk import presence


@pytest.fixture(autouse=True)
def nobody_there():
    caches["presence"].clear()


@pytest.fixture
def tell(workspace, lead):
    """Says that somebody is in the conversation, and returns whom they hear of there."""

    def ask(client, writes: int = 0, lead_id=lead.pk) -> list[list]:
        answer = client.get(f"/live/?w={workspace.pk}~1:1:&at={workspace.pk}~{lead_id}~{writes}")
        assert answer.status_code == 200
        return answer.json()["here"].get(str(lead_id), [])

    return ask


def test_colleagues_hear_who_looks_and_who_writes_and_not_of_themselves(people, tell):
    owner, member = people.users.owner.name, people.users.member.name
    assert tell(people.owner) == []
    assert tell(people.member, 1) == [[owner, False]]
    assert tell(people.owner) == [[member, True]]
    assert tell(people.member, 0) == [[owner, False]]
    assert tell(people.owner) == [[member, False]]
    assert tell(people.owner, lead_id=people.users.owner.memberships.get().workspace_id) == []  # elsewhere


def test_who_has_gone_is_not_told_for_long(people, tell):
    with time_machine.travel("2026-11-28T12:00:00Z", tick=False) as clock:
        tell(people.member)
        clock.shift(presence.KEPT_S - 1)
        assert len(tell(people.owner)) == 1
        clock.shift(2)
        assert tell(people.owner) == []


def test_an_outsider_hears_nothing_and_is_not_heard_of(people, workspace, lead, tell):
    tell(people.member)
    theirs = people.users.outsider.memberships.get().workspace_id
    both = f"/live/?w={theirs}~1:1:&at={workspace.pk}~{lead.pk}~1&at={theirs}~{lead.pk}~1"
    assert people.outsider.get(both).json()["here"] == {str(lead.pk): []}
    assert tell(people.member) == []


def test_it_costs_no_query(people, tell):
    tell(people.member)
    with CaptureQueriesContext(connection) as captured:
        tell(people.member)
    assert len(captured) == 2


def test_without_the_cache_nobody_is_seen_and_news_come_all_the_same(people, tell, settings):
    settings.CACHES = settings.CACHES | {"presence": presence_cache("redis://127.0.0.1:1/0", "")}
    assert tell(people.owner) == tell(people.member) == []


class Redis:
    """Keeps what it is given, as a Redis does: bytes."""

    def __init__(self):
        self.kept: dict[str, bytes] = {}

    def get(self, key):
        return self.kept.get(key)

    def set(self, key, value, ex):
        self.kept[key] = value.encode() if isinstance(value, str) else value


@pytest.fixture
def redis(settings, monkeypatch) -> Redis:
    """What the web processes share with the broker."""
    redis = Redis()
    monkeypatch.setattr(RedisCacheClient, "get_client", lambda *args, **kwargs: redis)
    settings.CACHES = settings.CACHES | {"presence": presence_cache("redis://127.0.0.1:1/0", "")}
    return redis


def test_hosts_see_each_other_through_redis_which_holds_plain_json(people, tell, redis):
    owner = people.users.owner
    tell(people.owner, 1)
    assert tell(people.member) == [[owner.name, True]]
    (kept,) = (value for key, value in redis.kept.items() if "here:" in str(key))
    assert json.loads(kept)[str(owner.pk)][:2] == [owner.name, True]


class Ran(Exception):
    def __reduce__(self):
        return pytest.fail, ("what stands in Redis was run",)


OTHERS = [
    pickle.dumps(Ran()), b"\xff", b"{", b"[" * 100_000, b"7" * 5_000, b"[]", b"7", b'{"1": null}', b'{"1": []}',
    b'{"1": ["Ana", true, 1%s]}' % (b"0" * 400), b'{"1": ["Ana", true, 1e999]}', b'{"1": [{}, true, 1.0]}',
]  # fmt: skip


def test_whatever_else_stands_in_redis_is_nobody_and_no_failure(people, tell, redis):
    tell(people.owner)
    (key,) = (key for key in redis.kept if "here:" in str(key))
    for found in OTHERS:
        redis.kept[key] = found
        assert tell(people.member) == [], found[:50]
    assert tell(people.owner) == [[people.users.member.name, False]]


@pytest.mark.parametrize("at", ["", "x~y~0", "{w}~{w}", "{w}~{w}~x"])
def test_what_names_no_conversation_is_refused(at, people, workspace):
    asked = f"/live/?w={workspace.pk}~1:1:&at={at.format(w=workspace.pk)}"
    assert people.member.get(asked).status_code == 400


def test_the_processes_of_a_host_see_each_other_through_a_folder(people, tell, settings, tmp_path):
    settings.CACHES = settings.CACHES | {"presence": presence_cache("", str(tmp_path))}
    tell(people.owner)
    assert list(tmp_path.iterdir())
    del caches["presence"]  # as another process, which has nothing but the folder
    assert tell(people.member) == [[people.users.owner.name, False]]
