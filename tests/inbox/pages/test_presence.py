"""Who else is in a conversation: told to people of its workspace alone, for seconds, without the database."""

import pytest
import time_machine
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.env import presence_cache
from inbox.pages import presence


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
