"""Stops a SmartLead campaign for one lead."""

from integrations.events import Person
from integrations.models import Integration
from integrations.smartlead.client import SmartLeadClient
from jobs.deadline import Deadline


def stop(account: Integration, campaign_id: str, person: Person, deadline: Deadline) -> str:
    """Stop all further e-mails of a SmartLead campaign to the lead with the person's address. Returns "stopped", or
    "not known there" if SmartLead has no such lead.
    """
    client = SmartLeadClient.for_integration(account)
    lead = client.find_lead(person.email, deadline)
    if lead is None:
        return "not known there"
    client.unsubscribe(campaign_id, lead.id, deadline)
    return "stopped"
