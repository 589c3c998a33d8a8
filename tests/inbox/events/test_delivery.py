"""Events reach endpoints over real HTTP: signed, in order for each lead, tried again, and sent at least once."""

import base64
import json
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from inbox.events import delivery, endpoints
from inbox.models import AuditEntry, Event, Lead
from inbox.models.event import EventType
from integrations.http.hosts import RECEIVER
from integrations.models import CircuitBreaker, Notice, WebhookAttempt, WebhookEndpoint
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from jobs.worker import drain
from tests import factories
from tests.inbox.events.receiver import Receiver, ids, is_signed
from tests.waiting import until
from tests.world import forget_calls

pytestmark = pytest.mark.django_db(transaction=True)
Outcome = WebhookAttempt.Outcome


@pytest.fixture
def workspace(db):
    forget_calls()
    return factories.make_workspace("Northwind")


def listen(workspace, receiver, *types: str, include_text: bool = False) -> WebhookEndpoint:
    return endpoints.create(
        workspace, None, url=receiver.url, events=types or ["*"], include_text=include_text
    )


def go() -> None:
    """What a cluster does each second, and its workers then."""
    BackgroundJob.objects.filter(kind=delivery.DELIVER).delete()  # as if a second had passed
    delivery.feed()
    drain()


def later() -> None:
    """Lets every waiting attempt, held endpoint and breaker be due."""
    past = timezone.now() - timedelta(seconds=1)
    WebhookAttempt.objects.filter(finished_at=None).update(due_at=past)
    WebhookEndpoint.objects.update(held_until=None)
    BackgroundJob.objects.all().delete()
    forget_calls()
    CircuitBreaker.objects.all().delete()


def change(lead: Lead, *tags: str) -> None:
    for tag in tags:
        Lead.objects.filter(pk=lead.pk).update(tag=tag)


def test_an_event_arrives_signed_and_says_what_the_pull_says(workspace):
    with Receiver() as receiver:
        endpoint = listen(workspace, receiver)
        lead = factories.make_lead(workspace)
        go()
        [event] = receiver.got
        assert event["data"]["leadId"] == str(lead.pk) and event["type"] == "lead.created"
        assert is_signed(endpoint.secret, receiver.signatures[0]) == [True]
        assert receiver.signatures[0][0] == event["id"]
        assert WebhookAttempt.objects.get().outcome == Outcome.DELIVERED


def test_the_signature_is_that_of_the_specification():
    # The example of standard-webhooks.md, "Signature scheme": reproduced with its secret, id and time.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    header = delivery.signature([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert header == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_only_the_types_that_an_endpoint_asked_for_arrive(workspace):
    with Receiver() as receiver:
        listen(workspace, receiver, "lead.tagged")
        change(factories.make_lead(workspace), "Interested")
        go()
        assert receiver.types() == ["lead.tagged"]


def test_text_arrives_only_where_it_was_asked_for(workspace):
    with Receiver() as plain, Receiver() as full:
        listen(workspace, plain)
        listen(workspace, full, include_text=True)
        factories.make_message(factories.make_lead(workspace), "Call me on Friday.")
        go()
        assert "Friday" not in json.dumps(plain.got) and "Dana" not in json.dumps(plain.got)
        assert full.got[-1]["data"]["text"] == "Call me on Friday."
        assert ids(plain.got) == ids(full.got)


def test_events_of_a_lead_wait_behind_one_that_fails_and_others_do_not(workspace):
    with Receiver() as receiver:
        listen(workspace, receiver)
        stuck, free = factories.make_lead(workspace), factories.make_lead(workspace)
        receiver.by_lead[str(stuck.pk)] = 500
        change(stuck, "Interested", "Objection")
        change(free, "Interested")
        go()
        assert receiver.of_lead(stuck.pk) == ["lead.created"]
        assert receiver.of_lead(free.pk) == ["lead.created", "lead.tagged"]
        receiver.by_lead.clear()
        later()
        go()
        assert receiver.of_lead(stuck.pk) == ["lead.created", *["lead.created", "lead.tagged", "lead.tagged"]]


