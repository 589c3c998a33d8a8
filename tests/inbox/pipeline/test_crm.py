"""The lead's contact at GoHighLevel: found in one way by everybody, found anew where it is gone, made where there is
none, and never twice."""

import pytest
from django.utils import timezone

from inbox.leads import crm
from inbox.models import Appointment, BookingCheck, Lead, Message, OutboundSend
from inbox.pipeline.missing_facts import CRM_CONTACT
from integrations.ghl.client import GhlClient
from jobs.deadline import Deadline
from jobs.enqueue import enqueue
from jobs.models import BackgroundJob
from jobs.ticks import run_tick
from tests.ghl import booked
from tests.inbox.followups.helpers import enrolled, minute, quiet_lead, statuses
from tests.racing import at_once, won

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL, PHONE = "dana@example.org", "+12125550123"


@pytest.fixture
def account(world):
    return world.connect("ghl", "loc-1", api_key="key-ghl")


@pytest.fixture
def client(account) -> GhlClient:
    return GhlClient.for_integration(account)


def soon() -> Deadline:
    return Deadline.after_ms(20_000)


def make(client: GhlClient, **values: str) -> str:
    return client.upsert_contact(values, soon()).id


def delete(client: GhlClient, contact_id: str) -> None:
    client._session.request("DELETE", f"/contacts/{contact_id}", operation="delete", deadline=soon())


@pytest.fixture
def lead(world, client) -> Lead:
    """A lead whose contact GoHighLevel has deleted."""
    contact_id = make(client, email=EMAIL)
    delete(client, contact_id)
    return quiet_lead(world.workspace, email=EMAIL, phone=PHONE, ghl_contact_id=contact_id)


def told(world, lead: Lead) -> BackgroundJob:
    job, _ = enqueue(
        CRM_CONTACT, workspace_id=lead.workspace_id, dedupe_key="once", payload={"lead_id": str(lead.pk)}
    )
    world.work()
    job.refresh_from_db()
    lead.refresh_from_db()
    return job


def contacts(world) -> list[dict]:
    return list(world.sandbox.state.account("ghl", "key-ghl").data.contacts.values())


@pytest.mark.parametrize("known_by", ["email", "phone"])
def test_a_contact_that_is_gone_is_found_by_address_or_number(world, client, lead, known_by):
    other = make(client, **{known_by: getattr(lead, known_by)})
    job = told(world, lead)
    assert job.status == "succeeded" and lead.ghl_contact_id == other
    assert len(contacts(world)) == 1 and contacts(world)[0]["phone"] == PHONE


def test_a_contact_that_is_gone_is_made_again_where_nobody_has_address_or_number(world, lead):
    gone = lead.ghl_contact_id
    assert told(world, lead).status == "succeeded"
    (made,) = contacts(world)
    assert lead.ghl_contact_id == made["id"] != gone
    assert (made["email"], made["phone"]) == (EMAIL, PHONE)


def test_a_contact_that_is_gone_is_forgotten_where_nothing_tells_whose_it_was(world, lead):
    Lead.objects.update(email="", phone="")
    job = told(world, lead)
    assert (job.status, job.result) == ("succeeded", {"outcome": "no address or number"})
    assert lead.ghl_contact_id == ""


def test_a_contact_that_may_not_be_read_is_not_forgotten(world, lead):
    world.sandbox.fault(provider="ghl", kind="error", status=403, path=f"/contacts/{lead.ghl_contact_id}")
    gone = lead.ghl_contact_id
    assert told(world, lead).status == "failed"
    assert lead.ghl_contact_id == gone


def test_a_contact_that_another_lead_has_is_left_there(world, client, lead):
    other = make(client, email=EMAIL)
    owner = quiet_lead(world.workspace, ghl_contact_id=other)
    assert told(world, lead).result == {"outcome": "another lead has this contact"}
    owner.refresh_from_db()
    assert (owner.ghl_contact_id, lead.ghl_contact_id) == (other, "")


def test_the_contact_with_the_leads_number_goes_before_one_with_the_address_and_another_number(client, lead):
    make(client, email=EMAIL, phone="+12125550999")
    right = make(client, phone=PHONE)
    assert crm.find(client, lead, soon()).id == right


def test_a_contact_with_another_number_of_the_lead_is_told_the_one_that_texts_go_to(world, client, lead):
    type(lead).objects.filter(pk=lead.pk).update(alternate_phones=["+12125550999"])
    make(client, email=EMAIL, phone="+12125550999")
    right = make(client, phone=PHONE)
    assert crm.find(client, lead, soon()).id == right
    delete(client, right)
    told(world, lead)
    assert [one["phone"] for one in contacts(world)] == [PHONE]


def test_a_text_to_a_contact_that_is_gone_goes_once_to_the_one_in_its_place(world, client, lead):
    other = make(client, email=EMAIL)
    instance = enrolled(world.workspace, {"channel": "sms"}, lead=lead)
    minute()
    assert statuses(instance) == [("sent", "")]
    assert [text["to"] for text in world.posted("ghl")] == [other]
    lead.refresh_from_db()
    assert lead.ghl_contact_id == other
    assert OutboundSend.objects.get().state == "sent"
    assert Message.objects.filter(direction="outbound").count() == 1


def test_a_text_that_is_refused_although_the_contact_is_there_is_not_tried_again(world, client):
    contact_id = make(client, email=EMAIL, phone=PHONE)
    lead = quiet_lead(world.workspace, email=EMAIL, phone=PHONE, ghl_contact_id=contact_id)
    world.sandbox.fault(
        provider="ghl", kind="error", status=404, path="/conversations/messages", method="POST"
    )
    enrolled(world.workspace, {"channel": "sms"}, lead=lead)
    minute()
    assert OutboundSend.objects.get().state == "failed" and not world.posted("ghl")
    asked = [
        one for one in world.sandbox.requests(provider="ghl") if one["path"] == "/conversations/messages"
    ]
    assert len(asked) == 1


def test_a_text_whose_contact_cannot_be_looked_for_has_failed_and_is_not_unknown(world, lead):
    world.sandbox.fault(provider="ghl", kind="error", status=500, path="/contacts/search", method="POST")
    enrolled(world.workspace, {"channel": "sms"}, lead=lead)
    minute()
    assert OutboundSend.objects.get().state == "failed" and not world.posted("ghl")


def test_a_look_at_the_meetings_of_a_contact_that_is_gone_asks_for_the_one_in_its_place(world, client, lead):
    other = make(client, email=EMAIL)
    booked(client, timezone.now(), calendarId="cal-1", contactId=other)
    BookingCheck.objects.create(workspace=world.workspace, lead=lead, next_at=timezone.now())
    run_tick("appointment-reconcile", requested=True)
    world.work()
    lead.refresh_from_db()
    assert lead.ghl_contact_id == other and lead.booked_at is not None
    assert Appointment.objects.count() == 1 and BookingCheck.objects.get().failures == 0


@pytest.mark.races
def test_two_that_join_one_lead_at_once_make_one_contact(world, client, lead):
    world.sandbox.fault(provider="ghl", kind="latency", path="/contacts/search", ms=300)

    def join():
        return crm.join(client, Lead.objects.select_related("workspace").get(pk=lead.pk), soon())

    results = won(at_once(*[join] * 4))
    (made,) = contacts(world)
    assert [joined.contact_id for joined in results] == [made["id"]] * 4
    lead.refresh_from_db()
    assert lead.ghl_contact_id == made["id"]
