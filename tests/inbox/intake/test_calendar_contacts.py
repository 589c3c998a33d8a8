"""GoHighLevel's webhook names a contact by its id alone: a job asks who that is, and writes down what they booked."""

import pytest

from inbox.intake.handlers.bookings import WHO_BOOKED
from inbox.models import Appointment, Lead
from inbox.models.lead import Tag
from jobs.models import BackgroundJob
from tests.inbox.followups.helpers import quiet_lead

pytestmark = pytest.mark.django_db(transaction=True)

CONTACT = "Dj7MkirH2aBgnpH8HBnJ"


@pytest.fixture
def told(world):
    """Posts the booking of a contact with these fields, and works."""
    account = world.connect("ghl", "LocNorthwind01", api_key="key-ghl")
    world.sandbox.set_account("ghl", "key-ghl", properties={"location_id": "LocNorthwind01"})
    world.add_webhook("ghl", "ghl/sms", account)

    def tell(**contact) -> BackgroundJob:
        fields = {"contact": {"id": CONTACT} | contact, "deliver": False}
        body = world.sandbox.emit("ghl", "key-ghl", "AppointmentCreate", **fields)["body"]
        answer = world.client.post(world.paths["ghl"], body, content_type="application/json").json()
        assert answer["reason"] == "lead_not_found", answer
        world.work()
        return BackgroundJob.objects.get(kind=WHO_BOOKED)

    return tell


def test_a_contact_found_by_address_is_attached_and_booked(world, told):
    lead = quiet_lead(world.workspace, email="dana@example.org")
    job = told(email="dana@example.org")
    lead.refresh_from_db()
    assert job.result == {"outcome": "found", "contact": "filled", "changed": 1}
    assert (lead.ghl_contact_id, lead.tag) == (CONTACT, Tag.MEETING_BOOKED)


def test_a_second_contact_of_a_lead_is_booked_and_not_attached(world, told):
    lead = quiet_lead(world.workspace, email="dana@example.org", ghl_contact_id="c" * 20)
    assert told(email="dana@example.org").status == "succeeded"
    lead.refresh_from_db()
    assert lead.ghl_contact_id == "c" * 20 and lead.booked_at is not None
    assert lead.alternate_contacts == [CONTACT]


def test_a_contact_of_another_number_is_booked_and_gets_no_texts(world, told):
    lead = quiet_lead(world.workspace, phone="+15555550100", alternate_phones=["+15555550123"])
    told(phone="+15555550123")
    lead.refresh_from_db()
    assert (lead.ghl_contact_id, lead.alternate_contacts) == ("", [CONTACT]) and lead.booked_at is not None


def test_nobody_s_contact_is_left_alone(told):
    assert told(email="stranger@example.org").result == {"outcome": "not one of our leads"}
    assert not Lead.objects.exists() and not Appointment.objects.exists()


def test_a_contact_that_is_gone_meanwhile_is_left_alone(world, told):
    world.sandbox.fault(provider="ghl", kind="error", status=404, path=f"/contacts/{CONTACT}")
    job = told(email="dana@example.org")
    assert job.status == "succeeded" and not Appointment.objects.exists()