def test_two_workers_send_a_lead_s_events_one_after_the_other(workspace):
    """The second worker finds the first event of the lead under way, and sends none of the later ones."""
    with Receiver() as receiver:
        endpoint = listen(workspace, receiver)
        change(factories.make_lead(workspace), "Interested", "Objection")
        first = delivery.claim(endpoint)
        assert first is not None and delivery.claim(endpoint) is None
        delivery.record(endpoint, first, {"outcome": Outcome.DELIVERED, "status": 204}, None)
        second = delivery.claim(endpoint)
        assert second is not None and second.event_id > first.event_id


def test_a_failed_attempt_is_repeated_with_growing_waits_over_three_days(workspace):
    assert timedelta(days=2, hours=20) < sum(delivery.WAITS, timedelta()) < timedelta(days=3, hours=4)
    assert list(delivery.WAITS) == sorted(delivery.WAITS)
    with Receiver(usual=500) as receiver:
        listen(workspace, receiver)
        factories.make_lead(workspace)
        for number, wait in enumerate(delivery.WAITS, 1):
            go()
            last = WebhookAttempt.objects.latest("pk")
            assert last.number == number + 1
            assert abs((last.due_at - timezone.now() - wait).total_seconds()) < 60
            later()
        go()
        assert not WebhookAttempt.objects.filter(finished_at=None).exists()
        assert receiver.types() == ["lead.created"] * (len(delivery.WAITS) + 1)
        assert {attempt.error for attempt in WebhookAttempt.objects.all()} == {"500 Internal Server Error"}


def test_retry_after_is_heeded(workspace):
    with Receiver(429, headers={"Retry-After": "1800"}) as receiver:
        endpoint = listen(workspace, receiver)
        factories.make_lead(workspace)
        factories.make_lead(workspace)
        go()
        due = WebhookAttempt.objects.get(number=2).due_at
        assert timedelta(minutes=29) < due - timezone.now() < timedelta(minutes=31)
        endpoint.refresh_from_db()
        assert endpoint.held_until > timezone.now() + timedelta(minutes=29)
        assert len(receiver.got) == 1


def test_410_switches_an_endpoint_off_and_tells_its_owners_and_the_other_endpoints(workspace):
    owner = factories.make_member(workspace, "owner")
    with Receiver(410) as gone, Receiver() as other:
        endpoint = listen(workspace, gone)
        listen(workspace, other)
        lead = factories.make_lead(workspace)
        change(lead, "Interested")
        go()
        go()
        endpoint.refresh_from_db()
        assert endpoint.disabled_for == WebhookEndpoint.Off.GONE and len(gone.got) == 1
        assert "endpoint.disabled" in other.types()
        assert Event.objects.get(type=EventType.ENDPOINT_DISABLED).data["endpointId"] == str(endpoint.pk)
        assert AuditEntry.objects.filter(action="webhook_endpoint.disabled", actor=None).exists()
        [letter] = mail.outbox
        assert letter.to == [owner.email] and "410 Gone" in letter.body
        assert Notice.objects.get().kind == "endpoint"


def test_what_a_switched_off_endpoint_missed_is_sent_in_order_when_it_is_asked_for(workspace):
    with Receiver(410) as receiver:
        endpoint = listen(workspace, receiver)
        lead = factories.make_lead(workspace)
        go()
        change(lead, "Interested", "Objection")
        go()
        assert len(receiver.got) == 1
        assert endpoints.recover(WebhookEndpoint.objects.get(), None) == 4  # and endpoint.disabled
        go()
        assert receiver.of_lead(lead.pk)[1:] == ["lead.created", "lead.tagged", "lead.tagged"]
        assert set(receiver.accepted) == {str(pk) for pk in Event.objects.values_list("pk", flat=True)}
        assert endpoints.recover(endpoint, None) == 0


