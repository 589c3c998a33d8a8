"""Ending a campaign for one lead."""

from integrations.events import Person
from integrations.models import Integration
from jobs.deadline import Deadline
from tests.example_provider.client import ExampleMailClient


def stop(account: Integration, campaign_id: str, person: Person, deadline: Deadline) -> str:
    """No further e-mail of the campaign goes to the person's address."""
    ExampleMailClient.for_integration(account).stop(campaign_id, person.email, deadline)
    return "stopped"
