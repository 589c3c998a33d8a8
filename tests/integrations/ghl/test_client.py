"""GoHighLevel's calls against the sandbox, its states, and its limit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from integrations import registry
from integrations.errors import ProviderAuthError, ProviderRateLimited, ProviderRejected
from integrations.ghl.client import GhlClient
from integrations.http.ratelimit import RateLimit
from integrations.models import Integration
from integrations.spec import CallLimit
from jobs.deadline import Deadline
from tests.ghl import booked
from tests.integrations.fault_server import FaultServer, answer

pytestmark = pytest.mark.django_db

KEY, PERSON = "pit-key", {"email": "dana@example.com", "phone": "+15555550123", "firstName": "Dana"}


def client_at(url, location="LocNorthwind01"):
    integration = Integration(
        provider="ghl", config={"base_url": url}, credentials={"api_key": KEY}, external_account_id=location
    )
    return GhlClient.for_integration(integration)


@pytest.fixture
def ghl(sandbox):
    return client_at(sandbox.url("ghl"))


def test_an_sms_is_sent_and_found_in_its_conversation(ghl, soon, sandbox):
    contact = ghl.upsert_contact(PERSON, soon)
    sent = ghl.send_sms(contact.id, "Hello", soon)
    (conversation,) = ghl.conversations(contact.id, soon)
    (message,) = ghl.messages(conversation.id, soon)
    assert (message.id, message.body, message.direction, message.is_sms) == (
        sent.message_id,
        "Hello",
        "outbound",
        True,
    )
    (exported,) = ghl.export_messages(soon, since=datetime.now(UTC) - timedelta(hours=1))
    assert exported.id == sent.message_id
    assert len(sandbox.sends(provider="ghl")) == 1


def test_a_contact_is_made_once_found_and_changed(ghl, soon):
    made = ghl.upsert_contact(PERSON, soon)
    assert ghl.upsert_contact(PERSON, soon).id == made.id
    ghl.update_contact(made.id, {"companyName": "Reyes Roofing"}, soon)
    assert ghl.contact(made.id, soon).company == "Reyes Roofing"
    assert [one.id for one in ghl.find_contacts("email", "dana@example.com", soon)] == [made.id]


def test_an_appointment_is_read(ghl, soon):
    contact = ghl.upsert_contact(PERSON, soon)
    (calendar,) = ghl.calendars(soon)
    now = datetime.now(UTC)
    slot = ghl.free_slots(calendar.id, now, now + timedelta(days=7), soon)[0]
    made = booked(ghl, slot, calendarId=calendar.id, contactId=contact.id)
    (appointment,) = ghl.contact_appointments(contact.id, soon)
    assert (appointment.id, appointment.starts_at, appointment.status) == (made, slot, "confirmed")


def test_reads_the_location_itself(ghl, soon):
    assert ghl.location(soon).id == "LocNorthwind01"


def test_contacts_and_conversations_speak_their_own_version(soon):
    contact = answer(body={"contact": {"id": "c1"}})
    with FaultServer(contact, answer(body={"conversations": []})) as server:
        client = client_at(server.url)
        client.contact("c1", soon)
        client.conversations("c1", soon)
        versions = [
            b"Version: 2021-07-28" in server.requests[0],
            b"Version: 2021-04-15" in server.requests[1],
        ]
    assert versions == [True, True]


def test_a_scope_that_the_key_lacks_is_no_lost_account(soon):
    body = {"statusCode": 401, "message": "The token is not authorized for this scope."}
    with FaultServer(answer(401, body)) as server, pytest.raises(ProviderRejected) as caught:
        client_at(server.url).calendars(soon)
    assert caught.value.code == "missing_scope"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Cannot send message as DND is active for SMS.", "sms_dnd"),
        ("Missing phone number", "missing_phone"),
        ("Invalid country calling code", "invalid_country_code"),
        (["message should not be empty"], ""),
    ],
)
def test_a_refused_sms_names_the_contacts_state(message, code, soon):
    with FaultServer(answer(400, {"statusCode": 400, "message": message})) as server:
        with pytest.raises(ProviderRejected) as caught:
            client_at(server.url).send_sms("c1", "Hi", soon)
        assert server.calls == 1
    assert (caught.value.code, caught.value.sent) == (code, False)


@pytest.mark.parametrize(
    ("headers", "message", "wait_ms"),
    [
        ({"Retry-After": "12"}, "Too Many Requests", 12_000),
        ({}, "Too Many Requests", 10_000),
        ({"Retry-After": "2"}, "Trying to create too many Point In Time contexts", 30_000),
    ],
)
def test_a_429_says_how_long_to_wait(headers, message, wait_ms, soon):
    with FaultServer(answer(429, {"message": message}, headers)) as server:
        with pytest.raises(ProviderRateLimited) as caught:
            client_at(server.url).send_sms("c1", "Hi", soon)
        assert server.calls == 1
    assert (caught.value.retry_after_ms, caught.value.sent) == (wait_ms, False)


def test_the_limit_is_per_location_and_puts_off_instead_of_dropping(monkeypatch):
    spec = replace(registry.spec_of("ghl"), call_limit=CallLimit(calls=2, window_s=10.0))
    monkeypatch.setattr(registry, "spec_of", lambda _provider: spec)
    with FaultServer(answer(body={"id": "c1"})) as server:
        deadline = Deadline.after_ms(1000)
        first = client_at(server.url)
        first.contact("c1", deadline)
        first.contact("c1", deadline)
        with pytest.raises(ProviderRateLimited) as caught:
            first.contact("c1", deadline)
        client_at(server.url, location="LocOther").contact("c1", deadline)
        assert server.calls == 3
    assert 0 < caught.value.retry_after_ms <= 10_000
    assert (caught.value.code, caught.value.sent) == ("own_limit", False)


def test_the_limit_is_ninety_in_ten_seconds(ghl):
    assert ghl._session.rate_limit == RateLimit("ghl:LocNorthwind01", 90, 10.0)


def test_a_revoked_key_is_an_auth_error(ghl, soon, sandbox):
    sandbox.set_account(provider="ghl", account=KEY, status="revoked")
    with pytest.raises(ProviderAuthError):
        ghl.location(soon)