def test_a_change_that_commits_after_an_endpoint_is_on_again_reaches_it(workspace):
    """Its trigger has seen the endpoint off, and the recovery has not seen its event."""
    with Receiver() as receiver:
        endpoint = listen(workspace, receiver, "lead.tagged")
        lead = factories.make_lead(workspace)
        endpoints.disable(endpoint, WebhookEndpoint.Off.FAILED)
        with _in_transaction(lambda: change(lead, "Interested")):
            endpoints.recover(endpoint, None)
        go()
        assert receiver.types() == ["lead.tagged"]


def test_a_recovery_since_a_time_sends_nothing_older_to_an_endpoint_that_was_off(workspace):
    with Receiver() as receiver:
        endpoint = listen(workspace, receiver, "lead.created")
        endpoints.disable(endpoint, WebhookEndpoint.Off.FAILED)
        factories.make_lead(workspace)
        since = timezone.now()
        young = factories.make_lead(workspace)
        assert endpoints.recover(endpoint, None, since) == 1
        go()
        assert [event["data"]["leadId"] for event in receiver.got] == [str(young.pk)]
        assert endpoints.recover(endpoint, None) == 1


def test_a_change_does_not_wait_for_the_deletion_of_an_endpoint(workspace):
    with Receiver() as receiver:
        endpoint = listen(workspace, receiver)
        deletion = _in_transaction(lambda: WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk))
        with deletion, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            factories.make_lead(workspace)
        assert Event.objects.count() == 1


@contextmanager
def _in_transaction(act):
    """A transaction of another connection, which has done `act` and commits at the end of the block."""
    ready, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            act()
            ready.set()
            go_on.wait(60)
        drop_connection()

    holder = threading.Thread(target=hold)
    holder.start()
    assert ready.wait(60)
    try:
        yield
    finally:
        go_on.set()
        holder.join()


def test_an_endpoint_that_fails_for_an_hour_is_reported_once_and_is_off_after_five_days(workspace):
    factories.make_member(workspace, "admin")
    with Receiver(usual=500) as receiver:
        endpoint = listen(workspace, receiver)
        factories.make_lead(workspace)
        go()
        assert endpoints.look_after_failing() == {"told": 0, "disabled": 0}
        WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(hours=1, minutes=1))
        assert [endpoints.look_after_failing()["told"] for _ in range(2)] == [1, 0]
        drain()
        assert "aren’t reaching" in mail.outbox[0].body
        WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=5, minutes=1))
        assert endpoints.look_after_failing()["disabled"] == 1
        drain()
        endpoint.refresh_from_db()
        assert endpoint.disabled_for == WebhookEndpoint.Off.FAILED and "five days" in mail.outbox[1].body


def test_a_success_ends_a_failure(workspace):
    with Receiver(500) as receiver:
        endpoint = listen(workspace, receiver)
        factories.make_lead(workspace)
        go()
        endpoint.refresh_from_db()
        assert endpoint.failing_since is not None
        later()
        go()
        endpoint.refresh_from_db()
        assert endpoint.failing_since is None


def test_a_failure_lasts_since_the_first_attempt_that_failed(workspace):
    began = timezone.now() - timedelta(hours=1)
    with Receiver(500, 500) as receiver:
        listen(workspace, receiver)
        factories.make_lead(workspace)
        go()
        WebhookEndpoint.objects.update(failing_since=began)
        later()
        go()
        assert WebhookEndpoint.objects.get().failing_since == began


def test_a_receiver_that_hangs_delays_no_other_endpoint_and_holds_no_connection(workspace, monkeypatch):
    monkeypatch.setattr(delivery, "TRY_MS", 1_500)
    held: list[bool] = []
    ask = delivery.ProviderSession.request

    def request(self, *args, **kwargs):
        held.append(connection.connection is not None)
        return ask(self, *args, **kwargs)

    monkeypatch.setattr(delivery.ProviderSession, "request", request)
    with Receiver(usual="hang") as hung, Receiver() as other:
        endpoint = listen(workspace, hung)
        delivery.feed()  # nothing is due
        lead = factories.make_lead(workspace)
        worker = threading.Thread(target=_deliver_in_thread, args=[endpoint])
        worker.start()
        until(lambda: hung.got, "the hung receiver gets the event")
        listen(workspace, other)
        change(lead, "Interested")
        go()
        assert other.of_lead(lead.pk) == ["lead.tagged"]
        worker.join()
    assert held and not any(held)
    first = WebhookAttempt.objects.filter(endpoint=endpoint, number=1).order_by("pk").first()
    assert first.error == "No response within 15 s"


