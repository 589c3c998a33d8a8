"""Meetings: booked, moved and cancelled, in every order."""

from itertools import permutations

import pytest

from inbox.followups.lists import fell_through
from inbox.models import Appointment, Lead
from inbox.models.lead import Tag
from inbox.signals import lead_booked
from tests.factories import make_lead, make_message
from tests.recorded import payload

DANA = "dana.reyes@reyesroofing.example.com"


@pytest.fixture
def lead(poster):
    return make_lead(poster.workspace, email=DANA, tag=Tag.INTERESTED)


def booked(name: str = "1", **invitee) -> dict:
    body = payload("calendly", "invitee_created_nested")
    base = f"https://api.calendly.com/scheduled_events/EV{name}"
    body["payload"]["scheduled_event"]["uri"] = base
    body["payload"]["invitee"] |= {"uri": f"{base}/invitees/IN{name}"} | invitee
    return body


def uri(name: str) -> str:
    return booked(name)["payload"]["invitee"]["uri"]


def cancelled(name: str = "1", **invitee) -> dict:
    return booked(name, **invitee) | {"event": "invitee.canceled"}


def statuses() -> dict[str, str]:
    return {one.external_id[-1]: one.status for one in Appointment.objects.all()}


def test_booking_is_evidence_for_the_tag(poster, lead):
    answer = poster.post("calendly", booked()).json()
    lead.refresh_from_db()
    assert answer["leadId"] == str(lead.pk)
    assert (lead.tag, lead.tag_decided_by) == (Tag.MEETING_BOOKED, "calendar: booked")
    assert lead.booked_at and statuses() == {"1": "booked"}


def test_cancel_takes_the_evidence_back_and_waits_for_a_person(poster, lead):
    poster.post("calendly", booked())
    poster.post("calendly", cancelled())
    lead.refresh_from_db()
    assert lead.booked_at is None and lead.tag != Tag.MEETING_BOOKED
    appointment = Appointment.objects.get()
    assert appointment.status == "cancelled" and appointment.handled_at is None


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
@pytest.mark.parametrize("cancel_says_so", [True, False])
def test_reschedule_ends_alike_in_every_order(poster, lead, order, cancel_says_so):
    halves = [
        booked("1"),
        cancelled("1", **({"rescheduled": True, "new_invitee": uri("2")} if cancel_says_so else {})),
        booked("2", old_invitee=uri("1")),
    ]
    for index in order:
        assert poster.post("calendly", halves[index]).json()["deduped"] is False
    lead.refresh_from_db()
    assert statuses() == {"1": "rescheduled", "2": "booked"}
    assert lead.tag == Tag.MEETING_BOOKED


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_cancelling_the_moved_meeting_ends_alike_in_every_order(poster, lead, order):
    events = [
        booked("1"),
        cancelled("1", rescheduled=True, new_invitee=uri("2")),
        booked("2", old_invitee=uri("1")),
        cancelled("2", old_invitee=uri("1"), rescheduled=False),
    ]
    for index in order:
        poster.post("calendly", events[index])
    lead.refresh_from_db()
    assert statuses() == {"1": "rescheduled", "2": "cancelled"}
    assert lead.booked_at is None
    assert [one.external_id for one in fell_through(poster.workspace)] == [uri("2")]


def test_booking_redelivered_is_a_duplicate(poster, lead):
    first, second = poster.post("calendly", booked()).json(), poster.post("calendly", booked()).json()
    assert (first["deduped"], second["deduped"]) == (False, True)
    assert second["leadId"] == first["leadId"]


def test_alternate_address_of_the_lead_is_the_lead(poster, lead):
    Lead.objects.update(alternate_emails=["assistant@reyesroofing.example.com"])
    answer = poster.post("calendly", booked(email="assistant@reyesroofing.example.com")).json()
    assert answer["leadId"] == str(lead.pk)


def test_moved_with_another_address_still_is_the_leads(poster, lead):
    poster.post("calendly", booked("1"))
    answer = poster.post("calendly", booked("2", email="new@example.org", old_invitee=uri("1"))).json()
    assert answer["leadId"] == str(lead.pk)


def test_stranger_is_left_alone(poster):
    answer = poster.post("calendly", booked()).json()
    assert (answer["ignored"], answer["reason"]) == (True, "lead_not_found")
    assert not Appointment.objects.exists() and not Lead.objects.exists()


def test_lead_of_another_workspace_is_a_stranger(other, lead):
    assert other.post("calendly", booked()).json()["reason"] == "lead_not_found"


