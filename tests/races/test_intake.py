"""Deliveries that come at the same moment, on real connections. Each test is red without the guard it names."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.backends.signals import connection_created
from django.utils import timezone

from inbox.intake import handlers
from inbox.intake.handlers import messages
from inbox.leads import identity
from inbox.models import Appointment, Campaign, Lead, Message, WebhookDelivery
from inbox.webhooks import replay
from integrations.events import MessageEvent
from integrations.models import WebhookKey
from jobs.models import BackgroundJob
from tests.factories import make_lead
from tests.racing import at_once, waiting_for_a_lock
from tests.recorded import payload
from tests.waiting import PATIENCE_S, until

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

Verdict = WebhookDelivery.Verdict


def reply(kind: str = "LEAD_REPLIED", reply_id: int = 880031, lead_id: int = 55120, **lead) -> dict:
    person = {"id": lead_id, "email": "dana@example.com", "first_name": "Dana"} | lead
    return {
        "event": {"type": kind, "workspace_id": 42},
        "data": {
            "campaign": {"id": 901, "name": "Q4"},
            "lead": person,
            "reply": {"id": reply_id, "from_email_address": person["email"], "text_body": f"Sure {reply_id}"},
        },
    }


def posts(poster, source: str, bodies: list) -> list:
    return [lambda body=body: poster.post(source, body) for body in bodies]


def answers(responses) -> list[dict]:
    assert {response.status_code for response in responses} == {200}
    return [response.json() for response in responses]


def test_same_reply_32_times_at_once_is_one_message_and_one_job(poster):
    """Guard: the unique constraint message_once."""
    got = answers(at_once(*posts(poster, "email", [reply()] * 32)))
    assert sorted(answer["deduped"] for answer in got) == [False] + [True] * 31
    assert {answer["messageId"] for answer in got} == {str(Message.objects.get().pk)}
    assert BackgroundJob.objects.count() == 1
    assert Lead.objects.count() == 1
    assert WebhookDelivery.objects.filter(verdict=Verdict.DUPLICATE).count() == 31


def test_replied_and_interested_together_are_one_message_of_an_interested_lead(poster):
    """Guard: the conditional UPDATE of provider_interested after a lost insert."""
    for number in range(8):
        kinds = ["LEAD_REPLIED", "LEAD_INTERESTED"] * 4
        answers(at_once(*posts(poster, "email", [reply(kind, reply_id=number) for kind in kinds])))
    assert Message.objects.count() == 8
    assert Message.objects.filter(provider_interested=True).count() == 8
    assert Lead.objects.get().provider_interested


def test_first_messages_over_two_channels_are_one_lead(poster):
    """Guard: the unique constraints on a lead's identities."""
    for number in range(6):
        email = f"zora{number}@example.org"
        sms = payload("ghl", "workflow_sms") | {
            "contact_id": f"contact-zora-{number}",
            "email": email.title(),
            "phone": f"+1555555{1000 + number}",
        }
        texts = [
            sms | {"message": {"type": 2, "body": f"text {index}"}, "customData": {}} for index in (1, 2)
        ]
        mails = [reply(reply_id=number * 10 + index, lead_id=number + 1, email=email) for index in (1, 2)]
        got = answers(at_once(*posts(poster, "email", mails), *posts(poster, "ghl/sms", texts)))
        assert not any(answer["deduped"] for answer in got)
        assert len({answer["leadId"] for answer in got}) == 1
    assert Lead.objects.count() == 6
    assert not Lead.objects.filter(identity_conflict=True).exists()


@pytest.fixture
def refusals() -> Iterator[list[str]]:
    """The constraints by which PostgreSQL refused a row, each of which is a line "duplicate key" in its log."""
    names: list[str] = []

    def note(execute, sql, params, many, context):
        try:
            return execute(sql, params, many, context)
        except IntegrityError as error:
            names.append(error.__cause__.diag.constraint_name)
            raise

    def watch(connection, **_):
        connection.execute_wrappers.append(note)

    connection_created.connect(watch)
    yield names
    connection_created.disconnect(watch)
    connection.execute_wrappers[:] = [
        wrapper for wrapper in connection.execute_wrappers if wrapper is not note
    ]


def test_a_race_for_a_lead_or_a_campaign_that_is_lost_is_no_error_of_postgresql(poster, refusals):
    """Guard: their inserts ignore conflicts."""
    for number in range(6):
        bodies = [
            reply(reply_id=number * 10 + index, lead_id=number + 1, email=f"zora{number}@example.org")
            for index in range(8)
        ]
        for body in bodies:
            body["data"]["campaign"] = {"id": 700 + number, "name": "Q4"}
        got = answers(at_once(*posts(poster, "email", bodies)))
        assert len({answer["leadId"] for answer in got}) == 1
    assert (Lead.objects.count(), Campaign.objects.count(), Message.objects.count()) == (6, 6, 48)
    assert refusals == []


