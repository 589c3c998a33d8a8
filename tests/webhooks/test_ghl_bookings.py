"""Meetings of GoHighLevel's calendars: the newest state counts in every order, and a move is no second booking."""

from itertools import permutations

import pytest
from django.utils import timezone

from inbox.intake.handlers import bookings
from inbox.models import Appointment, WebhookDelivery
from inbox.models.lead import Tag
from jobs.models import BackgroundJob
from tests.inbox.followups.helpers import enrolled, quiet_lead
from tests.recorded import payload

CONTACT = "Dj7MkirH2aBgnpH8HBnJ"
STATES = {
    "booked": {"dateUpdated": "2026-10-14T14:30:00.000Z"},
    "moved": {"dateUpdated": "2026-10-14T15:00:00.000Z", "startTime": "2026-10-20T10:00:00-04:00"},
    "cancelled": {"dateUpdated": "2026-10-14T16:00:00.000Z", "appointmentStatus": "cancelled"},
    "no-show": {"dateUpdated": "2026-10-14T16:00:00.000Z", "appointmentStatus": "noshow"},
}


@pytest.fixture
def lead(poster):
    return quiet_lead(poster.workspace, ghl_contact_id=CONTACT, tag=Tag.INTERESTED)


def told(state: str, kind: str = "AppointmentUpdate") -> dict:
    body = payload("ghl", "app_appointment_create") | {"type": kind}
    body["appointment"] |= STATES[state] | {"dateAdded": timezone.now().isoformat()}
    return body


def test_booking_is_evidence_and_ends_follow_ups(poster, lead):
    instance = enrolled(poster.workspace, {"offset_days": 1}, lead=lead)
    assert poster.post("ghl/sms", told("booked")).json()["leadId"] == str(lead.pk)
    lead.refresh_from_db()
    instance.refresh_from_db()
    assert (lead.tag, lead.tag_decided_by) == (Tag.MEETING_BOOKED, "calendar: booked")
    assert (instance.status, instance.finish_reason) == ("completed", "A meeting is booked.")


def test_a_defect_while_follow_ups_are_stopped_takes_the_booking_back(poster, lead, monkeypatch):
    instance = enrolled(poster.workspace, {"offset_days": 1}, lead=lead)

    def broken(*args, **kwargs):
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("inbox.followups.plan.finish_all", broken)
        assert poster.post("ghl/sms", told("booked")).json()["stored"] is True
    lead.refresh_from_db()
    instance.refresh_from_db()
    assert lead.booked_at is None and not Appointment.objects.exists() and instance.status == "active"
    assert poster.post("ghl/sms", told("booked")).json()["deduped"] is False


@pytest.mark.parametrize("order", list(permutations(("booked", "moved", "cancelled"))), ids=" ".join)
def test_the_newest_state_stands_in_every_order(poster, lead, order):
    for state in order:
        poster.post("ghl/sms", told(state))
    lead.refresh_from_db()
    appointment = Appointment.objects.get()
    assert (appointment.status, lead.booked_at) == ("cancelled", None)
    assert lead.tag != Tag.MEETING_BOOKED


def test_an_older_state_is_kept_in_the_ledger_and_changes_nothing(poster, lead):
    poster.post("ghl/sms", told("moved"))
    answer = poster.post("ghl/sms", told("booked", "AppointmentCreate")).json()
    assert (answer["ignored"], answer["reason"]) == (True, "older than what we already have")
    assert Appointment.objects.get().starts_at.day == 20


def test_nobody_came(poster, lead):
    poster.post("ghl/sms", told("booked"))
    poster.post("ghl/sms", told("no-show"))
    lead.refresh_from_db()
    assert (Appointment.objects.get().status, lead.booked_at) == ("no_show", None)


def test_a_deleted_appointment_is_cancelled_and_stays_so(poster, lead):
    poster.post("ghl/sms", told("booked"))
    poster.post("ghl/sms", told("booked", "AppointmentDelete"))
    poster.post("ghl/sms", told("moved"))
    assert Appointment.objects.get().status == "cancelled"


def test_a_move_fires_nothing_again(poster, lead, monkeypatch):
    heard = []
    monkeypatch.setattr(bookings.lead_booked, "send", lambda sender, lead, fresh: heard.append(fresh))
    for state in ("booked", "moved", "cancelled"):
        poster.post("ghl/sms", told(state))
    again = told("moved")
    again["appointment"]["dateUpdated"] = "2026-10-14T17:00:00.000Z"
    poster.post("ghl/sms", again)
    assert heard == [True, False, False]


def test_the_same_state_by_app_and_workflow_is_one_booking(poster, lead):
    poster.post("ghl/sms", payload("ghl", "workflow_appointment"))
    again = poster.post("ghl/sms", payload("ghl", "workflow_appointment")).json()
    poster.post("ghl/sms", told("booked"))
    assert again["deduped"] is True and Appointment.objects.count() == 1


def test_another_workspace_s_contact_is_a_stranger(other, lead):
    assert other.post("ghl/sms", told("booked")).json()["reason"] == "lead_not_found"
    assert not BackgroundJob.objects.filter(kind=bookings.WHO_BOOKED).exists()


def test_without_an_account_nobody_is_asked_and_the_delivery_is_kept(poster):
    answer = poster.post("ghl/sms", told("booked")).json()
    assert answer["reason"] == "lead_not_found" and WebhookDelivery.objects.count() == 1
    assert not BackgroundJob.objects.exists()
