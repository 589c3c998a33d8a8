"""Stops an EmailBison campaign for one lead."""

from integrations.emailbison.client import EmailBisonClient
from integrations.events import Person
from integrations.models import Integration
from jobs.deadline import Deadline


def stop(account: Integration, campaign_id: str, person: Person, deadline: Deadline) -> str:
    """Stop all further e-mails of an EmailBison campaign to the lead with the id `person.emailbison_lead_id`.

    Returns "stopped".
    """
    client = EmailBisonClient.for_integration(account)
    client.stop_future_emails(campaign_id, [person.emailbison_lead_id], deadline)
    return "stopped"
