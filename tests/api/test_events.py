"""Programs pull events without skipping any, and manage the endpoints to which events are sent."""

import threading

import psycopg
import pytest
from django.db import connection, transaction
from psycopg.errors import LockNotAvailable

from inbox.events import delivery
from inbox.models import AuditEntry, Event, Lead
from inbox.replying import restored
from integrations.models import WebhookEndpoint
from jobs.models import BackgroundJob
from jobs.worker import drain
from tests import factories
from tests.api.conftest import program_of
from tests.inbox.events.receiver import Receiver, ids
from tests.world import forget_calls

pytestmark = pytest.mark.django_db(transaction=True)


def pulled(program, limit: int = 50) -> list[dict]:
    """All events, page by page, as a program that keeps the last id."""
    found: list[dict] = []
    while True:
        after = f"&after={found[-1]['id']}" if found else ""
        body = program.get(f"events/?limit={limit}{after}").json()
        found += body["data"]
        assert (body["nextCursor"] is None) == (len(body["data"]) < limit or not body["data"]) or body["data"]
        if not body["data"]:
            return found


def deliver() -> None:
    BackgroundJob.objects.all().delete()
    delivery.feed()
    drain()


def test_what_is_pulled_is_what_is_sent(program, workspace):
    forget_calls()
    with Receiver() as receiver:
        assert program.post("webhook-endpoints/", {"url": receiver.url, "events": ["*"]}).status_code == 201
        lead = factories.make_lead(workspace)
        factories.make_message(lead, "Call me on Friday.")
        Lead.objects.filter(pk=lead.pk).update(tag="Interested")
        deliver()
        assert pulled(program, limit=2) == receiver.got and len(receiver.got) == 3
        assert "Friday" not in str(receiver.got)


def test_an_event_that_commits_late_is_not_skipped(program, workspace):
    """A reader that ordered by ids alone would pass over the event of the transaction that is still open."""
    lead = factories.make_lead(workspace)
    pulled(program)  # waits for the older transactions of other tests
    opened, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            Lead.objects.filter(pk=lead.pk).update(tag="Interested")
            opened.set()
            go_on.wait(60)
        connection.close()

    writer = threading.Thread(target=slow)
    writer.start()
    opened.wait(60)
    factories.make_lead(workspace)
    early = pulled(program)
    go_on.set()
    writer.join()
    late = program.get(f"events/?after={early[-1]['id']}").json()["data"]
    assert sorted(ids(early + late)) == sorted(str(pk) for pk in Event.objects.values_list("pk", flat=True))
    assert [event["type"] for event in late] == ["lead.tagged", "lead.created"]


def change_lead(lead) -> str:
    Lead.objects.filter(pk=lead.pk).update(tag="Interested")
    return "lead.tagged"


def write_draft(lead) -> str:
    factories.make_draft(lead.messages.get())
    return "draft.created"


@pytest.mark.parametrize("change", [change_lead, write_draft])
def test_the_events_of_a_lead_come_in_their_order_whichever_transaction_began_first(
    program, workspace, change
):
    """A reader that ordered by the numbers of transactions would end with what happened first. A change of another row
    than the lead's counts, too.
    """
    lead = factories.make_lead(workspace)
    factories.make_message(lead)
    opened, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_current_xact_id()")
            opened.set()
            go_on.wait(60)
            Lead.objects.filter(pk=lead.pk).update(tag="Objection")
        connection.close()

    writer = threading.Thread(target=slow)
    writer.start()
    opened.wait(60)
    first = change(lead)
    go_on.set()
    writer.join()
    assert [event["type"] for event in pulled(program)][-2:] == [first, "lead.tagged"]
    assert pulled(program)[-1]["data"]["tag"] == "Objection"


def test_an_event_of_a_lead_waits_for_the_one_before_it(program, workspace):
    """Without a lock, the event that gets its time first could commit last, and an endpoint would get it last."""
    lead = factories.make_lead(workspace)
    message = factories.make_message(lead)
    with transaction.atomic():
        factories.make_draft(message)
        with psycopg.connect(**connection.get_connection_params()) as other, pytest.raises(LockNotAvailable):
            other.execute("SET lock_timeout = '100ms'")
            other.execute("UPDATE inbox_lead SET tag = 'Objection' WHERE id = %s", [lead.pk])


def test_a_cursor_of_before_a_restore_leads_to_what_came_after(program, workspace):
    factories.make_lead(workspace)
    Event.objects.update(xid=2**40)  # the database that was lost had counted further
    last = Event.objects.get().pk
    restored.nothing_lost()
    factories.make_lead(workspace)
    assert len(program.get(f"events/?after={last}").json()["data"]) == 1