def test_an_id_that_another_lead_has_is_no_error_of_postgresql(poster, refusals):
    make_lead(poster.workspace, ghl_contact_id="contact-1")
    connection.close()  # the next one is watched
    assert (
        identity.keep(make_lead(poster.workspace), "ghl_contact_id", "contact-1", "ghl")
        == "another lead has this contact detail"
    )
    assert Lead.objects.filter(identity_conflict=True).count() == 2 and refusals == []


def test_same_text_without_an_id_at_once_is_one_message(poster):
    """Guard: the lock on the text's words."""
    bodies = [payload("ghl", "workflow_sms_without_date")] * 12
    got = answers(at_once(*posts(poster, "ghl/sms", bodies)))
    assert sorted(answer["deduped"] for answer in got) == [False] + [True] * 11
    assert Message.objects.count() == BackgroundJob.objects.count() == 1


def test_our_first_message_and_theirs_into_one_chat_are_one_lead(poster):
    """Guard: the lock on the chat."""
    for number in range(8):
        chat = {"chat_id": f"chat-{number}"}
        theirs = payload("unipile", "message_received_flat") | chat | {"message_id": f"in-{number}"}
        theirs["sender"] |= {"attendee_provider_id": f"ACoAA{number}", "attendee_profile_url": ""}
        ours = payload("unipile", "message_received_flat_own") | chat | {"message_id": f"out-{number}"}
        answers(at_once(*posts(poster, "linkedin", [ours, theirs])))
    assert Lead.objects.count() == 8


def test_booking_at_once_is_one_appointment(poster):
    """Guard: the unique event key of a delivery."""
    body = payload("calendly", "invitee_created_nested")
    make_lead(poster.workspace, email=body["payload"]["invitee"]["email"])
    got = answers(at_once(*posts(poster, "calendly", [body] * 8)))
    assert sorted(answer["deduped"] for answer in got) == [False] + [True] * 7
    assert Appointment.objects.count() == 1


def test_both_halves_of_a_reschedule_at_once_end_booked(poster):
    """Guard: the lock on the lead's row."""
    created = payload("calendly", "invitee_created_reschedule")
    make_lead(poster.workspace, email=created["payload"]["email"])
    for number in range(12):
        old, new = (f"https://api.calendly.com/e{number}{part}/invitees/i" for part in "ab")
        first = created["payload"] | {"uri": old, "old_invitee": ""}
        poster.post("calendly", created | {"payload": first})
        booked = created | {"payload": created["payload"] | {"uri": new, "old_invitee": old}}
        # This cancel does not say that it belongs to a move: only the booking does.
        gone = {"event": "invitee.canceled", "payload": first}
        answers(at_once(*posts(poster, "calendly", [booked, gone])))
    moved = Appointment.objects.filter(status="rescheduled", cancelled_at__isnull=False)
    assert moved.count() == 12
    assert Appointment.objects.filter(status="booked").count() == 12


def test_duplicate_while_the_job_runs_changes_nothing_of_it(poster):
    """Guards: the look for the job before it is enqueued, and ON CONFLICT DO NOTHING behind it: red without both."""
    poster.post("email", reply())
    BackgroundJob.objects.update(
        status="running",
        lease_token="00000000-0000-7000-8000-000000000001",
        lease_expires_at=timezone.now() + timedelta(minutes=1),
        attempts=1,
    )
    before = BackgroundJob.objects.values().get()
    got = answers(at_once(*posts(poster, "email", [reply()] * 8)))
    assert all(answer["deduped"] and answer["postProcessEnqueued"] for answer in got)
    assert BackgroundJob.objects.values().get() == before


def test_duplicate_repairs_a_missing_job_once_and_not_one_that_is_done(poster):
    """Guard: `processed_at` tells a pruned job from a missing one."""
    poster.post("email", reply())
    BackgroundJob.objects.all().delete()
    answers(at_once(*posts(poster, "email", [reply()] * 8)))
    assert BackgroundJob.objects.count() == 1
    BackgroundJob.objects.all().delete()
    Message.objects.update(processed_at=timezone.now())
    poster.post("email", reply())
    assert not BackgroundJob.objects.exists()


def test_replay_while_the_original_is_handled_is_one_message(poster, monkeypatch):
    """Guard: the same constraint; the replay waits for the original's transaction."""
    monkeypatch.setitem(handlers.HANDLERS, MessageEvent, _broken)
    failed = WebhookDelivery.objects.get(pk=poster.post("email", reply()).json()["deliveryId"])
    monkeypatch.setitem(handlers.HANDLERS, MessageEvent, _slowly)
    answer, result = at_once(lambda: poster.post("email", reply()), lambda: replay.replay(failed))
    verdicts = {"duplicate" if answer.json()["deduped"] else "accepted", str(result.outcome.verdict)}
    assert verdicts == {"accepted", "duplicate"}
    assert Message.objects.count() == BackgroundJob.objects.count() == 1


