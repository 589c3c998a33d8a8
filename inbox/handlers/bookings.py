"""A meeting is booked, moved or cancelled (1.7): in whatever order the calendar's events come, the end is the same.

Calendly tells what happened to an invitee; GoHighLevel tells the whole state of an appointment each time (`as_of`).

The appointment's row keeps what is known and its status follows; the lead's own state follows from the appointments
that stand. A moved meeting is neither cancelled nor booked a second time.
"""

from functools import partial

from inbox.accounts import connected
from inbox.bookings import record
from inbox.intake import Outcome, Received, Verdict
from inbox.leads import identity, rollup
from inbox.models import Appointment, Lead
from inbox.signals import lead_booked
from integrations.events import BookingEvent
from jobs.enqueue import enqueue
from jobs.registry import kind_name

WHO_BOOKED = kind_name("bookings.who", __name__)
Status = Appointment.Status


def handle(received: Received, event: BookingEvent) -> Outcome:
    """Book or cancel; a meeting with nobody whom the workspace knows is left alone."""
    expected = received.integration.config.get("event_type_uri")
    if expected and event.event_type_uri and event.event_type_uri != expected:
        return Outcome(Verdict.IGNORED, event.event_type, "event_type_mismatch")
    lead = _lead(received, event)
    if lead is None:
        _look_up(received, event)
        return Outcome(Verdict.IGNORED, event.event_type, "lead_not_found")
    if event.as_of is not None:
        return _restate(lead, event)
    changed = record.hear(event, partial(_appointment, lead, event))
    if not changed:
        return Outcome(Verdict.IGNORED, event.event_type, "older than what is known", lead=lead)
    for appointment in changed:
        appointment.save()
    settle(lead, moved=event.status != Status.BOOKED or bool(event.replaces_uri))
    return Outcome(Verdict.ACCEPTED, event.event_type, lead=lead)


def _restate(lead: Lead, event: BookingEvent) -> Outcome:
    change = record.write(lead, record.stated_by(event))
    if change is record.Change.STALE:
        return Outcome(Verdict.IGNORED, event.event_type, "older than what is known", lead=lead)
    if change is record.Change.SAME:
        return Outcome(Verdict.DUPLICATE, event.event_type, lead=lead)
    settle(lead, moved=change is not record.Change.NEW)
    return Outcome(Verdict.ACCEPTED, event.event_type, lead=lead)


def settle(lead: Lead, *, moved: bool = False) -> None:
    """Let the lead's state follow from its appointments, and tell the other rooms of a meeting that stands.

    `lead` must be locked. `moved`: what stands is an earlier meeting at another time, which is no news.
    """
    standing = Appointment.objects.filter(lead=lead, status=Status.BOOKED, booked_at__isnull=False)
    booked_at = max((appointment.booked_at for appointment in standing), default=None)
    before = lead.booked_at
    rollup.booked(lead, booked_at)
    if booked_at is not None:
        lead_booked.send(Lead, lead=lead, fresh=before is None and not moved)


def _lead(received: Received, event: BookingEvent) -> Lead | None:
    """By the invitee, by the booking it replaces or is replaced by, by e-mail (also an alternate one), by the event."""
    mine = Appointment.objects.filter(workspace=received.workspace, provider=event.provider)
    uris = [uri for uri in (event.invitee_uri, event.replaces_uri, event.replaced_by_uri) if uri]
    known = mine.filter(external_id__in=uris).first()
    if known is not None:
        return rollup.locked(known.lead)
    if identity.identities_of(received.workspace, event.person):
        found = identity.find_or_create(received.workspace, event.person, received.provider, create=False)
        if found is not None:
            return found.lead
    leads = (
        {one.lead_id for one in mine.filter(event_uri=event.appointment_uri)[:2]}
        if event.appointment_uri
        else ()
    )
    return Lead.objects.select_for_update().get(pk=next(iter(leads))) if len(leads) == 1 else None


def _look_up(received: Received, event: BookingEvent) -> None:
    """GHL names a contact by its id alone: who that is, a job asks GHL."""
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