def test_an_unknown_event_and_that_of_another_workspace_are_no_cursors(program):
    factories.make_lead(factories.make_workspace())
    for event_id in (Event.objects.get().pk, "01a22f98-d63a-7360-b390-11ebf66733e6"):
        answer = program.get(f"events/?after={event_id}")
        assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "after"
    assert program.get("events/").json() == {"data": [], "nextCursor": None}


def test_an_endpoint_is_made_once_however_often_the_request_is_repeated(program, workspace):
    body = {"url": "https://hooks.example.com/in", "events": ["lead.tagged"], "includeText": True}
    first, again = (program.post("webhook-endpoints/", body, "k1") for _ in range(2))
    assert first.status_code == 201 and first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    endpoint = WebhookEndpoint.objects.get()
    assert (
        set(first.json()) == {"id", "url", "events", "secret"} and first.json()["secret"] == endpoint.secret
    )
    assert endpoint.include_text and "secret" not in program.get("webhook-endpoints/").json()["data"][0]
    assert AuditEntry.objects.get(action="webhook_endpoint.created").program == program.token


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "https://127.0.0.1/", "events": ["*"], "more": 1}, "more"),
        ({"url": "ftp://a.example.com", "events": ["*"]}, "url"),
        ({"url": "https://a.example.com", "events": ["lead.exploded"]}, "events.0"),
        ({"url": "https://a.example.com", "events": []}, "events"),
        ({"url": "https://a.example.com", "events": ["endpoint.test"]}, "events.0"),
    ],
)
def test_an_endpoint_that_cannot_be_used_is_refused_by_its_field(program, body, field):
    answer = program.post("webhook-endpoints/", body)
    assert answer.status_code == 422
    errors = {error["field"]: error["detail"] for error in answer.json()["errors"]}
    assert field in errors and "not a valid choice" not in str(errors)
    assert "Valid values: *, message.received" in errors.get("events.0", "Valid values: *, message.received")


def test_an_endpoint_is_changed_tested_rotated_recovered_and_deleted(program, workspace):
    forget_calls()
    with Receiver() as receiver:
        made = program.post("webhook-endpoints/", {"url": receiver.url, "events": ["*"]}).json()
        at = f"webhook-endpoints/{made['id']}/"
        changed = program.call("PATCH", at, {"events": ["lead.created", "lead.labelled"]})
        assert changed.json()["events"] == ["lead.created", "lead.labelled"]
        assert changed.json()["url"] == receiver.url and not changed.json()["includeText"]
        tested = program.post(f"{at}test/")
        deliver()
        assert tested.status_code == 202 and receiver.types() == ["endpoint.test"]
        assert tested.json() == {"id": receiver.got[0]["id"]}
        rotated = program.post(f"{at}rotate/").json()
        assert rotated["secret"] == WebhookEndpoint.objects.get().secret != made["secret"]
        WebhookEndpoint.objects.update(disabled_at="2026-12-01T00:00Z", disabled_for="failed")
        factories.make_lead(workspace)
        assert program.post(f"{at}test/").status_code == 409
        assert program.post(f"{at}recover/").json() == {"events": 1}
        deliver()
        assert receiver.types() == ["endpoint.test", "lead.created"]
        [newest] = program.get(f"{at}attempts/?limit=1").json()["data"]
        assert (newest["type"], newest["outcome"], newest["status"]) == ("lead.created", "delivered", 204)
        assert newest["startedAt"] and newest["dueAt"] is None, "the end of its lease is nobody's business"
        assert program.call("DELETE", at).status_code == 204
        assert program.get("webhook-endpoints/").json()["data"] == []


def test_attempts_are_walked_by_a_cursor(program, workspace):
    made = program.post("webhook-endpoints/", {"url": "https://a.example.com", "events": ["*"]}).json()
    for _ in range(3):
        factories.make_lead(workspace)
    at, seen = f"webhook-endpoints/{made['id']}/attempts/?limit=2", []
    body = program.get(at).json()
    seen += ids(body["data"])
    assert all(row["dueAt"] and row["startedAt"] is None for row in body["data"])
    body = program.get(f"{at}&cursor={body['nextCursor']}").json()
    seen += ids(body["data"])
    assert body["nextCursor"] is None and len(set(seen)) == 3


def test_pulling_needs_its_scope(workspace):
    answer = program_of(workspace, "leads:read").get("events/")
    assert answer.status_code == 403 and answer.json()["errors"][0]["detail"] == "events:read"
