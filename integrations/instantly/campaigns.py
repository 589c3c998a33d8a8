"""Stops an Instantly campaign for one lead."""

from integrations.errors import ProviderRejected
from integrations.events import Person
from integrations.instantly.client import InstantlyClient
from integrations.models import Integration
from jobs.deadline import Deadline


def stop(account: Integration, _campaign_id: str, person: Person, deadline: Deadline) -> str:
    """Put the person's address on Instantly's block list, so that no campaign mails them. Returns "stopped", or
    "stopped before" if the address was on the list already.

    Instantly has no call that ends one campaign for one lead and keeps the lead, so the campaign's id is not used.
    """
    client = InstantlyClient.for_integration(account)
    try:
        client.block(person.email, deadline)
    except ProviderRejected:
        if not client.is_blocked(person.email, deadline):
            raise
        return "stopped before"
    return "stopped"
