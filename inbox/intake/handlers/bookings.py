"""Applies bookings, moves and cancellations of meetings. Any order of the calendar's events has the same outcome.

Calendly reports single events of an invitee, and GoHighLevel the whole state of an appointment (`as_of`). The
appointment stores the facts; its status and the lead's columns derive from them.
"""

from functools import partial

from inbox.intake import appointments
from inbox.intake.receipt import DeliveryVerdict, IntakeResult, Received
from inbox.leads import identity, rollup
from inbox.models import Appointment, Lead
from inbox.signals import lead_booked
from inbox.workspaces.accounts import connected
from integrations.events import BookingEvent
from jobs.enqueue import enqueue
from jobs.kinds import kind_name

WHO_BOOKED = kind_name("bookings.who", __name__)
Status = Appointment.Status


def handle(received: Received, event: BookingEvent) -> IntakeResult:
    """Applies a calendar's event to the lead's appointment and columns. The event is ignored if its event type is not
    the account's, or if a newer state is stored. It is also ignored without a lead; a job then asks GoHighLevel about
    the contact.
    """
    expected = received.integration.config.get("event_type_uri") if received.integration else None
    if expected and event.event_type_uri and event.event_type_uri != expected:
        return IntakeResult(DeliveryVerdict.IGNORED, "event_type_mismatch")
    lead = _lead(received, event)
    if lead is None:
        _look_up(received, event)
        return IntakeResult(DeliveryVerdict.IGNORED, "lead_not_found")
    if event.as_of is not None:
        return _restate(lead, event)
    changed = appointments.hear(event, partial(_appointment, lead, event))
    if not changed:
        return IntakeResult(DeliveryVerdict.IGNORED, "older than what we already have", lead=lead)
    for appointment in changed:
        appointment.save()
    settle(lead, moved=event.status != Status.BOOKED or bool(event.replaces_uri))
    return IntakeResult(DeliveryVerdict.ACCEPTED, lead=lead)


def _restate(lead: Lead, event: BookingEvent) -> IntakeResult:
    change = appointments.write(lead, appointments.stated_by(event))
    if change is appointments.Change.STALE:
        return IntakeResult(DeliveryVerdict.IGNORED, "older than what we already have", lead=lead)
    if change is appointments.Change.SAME:
        return IntakeResult(DeliveryVerdict.DUPLICATE, lead=lead)
    settle(lead, moved=change is not appointments.Change.NEW)
    return IntakeResult(DeliveryVerdict.ACCEPTED, lead=lead)


def settle(lead: Lead, *, moved: bool = False) -> None:
    """Sets the lead's columns about meetings and saves the lead. Sends `lead_booked` if a meeting takes place.

    The lead's row must be locked. `moved`: whether a known meeting was moved, so that it does not count as new.
    """
    standing = Appointment.objects.filter(lead=lead, status=Status.BOOKED, booked_at__isnull=False)
    booked_at = max((row.booked_at for row in standing if row.booked_at is not None), default=None)
    before = lead.booked_at
    rollup.booked(lead, booked_at)
    if booked_at is not None:
        lead_booked.send(Lead, lead=lead, fresh=before is None and not moved)


def _lead(received: Received, event: BookingEvent) -> Lead | None:
    bookings = Appointment.objects.filter(workspace=received.workspace, provider=event.provider)
    uris = [uri for uri in (event.invitee_uri, event.replaces_uri, event.replaced_by_uri) if uri]
    booking = bookings.filter(external_id__in=uris).first()
    if booking is not None:
        return rollup.locked(booking.lead)
    if identity.identities_of(received.workspace, event.person):
        match = identity.find(received.workspace, event.person, received.provider)
        if match is not None:
            return match.lead
    leads = (
        {row.lead_id for row in bookings.filter(event_uri=event.appointment_uri)[:2]}
        if event.appointment_uri
        else ()
    )
    return Lead.objects.select_for_update().get(pk=next(iter(leads))) if len(leads) == 1 else None


def _look_up(received: Received, event: BookingEvent) -> None:
    """Enqueues a job that reads the contact from GoHighLevel, because the webhook contains only the contact's id."""
    contact_id, workspace = event.person.ghl_contact_id, received.workspace
    if contact_id and connected(workspace.pk, event.provider) is not None:
        enqueue(
            WHO_BOOKED,
            workspace_id=workspace.pk,
            dedupe_key=f"{WHO_BOOKED}:{workspace.pk}:{event.invitee_uri}",
            payload={"contact_id": contact_id},
        )


def _appointment(lead: Lead, event: BookingEvent, uri: str) -> Appointment:
    appointment, _ = Appointment.objects.get_or_create(
        workspace_id=lead.workspace_id,
        provider=event.provider,
        external_id=uri,
        defaults={"lead": lead, "invitee_email": event.person.email[:320]},
    )
    return appointment
