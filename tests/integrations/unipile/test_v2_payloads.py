"""Version 2's webhooks as its pages describe them: what each becomes, and which are signed."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from integrations.events import (
    AccountStatusEvent,
    ConnectionEvent,
    IgnoredEvent,
    MessageEvent,
    MessageNotice,
    PayloadInvalid,
    Person,
)
from integrations.unipile.payloads import account_of, parse
from integrations.unipile.spec import SPEC
from integrations.unipile.v2.payloads import EVENTS
from integrations.unipile.v2.signature import accepts
from tests.recorded import payload

NOW = datetime(2026, 10, 14, 14, 5, tzinfo=UTC)
ANDERS = Person(
    linkedin_member_id="ACoAAuqMUfWioq",
    linkedin_url="https://www.linkedin.com/in/anders-holt-example",
    first_name="Anders",
    last_name="Holt",
)


def fixture(name: str, **changes) -> dict:
    return payload("unipile", f"v2_{name}") | changes


def message(**changes) -> dict:
    body = fixture("message_new")
    return body | {"payload": body["payload"] | changes}


def without(*names: str) -> dict:
    body = fixture("message_new")
    return body | {"payload": {name: part for name, part in body["payload"].items() if name not in names}}


def test_new_message_is_the_senders_and_is_known_by_its_chat_and_id():
    event = parse(fixture("message_new"), NOW)
    assert isinstance(event, MessageEvent)
    assert (event.direction, event.channel, event.source) == ("inbound", "linkedin", "unipile_message")
    assert event.external_id == "2-ZGFuYS1jaGF0/2-MTc5MTk4NjY3ODQ4MmI0Mg=="
    assert (event.thread_id, event.account_id, event.person) == ("2-ZGFuYS1jaGF0", "acc_owner42", ANDERS)
    assert event.occurred_at == datetime(2026, 10, 14, 14, 4, 38, 482000, tzinfo=UTC)
    assert event.attachments == [
        {
            "id": "att_1",
            "name": "plan.pdf",
            "type": "application/pdf",
            "size": 512,
            "url": "https://media.example.com/plan.pdf",
        }
    ]


def test_equal_ids_in_two_chats_are_two_messages():
    assert parse(message(chat_id="2-other"), NOW).external_id != parse(message(), NOW).external_id


def test_no_id_of_version_1_can_be_one_of_version_2():
    assert "/" in parse(message(), NOW).external_id
    for name in ("message_received_flat", "message_received_nested", "message_sent"):
        assert "/" not in parse(payload("unipile", name), NOW).external_id


def test_sender_without_a_profile_is_known_by_the_member_id():
    event = parse(without("sender"), NOW)
    assert event.person == Person(linkedin_member_id="ACoAAuqMUfWioq")
    assert event.unnamed.message_id == "2-MTc5MTk4NjY3ODQ4MmI0Mg=="
    assert parse(message(), NOW).unnamed is parse(fixture("message_new_own"), NOW).unnamed is None


def test_message_that_the_owner_wrote_elsewhere_is_ours_and_names_the_chat():
    event = parse(fixture("message_new_own"), NOW)
    assert (event.direction, event.person, event.thread_id) == ("outbound", Person(), "2-ZGFuYS1jaGF0")


@pytest.mark.parametrize(
    "body",
    [
        fixture("message_new", payload={"message_id": "m1", "chat_id": "c1"}),
        fixture("message_new", payload={"id": "m1", "chat_id": "c1", "text": "Hi"}),
        message(text=None, attachments=[]),
        without("is_sender"),
    ],
)
def test_message_of_which_the_webhook_tells_less_is_read_by_its_ids(body):
    event = parse(body, NOW)
    assert isinstance(event, MessageNotice)
    assert (event.edited, event.event_key) == (False, "evt_4b1f09c27a")
    assert event.thread_id and event.message_id


@pytest.mark.parametrize("body", [fixture("message_update"), message() | {"type": "message.update"}])
def test_changed_message_is_always_read(body):
    event = parse(body, NOW)
    assert isinstance(event, MessageNotice) and event.edited
    assert (event.thread_id, event.message_id) == ("2-ZGFuYS1jaGF0", "2-MTc5MTk4NjY3ODQ4MmI0Mg==")


@pytest.mark.parametrize("kind", ["relation.new", "relation.request.accept"])
@pytest.mark.parametrize(
    ("told", "person"),
    [
        (fixture("relation_new")["payload"], ANDERS),
        ({"user_id": "ACoAAuqMUfWioq"}, Person(linkedin_member_id="ACoAAuqMUfWioq")),
    ],
)
def test_new_relation_names_the_person(kind, told, person):
    event = parse(fixture("relation_new", type=kind, payload=told), NOW)
    assert isinstance(event, ConnectionEvent)
    assert (event.person, event.event_key) == (person, "evt_rel")


WORDS = SPEC.health.account_words


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("account.status.disconnected", WORDS.refused),
        ("account.remove", WORDS.refused),
        ("account.status.errored", WORDS.down),
        ("account.status.paused", WORDS.down),
        ("account.status.running", WORDS.well),
        ("account.status.partial", WORDS.well),
        ("account.status.degraded", WORDS.well),
        ("account.add", WORDS.well),
        ("account.reconnect", WORDS.well),
        ("account.locked", WORDS.well),
        ("account.unlocked", WORDS.well),
    ],
)
def test_each_state_of_an_account_has_a_meaning(kind, words):
    event = parse(fixture("status_disconnected", type=kind), NOW)
    assert isinstance(event, AccountStatusEvent)
    assert event.status in words and event.event_key == "evt_down"


def test_every_event_that_we_name_is_used():
    body = message(user=fixture("relation_new")["payload"]["user"])
    unused = [kind for kind in EVENTS if isinstance(parse(body | {"type": kind}, NOW), IgnoredEvent)]
    assert unused == []


@pytest.mark.parametrize(
    "body",
    [
        fixture("message_new", account_provider="whatsapp"),
        fixture("message_new", type="message.receipt.read"),
        fixture("message_new", type="message.reaction.new"),
        fixture("message_new", type="account.initial_sync.completed"),
        message(is_event=True),
        message(is_deleted=True),
    ],
)
def test_what_we_do_not_use_is_ignored(body):
    assert isinstance(parse(body, NOW), IgnoredEvent)


@pytest.mark.parametrize("name", ["", "LINKEDIN", "linkedin_recruiter"])
def test_message_of_any_product_of_linkedin_is_taken(name):
    assert isinstance(parse(fixture("message_new", account_provider=name), NOW), MessageEvent)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (fixture("message_new", account_id=None), "account_id"),
        (fixture("message_new", id=None), "id"),
        (fixture("message_new", payload={"id": "m1"}), "payload.chat_id"),
        (fixture("message_new", payload=None), "payload.id"),
        (message(text=7), "payload.text"),
        (fixture("relation_new", payload={}), "payload"),
    ],
)
def test_missing_or_wrong_fields_are_named(body, field):
    with pytest.raises(PayloadInvalid) as caught:
        parse(body, NOW)
    assert field in caught.value.fields


def test_account_is_read_from_the_envelope():
    assert account_of(fixture("message_new")) == "acc_owner42"


RAW, KEY = b'{"id":"evt_1"}', {"webhook_secret": "wes_secret"}


def signed(at: datetime = NOW, secret: str = "wes_secret", raw: bytes = RAW) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return {"Unipile-Signature": f"t={stamp},v0={digest}"}


def test_signature_over_time_and_body_is_accepted():
    assert accepts(KEY, RAW, signed(), NOW)
    assert accepts(KEY, RAW, signed(NOW - timedelta(hours=23)), NOW), "a webhook that is repeated for hours"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Unipile-Signature": ""},
        {"Unipile-Signature": "v0=00"},
        {"Unipile-Signature": "t=soon,v0=00"},
        {"Unipile-Signature": f"t={int(NOW.timestamp())}"},
        {"Unipile-Signature": f"t={int(NOW.timestamp())},v0=é"},
        signed(secret="another"),
        signed(raw=b"{}"),
        signed(NOW - timedelta(hours=25)),
        signed(NOW + timedelta(hours=25)),
    ],
)
def test_missing_wrong_and_old_signatures_are_refused(headers):
    assert not accepts(KEY, RAW, headers, NOW)


def test_account_without_the_secret_is_known_by_its_address_alone():
    assert accepts({}, RAW, {}, NOW)