def test_other_event_type_is_left_alone(poster, lead):
    poster.configure("calendly", config={"event_type_uri": "https://api.calendly.com/event_types/OTHER"})
    assert poster.post("calendly", booked()).json()["reason"] == "event_type_mismatch"


def test_stopped_lead_who_books_stays_stopped(poster, lead):
    Lead.objects.update(opted_out_at=lead.created_at, tag=Tag.BLACKLIST)
    poster.post("calendly", booked())
    lead.refresh_from_db()
    assert lead.tag == Tag.BLACKLIST and statuses() == {"1": "booked"}


def test_reply_after_the_booking_has_its_own_say(poster, lead):
    poster.post("calendly", booked())
    body = next_reply(lead)
    poster.post("email", body)
    lead.refresh_from_db()
    assert lead.booked_at and lead.tag != Tag.MEETING_BOOKED


def test_reply_before_the_booking_does_not_undo_it(poster, lead):
    message = make_message(lead, sent_at=lead.created_at.replace(year=2026, month=1))
    Lead.objects.update(last_inbound_at=message.sent_at)
    poster.post("calendly", booked())
    lead.refresh_from_db()
    assert lead.tag == Tag.MEETING_BOOKED


def next_reply(lead) -> dict:
    return {
        "event": {"type": "LEAD_REPLIED"},
        "data": {
            "lead": {"id": 1, "email": lead.email},
            "reply": {"id": 5, "from_email_address": lead.email, "text_body": "Who is this again?",
                      "date_received": "2026-11-20T10:00:00Z"},
        },
    }  # fmt: skip


def marked(event: str, minute: int, name: str = "1") -> dict:
    at = f"2026-11-20T10:{minute:02}:00.123456Z"
    no_show = {"uri": f"https://api.calendly.com/invitee_no_shows/{minute}", "created_at": at}
    return booked(name, no_show=no_show if event == "created" else None) | {
        "event": f"invitee_no_show.{event}",
        "created_at": at,
    }


def test_a_no_show_takes_the_booking_back_and_waits_for_a_person(poster, lead):
    poster.post("calendly", booked())
    answer = poster.post("calendly", marked("created", 1)).json()
    lead.refresh_from_db()
    assert (answer["success"], answer["leadId"]) == (True, str(lead.pk))
    assert statuses() == {"1": "no_show"} and lead.booked_at is None and lead.tag != Tag.MEETING_BOOKED
    assert list(fell_through(poster.workspace)) == [Appointment.objects.get()]


def test_a_no_show_that_is_taken_back_books_nothing_anew(poster, lead):
    heard = []

    def hear(sender, fresh, **kwargs):
        heard.append(fresh)

    lead_booked.connect(hear)
    try:
        for body in (booked(), marked("created", 1), marked("deleted", 2)):
            assert poster.post("calendly", body).json()["deduped"] is False
    finally:
        lead_booked.disconnect(hear)
    lead.refresh_from_db()
    assert statuses() == {"1": "booked"} and lead.booked_at and lead.tag == Tag.MEETING_BOOKED
    assert heard == [True, False]


def test_marks_are_deduped_one_by_one(poster, lead):
    poster.post("calendly", booked())
    marks = [marked("created", 1), marked("deleted", 2), marked("created", 3)]
    assert [poster.post("calendly", body).json()["deduped"] for body in marks] == [False] * 3
    assert [poster.post("calendly", body).json()["deduped"] for body in marks] == [True] * 3
    assert statuses() == {"1": "no_show"}


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_the_last_mark_counts_in_every_order(poster, lead, order):
    events = [booked(), marked("created", 1), marked("deleted", 2)]
    for index in order:
        poster.post("calendly", events[index])
    lead.refresh_from_db()
    assert statuses() == {"1": "booked"} and lead.booked_at


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_late_mark_brings_no_cancelled_meeting_back(poster, lead, order):
    events = [booked(), cancelled(), marked("deleted", 2)]
    for index in order:
        poster.post("calendly", events[index])
    lead.refresh_from_db()
    assert statuses() == {"1": "cancelled"} and lead.booked_at is None


def test_a_mark_that_names_the_invitee_by_uri_is_read(poster, lead):
    poster.post("calendly", booked())
    body = marked("created", 1) | {
        "payload": {"uri": "https://api.calendly.com/invitee_no_shows/1", "invitee": uri("1")}
    }
    assert poster.post("calendly", body).json()["leadId"] == str(lead.pk)
    assert statuses() == {"1": "no_show"}