def _deliver_in_thread(endpoint) -> None:
    attempt = delivery.claim(endpoint)
    delivery._deliver(endpoint, attempt, Deadline.after_ms(60_000))
    drop_connection()


def test_an_endpoint_that_drops_calls_opens_its_own_breaker_and_not_its_neighbours(workspace):
    with Receiver(usual="drop") as bad, Receiver() as good:
        endpoint = listen(workspace, bad)
        listen(workspace, good)
        leads = [factories.make_lead(workspace) for _ in range(8)]
        go()
        endpoint.refresh_from_db()
        assert endpoint.held_until > timezone.now()
        assert len(bad.got) < len(leads) and len(good.got) == len(leads)
        assert [row.key for row in CircuitBreaker.objects.all()] == [f"{RECEIVER}:{endpoint.pk}"]
        assert delivery.feed() == 0, "no job is enqueued while the breaker is open"


@pytest.mark.parametrize("act", [endpoints.test, endpoints.recover])
def test_a_test_and_a_recovery_end_the_pause_after_failures(workspace, act):
    with Receiver(usual="drop") as receiver:
        endpoint = listen(workspace, receiver)
        for _ in range(8):
            factories.make_lead(workspace)
        go()
        receiver.usual = 204
        act(endpoint, None)
        go()
        assert not receiver.accepted, "a worker that has not reread its breakers would pause it again"
        endpoint.refresh_from_db()
        assert endpoint.held_until < timezone.now() + timedelta(seconds=30)
        assert endpoint.failing_since is not None, "nothing has got through yet"
        WebhookEndpoint.objects.update(held_until=timezone.now())
        go()
        endpoint.refresh_from_db()
        assert receiver.accepted and (endpoint.failing_since, endpoint.held_until) == (None, None)


def test_a_connection_that_is_closed_without_an_answer_is_no_answer_that_is_late(workspace):
    with Receiver("drop") as receiver:
        listen(workspace, receiver)
        factories.make_lead(workspace)
        go()
        attempt = WebhookAttempt.objects.get(number=1)
        assert attempt.error == "The connection was closed without a response"


def test_a_worker_that_dies_before_it_records_an_answer_sends_the_event_again_under_the_same_id(workspace):
    with Receiver() as receiver:
        endpoint = listen(workspace, receiver)
        change(factories.make_lead(workspace), "Interested")
        attempt = delivery.claim(endpoint)
        assert delivery._post(endpoint, attempt, _minute()) == 204
        go()
        assert len(receiver.got) == 1, "the lease lasts"
        later()
        go()
        assert receiver.types() == ["lead.created", "lead.created", "lead.tagged"]
        assert receiver.signatures[0][0] == receiver.signatures[1][0]
        facts = {"outcome": Outcome.DELIVERED, "status": 204}
        assert delivery.record(endpoint, attempt, facts, None) == "fenced"


def _minute() -> Deadline:
    return Deadline.after_ms(60_000)


def test_a_redirect_is_a_failure_and_is_not_followed(workspace):
    with Receiver() as target, Receiver(302, headers={"Location": target.url}) as receiver:
        listen(workspace, receiver)
        factories.make_lead(workspace)
        go()
        assert target.got == [] and WebhookAttempt.objects.get(number=1).error == "302 Found"


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https://user:pass@hooks.example.com/",
        "ftp://hooks.example.com",
        "http://127.0.0.1:8000/hook",
    ],
)
def test_an_address_that_is_not_public_https_is_refused_at_entry(settings, url):
    settings.ALLOW_LOOPBACK_PROVIDERS = False
    with pytest.raises(ValidationError):
        endpoints.validate_url(url)


