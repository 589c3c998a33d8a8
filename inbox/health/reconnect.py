"""The way back: the provider's own hosted page, on which the account's owner logs in again.

The link is made when somebody asks for it, works once and for a short time, and needs no log-in here. It heals
nothing by itself: the account is well when a call has worked.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from integrations import health, registry
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.hosts import HostRefused
from integrations.models import Integration
from jobs.deadline import Deadline

VALID_FOR = timedelta(minutes=30)
LINK_MS = 5_000
NOT_OFFERED = (
    "This provider has no page for that: put the new key into the integration’s settings, then check again."
)
NOT_NEEDED = "The account is not disconnected: there is nothing to reconnect."


@dataclass(frozen=True, slots=True)
class Link:
    """A hosted link, or the sentence that says why there is none."""

    url: str = ""
    sentence: str = ""


def hosted_link(integration: Integration, back_url: str) -> Link:
    """A one-time link for `integration`; `back_url` is where the provider's page leads to afterwards."""
    page = registry.spec_of(integration.provider).reconnect
    if not page:
        return Link(sentence=NOT_OFFERED)
    try:
        # A link is no proof that the account works, so this call must not heal it.
        with health.unobserved():
            url = page(integration, timezone.now() + VALID_FOR, back_url, Deadline.after_ms(LINK_MS))
    except (ProviderError, ProviderMisconfigured, HostRefused) as error:
        return Link(sentence=f"No link could be made: {error}")
    return Link(url=url)
