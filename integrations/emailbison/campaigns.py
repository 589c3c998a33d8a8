"""Ending a campaign for one lead."""

from integrations.emailbison.client import EmailBisonClient
from integrations.events import Person
from integrations.models import Integration
from jobs.deadline import Deadline


def stop(account: Integration, campaign_id: str, person: Person, deadline: Deadline) -> str:
    """No further e-mail of the campaign goes to the lead that EmailBison knows by `person.emailbison_lead_id`."""
    client = EmailBisonClient.for_integration(account)
    client.stop_future_emails(campaign_id, [person.emailbison_lead_id], deadline)
    return "stopped"
