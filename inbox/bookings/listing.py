"""What a calendar lists for a lead, and writing it down as the webhooks would have: same rows, same rules."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from inbox.handlers import bookings
from inbox.leads import rollup
from inbox.models import Appointment, Lead
from integrations.calendly.client import CalendlyClient
from integrations.ghl.client import GhlClient
from integrations.models import Integration, Provider
from jobs.db import drop_connection
from jobs.deadline import Deadline

Status = Appointment.Status
GHL_STATES = {
    "new": Status.BOOKED,
    "confirmed": Status.BOOKED,
    "booked": Status.BOOKED,
    "showed": Status.BOOKED,
    "cancelled": Status.CANCELLED,
    "canceled": Status.CANCELLED,
    "invalid": Status.CANCELLED,
    "noshow": Status.NO_SHOW,
    "no_show": Status.NO_SHOW,
}


@dataclass(frozen=True, slots=True)
class Listed:
    """One meeting in a calendar."""

    provider: str
    external_id: str
    state: str
    event_uri: str = ""
    event_type_uri: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


def read(account: Integration, lead: Lead, deadline: Deadline) -> list[Listed]:
    """The lead's meetings at `account`. Raises what the client raises."""
    drop_connection()
    if account.provider == Provider.GHL:
        if not lead.ghl_contact_id:
            return []
        client = GhlClient.for_integration(account)
        return [
            Listed(Provider.GHL, one.id, GHL_STATES[state], starts_at=one.starts_at, ends_at=one.ends_at)
            for one in client.contact_appointments(lead.ghl_contact_id, deadline)
            if (state := one.status.lower().replace("-", "")) in GHL_STATES
        ]
    return list(_calendly(account, lead, deadline)) if lead.email else []


def _calendly(account: Integration, lead: Lead, deadline: Deadline) -> Iterable[Listed]:
    """Meetings of the expected type, each under its invitee's own address, which is what the webhooks name it by."""
    client, expected = CalendlyClient.for_integration(account), account.config.get("event_type_uri")
    user = client.me(deadline)
    for event in client.events_of(user.uri, lead.email, deadline):
        if expected and event.event_type and event.event_type != expected:
            continue
        for invitee in client.invitees(event.uri, deadline):
            if invitee.email.lower() != lead.email:
                continue
            gone = "canceled" in (event.status, invitee.status)
            state = Status.CANCELLED if gone else Status.BOOKED
            yield Listed(
                Provider.CALENDLY,
                invitee.uri,
                state,
                event.uri,
                event.event_type,
                event.starts_at,
                event.ends_at,
            )


def apply(lead: Lead, listed: list[Listed]) -> int:
    """Write what is new; returns how many appointments changed. The lead's state follows in the same transaction."""
    with transaction.atomic():
        locked = rollup.locked(lead)
        known = {(one.provider, one.external_id): one for one in Appointment.objects.filter(lead=locked)}
        changes = [_write(locked, one, known.get((one.provider, one.external_id))) for one in listed]
        changed = [change for change in changes if change]
        if changed:
            bookings.settle(locked, moved="new" not in changed)
    return len(changed)


def _write(lead: Lead, one: Listed, known: Appointment | None) -> str:
    """ "new" for a meeting nobody told us of, "changed" for one that is not as we knew it, "" for the rest."""
    now = timezone.now()
    if known is None:
        # An id of another lead's is that lead's: its webhook named the person better than a shared address does.
        if Appointment.objects.filter(
            workspace_id=lead.workspace_id, provider=one.provider, external_id=one.external_id
        ).exists():
            return ""
        Appointment.objects.create(
            workspace_id=lead.workspace_id,
            lead=lead,
            provider=one.provider,
            external_id=one.external_id,
            event_uri=one.event_uri[:500],
            event_type_uri=one.event_type_uri[:500],
            invitee_email=lead.email,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            status=one.state,
            booked_at=None if one.state == Status.CANCELLED else now,
            cancelled_at=now if one.state == Status.CANCELLED else None,
        )
        return "new"
    moved = one.starts_at is not None and one.starts_at != known.starts_at
    if known.status == Status.RESCHEDULED or (known.status == one.state and not moved):
        return ""
    known.starts_at, known.ends_at = one.starts_at or known.starts_at, one.ends_at or known.ends_at
    known.status = one.state
    if one.state == Status.CANCELLED:
        known.cancelled_at = known.cancelled_at or now
    else:
        known.booked_at, known.cancelled_at = known.booked_at or now, None
    known.save()
    return "changed"