def test_a_name_that_leads_into_our_network_is_refused_at_each_attempt(workspace, settings):
    settings.ALLOW_LOOPBACK_PROVIDERS = False
    endpoint = endpoints.create(
        workspace, None, url="https://localhost.localdomain:1/", events=["*"], include_text=False
    )
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(url="https://10.0.0.7/hook")
    factories.make_lead(workspace)
    go()
    assert WebhookAttempt.objects.get(number=1).error == "Not a public https:// address"


def test_while_a_secret_is_rotated_both_sign(workspace):
    with Receiver() as receiver:
        endpoint = listen(workspace, receiver)
        before = endpoint.secret
        after = endpoints.rotate(endpoint, None)
        factories.make_lead(workspace)
        go()
        assert is_signed(after, receiver.signatures[0]) == [True, False]
        assert is_signed(before, receiver.signatures[0]) == [False, True]
        WebhookEndpoint.objects.update(rotated_at=timezone.now() - timedelta(hours=25))
        factories.make_lead(workspace)
        go()
        assert is_signed(after, receiver.signatures[1]) == [True]
        assert len(base64.b64decode(after.removeprefix("whsec_"))) == 32


def test_a_test_event_goes_to_its_endpoint_alone(workspace):
    with Receiver() as receiver, Receiver() as other:
        endpoint = listen(workspace, receiver, "lead.bounced")
        listen(workspace, other)
        endpoints.test(endpoint, None)
        go()
        assert receiver.types() == ["endpoint.test"] and other.got == []


def test_one_event_is_sent_again_when_it_is_asked_for(workspace):
    with Receiver() as receiver:
        endpoint = listen(workspace, receiver)
        factories.make_lead(workspace)
        go()
        endpoints.resend(endpoint, None, Event.objects.get().pk)
        with pytest.raises(endpoints.EndpointRefused):
            endpoints.resend(endpoint, None, Event.objects.get().pk)
        go()
        assert len(receiver.got) == 2 and len(set(ids(receiver.got))) == 1


def test_deleting_an_endpoint_deletes_its_attempts_and_breaks_no_change(workspace):
    with Receiver() as receiver:
        endpoint = listen(workspace, receiver)
        factories.make_lead(workspace)
        endpoints.delete(endpoint, None)
        factories.make_lead(workspace)
        assert not WebhookAttempt.objects.exists() and Event.objects.count() == 2


def test_a_workspace_has_at_most_twenty_endpoints(workspace):
    for _ in range(endpoints.MOST):
        endpoints.create(workspace, None, url="https://a.example.com/", events=["*"], include_text=False)
    with pytest.raises(endpoints.EndpointRefused, match="up to 20 endpoints"):
        endpoints.create(workspace, None, url="https://a.example.com/", events=["*"], include_text=False)


def test_the_example_receiver_takes_an_event_and_prints_it_once(workspace):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    endpoint = endpoints.create(
        workspace, None, url=f"http://127.0.0.1:{port}/", events=["*"], include_text=False
    )
    command = [sys.executable, "docs/examples/receiver.py", str(port)]
    environment = {"WEBHOOK_SECRET": endpoint.secret}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as receiver:
        try:
            factories.make_lead(workspace)

            def delivered() -> bool:
                later()
                go()
                return WebhookAttempt.objects.filter(outcome=Outcome.DELIVERED).exists()

            until(delivered, "the receiver listens and takes the event")
            endpoints.resend(endpoint, None, Event.objects.get().pk)
            go()
            assert WebhookAttempt.objects.filter(outcome=Outcome.DELIVERED).count() == 2
            WebhookEndpoint.objects.update(secret="whsec_AAAA")
            endpoints.resend(endpoint, None, Event.objects.get().pk)
            go()
            assert WebhookAttempt.objects.filter(status=401).exists()
        finally:
            receiver.kill()
        lines = receiver.stdout.read().splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["lead.created"]