def _broken(*_):
    raise ZeroDivisionError


def _slowly(received, event):
    outcome = messages.handle(received, event)
    time.sleep(0.3)
    return outcome


def test_rotation_during_delivery_loses_nothing(poster):
    """Guard: the overlap, decided in one UPDATE."""
    integration = poster.integration("email")

    def rotate() -> WebhookKey:
        return WebhookKey.rotate(integration, timedelta(hours=24))

    calls = posts(poster, "email", [reply(reply_id=number) for number in range(12)])
    *responses, new, newest = at_once(*calls, rotate, rotate)
    assert not any(answer["deduped"] for answer in answers(responses))
    assert Message.objects.count() == 12
    for key in (poster.keys["email"], new.secret, newest.secret):
        assert poster.post_to(f"/api/webhooks/email/{key}/", reply(reply_id=0)).status_code == 200


def test_burst_of_one_campaign_is_one_campaign(poster):
    """Guard: the unique constraint campaign_once, and get_or_create in a savepoint."""
    bodies = [
        {
            "event": {"type": "EMAIL_SENT"},
            "data": {
                "campaign": {"id": 77, "name": "Window"},
                "scheduled_email": {"id": number, "email_subject": "hi"},
                "lead": {"id": number + 1, "email": f"burst{number}@example.com"},
                "sender_email": {"id": 1, "email": "alex@outreach.example.com"},
            },
        }
        for number in range(24)
    ]
    answers(at_once(*posts(poster, "email", bodies)))
    assert Message.objects.count() == 24
    assert poster.workspace.campaigns.count() == 1


def test_same_id_in_two_workspaces_at_once_is_two_messages(poster, other):
    """Guard: every unique key carries the workspace."""
    calls = [call for one in (poster, other) for call in posts(one, "email", [reply()] * 4)]
    answers(at_once(*calls))
    assert Message.objects.count() == Lead.objects.count() == 2


def test_second_transaction_waits_for_the_lock_on_a_text(poster):
    """What the guard is: a lock by name that lasts until the transaction ends."""
    from inbox.models import locks

    order, held = [], threading.Event()

    def first():
        with transaction.atomic():
            locks.hold("text", "x")
            held.set()
            until(waiting_for_a_lock, "the second waits")
            order.append("first")

    def second():
        held.wait(PATIENCE_S)
        with transaction.atomic():
            locks.hold("text", "x")
            order.append("second")

    at_once(first, second)
    connection.close()
    assert order == ["first", "second"]


def bounced(event_id: int, mail_id: int, notice_id: int | None = None) -> dict:
    body = reply("EMAIL_BOUNCED")
    notice = {
        "id": notice_id,
        "from_email_address": "mailer-daemon@example.com",
        "text_body": "550 no such user",
    }
    body["data"]["reply"] = notice if notice_id else None
    return {
        **body,
        "data": body["data"] | {"campaign_event": {"id": event_id}, "scheduled_email": {"id": mail_id}},
    }


@pytest.mark.parametrize("known", [False, True], ids=["new lead", "known lead"])
def test_one_bounce_under_many_event_ids_at_once_is_one_message(poster, known):
    """Guards: message_once for those without a notice, the lead's lock and lead_one_email for those with one."""
    if known:
        make_lead(poster.workspace, email="dana@example.com", emailbison_lead_id="55120")
    for mail in range(1, 6):
        told = [bounced(10 * mail + number, mail, 900 + mail if number % 2 else None) for number in range(8)]
        got = answers(at_once(*posts(poster, "email", told)))
        assert sorted(answer["deduped"] for answer in got) == [False] + [True] * 7
    assert sorted(Message.objects.values_list("thread_id", "external_id")) == [
        (str(mail), str(900 + mail)) for mail in range(1, 6)
    ]
    assert Lead.objects.count() == 1


def said(kind: str, minute: int) -> dict:
    time = f"2026-10-14T15:{minute:02}:00Z"
    return payload("instantly", "lead_not_interested") | {"event_type": kind, "timestamp": time}


def test_words_and_the_reply_they_are_about_at_once_end_in_one_state(poster):
    """Guards: delivery_event_once, lead_one_email and the lead's lock."""
    answer = payload("instantly", "reply_received")
    words = [said("lead_interested", 10), said("lead_wrong_person", 20), said("lead_wrong_person", 20)]
    for number in range(6):
        address = f"rival{number}@example.com"
        theirs = [answer | {"contact_email": address, "email_id": f"rival-{number}"}] * 2
        theirs += [word | {"lead_email": address} for word in words]
        got = answers(at_once(*posts(poster, "instantly", theirs)))
        assert sorted(one["deduped"] for one in got) == [False] * 3 + [True] * 2
    for lead in Lead.objects.all():
        message = lead.messages.get()
        assert (lead.tag, message.tag, lead.provider_words.count()) == ("Wrong Person", "Wrong Person", 2)
    assert Lead.objects.count() == 6
