"""What Clay found for a lead: fills what is empty, overwrites nothing, and remembers that it was asked (1.6)."""

import uuid

from django.db import IntegrityError, transaction

from inbox.intake import Outcome, Received, Verdict
from inbox.leads import facts, identity
from inbox.models import Enrichment, Lead, Workspace
from inbox.signals import lead_enriched
from integrations import clay
from integrations.events import EnrichmentEvent, Person


def handle(received: Received, event: EnrichmentEvent) -> Outcome:
    """Apply a callback to the workspace's lead of that id; an id of another workspace is nobody's."""
    lead = lead_named(received.workspace, event.lead_id)
    if lead is None:
        return Outcome(
            Verdict.REJECTED,
            event.event_type,
            "unknown lead",
            fields={"leadId": "must be the id of a lead of this workspace, as it was sent to Clay"},
        )
    enrichment, _ = Enrichment.objects.get_or_create(
        lead=lead, kind=event.kind, defaults={"workspace": received.workspace}
    )
    if event.status == "error":
        enrichment.errors += 1  # still pending: the next request may be luckier
    elif enrichment.status != Enrichment.Status.FOUND:
        found = event.status == "found" and _apply(received.workspace, lead, event)
        enrichment.status = Enrichment.Status.FOUND if found else Enrichment.Status.NOT_FOUND
        enrichment.answered_at = received.received_at
    enrichment.save()
    if enrichment.status != Enrichment.Status.PENDING:
        lead_enriched.send(Enrichment, lead=lead, now=received.received_at)
    return Outcome(Verdict.ACCEPTED, event.event_type, lead=lead)


def lead_named(workspace: Workspace | None, lead_id: str) -> Lead | None:
    """The lead with that id, locked; of `workspace`, or of any where the caller is trusted with all of them (None)."""
    try:
        key = uuid.UUID(lead_id)
    except ValueError:
        return None
    leads = Lead.objects.select_for_update(of=["self"]).filter(pk=key)
    return (leads if workspace is None else leads.filter(workspace=workspace)).first()


def _apply(workspace: Workspace, lead: Lead, event: EnrichmentEvent) -> bool:
    """Fill the lead's empty columns; False where the answer holds nothing usable (a company's page, half a number)."""
    if event.kind == Enrichment.Kind.PHONE:
        person = Person(phone=event.phone)
    else:
        person = Person(linkedin_url=event.linkedin_url, linkedin_member_id=event.linkedin_member_id)
    values = identity.identities_of(workspace, person)
    if not (values.get("phone") or values.get("linkedin_url")):
        return False
    if lead.linkedin_url and lead.linkedin_url != values.get("linkedin_url"):
        values.pop("linkedin_member_id", None)  # it is the other profile's
    for name, value in values.items():
        if facts.fillable(lead, name):
            _fill(workspace, lead, name, value)
    return True


def _fill(workspace: Workspace, lead: Lead, name: str, value: str) -> None:
    """Set one identity; where it is another lead's already, either the two are one person, or a person has to look."""
    try:
        with transaction.atomic():
            before = lead.sources
            setattr(lead, name, value)
            facts.note(lead, [name], clay.NAME)
            lead.save(update_fields=[name, "sources", "updated_at"])
    except IntegrityError:
        setattr(lead, name, "")
        lead.sources = before
        identity.settle(workspace, lead, name, value)
