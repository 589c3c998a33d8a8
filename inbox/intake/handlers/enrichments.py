"""Applies Clay's answers about a lead: fills empty columns, overwrites nothing, and records the answer."""

import uuid

from django.db import IntegrityError, transaction

from inbox.intake.receipt import DeliveryVerdict, IntakeResult, Received
from inbox.leads import facts, identity
from inbox.models import Enrichment, Lead, Workspace
from inbox.signals import lead_enriched
from integrations import clay
from integrations.events import EnrichmentEvent, Person


def handle(received: Received, event: EnrichmentEvent) -> IntakeResult:
    """Fills the lead's empty columns from Clay's answer, and stores the answer. An error of Clay is only counted, so
    the question stays open. A request for an unknown lead is rejected.
    """
    lead = lead_named(received.workspace, event.lead_id)
    if lead is None:
        return IntakeResult(
            DeliveryVerdict.REJECTED,
            "unknown lead",
            fields={"leadId": "must be the ID of a lead in this workspace, as sent to Clay"},
        )
    enrichment, _ = Enrichment.objects.get_or_create(
        lead=lead, kind=event.kind, defaults={"workspace": received.workspace}
    )
    if event.status == "error":
        enrichment.errors += 1  # the enrichment stays pending, because the next request may succeed
    elif enrichment.status != Enrichment.Status.FOUND:
        filled = event.status == "found" and _apply(received.workspace, lead, event)
        enrichment.status = Enrichment.Status.FOUND if filled else Enrichment.Status.NOT_FOUND
        enrichment.answered_at = received.received_at
    enrichment.save()
    if enrichment.status != Enrichment.Status.PENDING:
        lead_enriched.send(Enrichment, lead=lead, now=received.received_at)
    return IntakeResult(DeliveryVerdict.ACCEPTED, lead=lead)


def lead_named(workspace: Workspace | None, lead_id: str) -> Lead | None:
    """Returns the lead with this id, locked; None if there is none. Without a `workspace`, searches all workspaces."""
    try:
        key = uuid.UUID(lead_id)
    except ValueError:
        return None
    leads = Lead.objects.select_for_update(of=["self"]).filter(pk=key)
    return (leads if workspace is None else leads.filter(workspace=workspace)).first()


def _apply(workspace: Workspace, lead: Lead, event: EnrichmentEvent) -> bool:
    if event.kind == Enrichment.Kind.PHONE:
        person = Person(phone=event.phone)
    else:
        person = Person(linkedin_url=event.linkedin_url, linkedin_member_id=event.linkedin_member_id)
    values = identity.identities_of(workspace, person)
    if not (values.get("phone") or values.get("linkedin_url")):
        return False
    if lead.linkedin_url and lead.linkedin_url != values.get("linkedin_url"):
        values.pop("linkedin_member_id", None)  # the id belongs to the other profile
    for name, text in values.items():
        if facts.fillable(lead, name):
            _fill(workspace, lead, name, text)
    return True


def _fill(workspace: Workspace, lead: Lead, name: str, text: str) -> None:
    """Stores the identity `text` in the lead's column `name`. If another lead has it, merges or flags the two leads."""
    try:
        with transaction.atomic():
            before = lead.sources
            setattr(lead, name, text)
            facts.note(lead, [name], clay.NAME)
            lead.save(update_fields=[name, "sources", "updated_at"])
    except IntegrityError:
        setattr(lead, name, "")
        lead.sources = before
        identity.settle(workspace, lead, name, text)
