"""Whether something is new: what is told, to whom, at what cost, and that no change is missed."""

import time
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client import REGISTRY

from inbox.intake import retention
from inbox.models import Draft, Lead, LeadChange, Membership, OutboundSend
from inbox.pages.changes import EVERYTHING, LIMIT, parse_snapshot
from jobs.deadline import Deadline
from tests import factories

COUNT = "holdfast_request_seconds_count"


@pytest.fixture
def other() -> Iterator[psycopg.Connection]:
    """A connection of somebody else, whose transactions end when the test says so."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as found:
        yield found


@pytest.fixture
def lead(transactional_db, workspace):
    return factories.make_lead(workspace)


def snapshot() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        return cursor.fetchone()[0]


def ask(client: Client, workspace, since: str):
    return client.get(f"/live/?w={workspace.pk}~{since}")


def told(client: Client, workspace, since: str) -> list[str]:
    return ask(client, workspace, since).json()["changed"][str(workspace.pk)]


@pytest.mark.parametrize("who", ["owner", "member", "viewer"])
def test_people_of_the_workspace_hear_of_a_change_once(who, people, workspace, lead):
    client, since = getattr(people, who), snapshot()
    assert told(client, workspace, since) == []
    Lead.objects.filter(pk=lead.pk).update(unread=True)
    answer = ask(client, workspace, since).json()
    assert answer["changed"] == {str(workspace.pk): [str(lead.pk)]}
    assert told(client, workspace, answer["since"]) == []


def test_outsiders_and_nobody_hear_nothing(people, workspace, lead, client):
    assert ask(people.outsider, workspace, "1:1:").status_code == 404
    assert ask(client, workspace, "1:1:").status_code == 401
    own = people.outsider.get("/").url.split("/")[2]
    both = people.outsider.get(f"/live/?w={own}~1:1:&w={workspace.pk}~1:1:").json()
    assert list(both["changed"]) == [own]


def test_a_session_ends_with_its_password_and_with_the_person(people, workspace, lead):
    client, person = people.member, people.users.member
    person.set_password("another-long-password")
    person.save()
    assert ask(client, workspace, "1:1:").status_code == 401
    client.force_login(person)
    assert ask(client, workspace, "1:1:").status_code == 200
    get_user_model().objects.filter(pk=person.pk).update(is_active=False)
    assert ask(client, workspace, "1:1:").status_code == 404


def test_who_is_no_member_any_more_hears_nothing(people, workspace, lead):
    Membership.objects.filter(user=people.users.member).delete()
    assert ask(people.member, workspace, "1:1:").status_code == 404


@pytest.mark.parametrize(
    "bad", ["", "1", "2:1:", "1:5:7", "1:5:3,2", "1:5:3,", "0:5:", "x:5:", "1:5:" + "9" * 30]
)
def test_what_is_no_snapshot_is_refused(bad, people, workspace):
    assert parse_snapshot(bad) is None
    answer = ask(people.member, workspace, bad)
    assert answer.status_code == 400
    assert people.member.get("/live/?w=nobody~1:1:").status_code == 400


def test_nothing_new_takes_two_queries(people, workspace, lead):
    since, client = snapshot(), people.member
    with CaptureQueriesContext(connection) as captured:
        assert told(client, workspace, since) == []
    assert len(captured) == 2, [query["sql"] for query in captured]


def test_a_change_is_heard_of_when_it_is_committed_in_whatever_order(people, workspace, lead, other):
    """The transaction that began first ends last: a time or a highest number would miss it."""
    late = factories.make_lead(workspace)
    other.execute("UPDATE inbox_lead SET unread = true WHERE id = %s", [late.pk])
    since = snapshot()
    Lead.objects.filter(pk=lead.pk).update(unread=True)
    answer = ask(people.member, workspace, since).json()
    assert answer["changed"][str(workspace.pk)] == [str(lead.pk)]
    other.commit()
    assert told(people.member, workspace, answer["since"]) == [str(late.pk)]


def test_two_transactions_that_change_one_workspace_do_not_wait_for_each_other(workspace, lead, other):
    second = factories.make_lead(workspace)
    other.execute("UPDATE inbox_lead SET unread = true WHERE id = %s", [second.pk])
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '5s'")
        Lead.objects.filter(pk=lead.pk).update(unread=True)
        cursor.execute("RESET lock_timeout")


def test_a_draft_and_a_send_are_changes_of_their_lead(people, workspace, lead):
    message = factories.make_message(lead)
    since = snapshot()
    draft = factories.make_draft(message)
    assert told(people.member, workspace, since) == [str(lead.pk)]
    since = snapshot()
    Draft.objects.filter(pk=draft.pk).update(status="approved")
    assert told(people.member, workspace, since) == [str(lead.pk)]
    send = factories.make_send(draft)
    since = snapshot()
    OutboundSend.objects.filter(pk=send.pk).update(state="sent")
    assert told(people.member, workspace, since) == [str(lead.pk)]


def test_another_workspace_is_not_told(people, workspace, lead):
    since = snapshot()
    factories.make_lead(factories.make_workspace())
    assert told(people.member, workspace, since) == []


def test_very_many_changes_are_told_as_everything(people, workspace, lead):
    since = snapshot()
    for _ in range(LIMIT + 1):
        factories.make_lead(workspace)
    assert told(people.member, workspace, since) == [EVERYTHING]


def test_a_page_knows_how_far_it_has_read(people, workspace, lead):
    page = people.member.get(f"/w/{workspace.pk}/inbox/").content.decode()
    since = page.split('data-since="')[1].split('"')[0]
    assert parse_snapshot(since)
    Lead.objects.filter(pk=lead.pk).update(unread=True)
    assert told(people.member, workspace, since) == [str(lead.pk)]


def test_a_page_says_when_it_was_read(people, workspace, lead):
    before = int(time.time())
    page = people.member.get(f"/w/{workspace.pk}/inbox/").content.decode()
    assert before <= int(page.split('data-at="')[1].split('"')[0]) <= time.time()


def test_only_failures_of_what_is_asked_each_second_are_counted(people, workspace, lead):
    def counted() -> float:
        counts = (REGISTRY.get_sample_value(COUNT, {"kind": "page", "status": s}) for s in ("200", "500"))
        return sum(count or 0 for count in counts)

    people.member.raise_request_exception = False
    before = counted()
    assert ask(people.member, workspace, "1:1:").status_code == 200
    assert counted() == before
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE inbox_leadchange RENAME TO away")
        try:
            assert ask(people.member, workspace, "1:1:").status_code == 500
        finally:
            cursor.execute("ALTER TABLE away RENAME TO inbox_leadchange")
    assert counted() == before + 1


def test_changes_are_kept_for_an_hour(lead):
    assert retention.old_changes(Deadline.after_ms(1_000)) == 0
    LeadChange.objects.update(at=timezone.now() - timedelta(hours=2))
    assert retention.old_changes(Deadline.after_ms(1_000)) > 0
    assert not LeadChange.objects.exists()
