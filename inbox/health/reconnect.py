"""Requests a provider's hosted page, on which the owner of an account logs in again. The link works once and for a
short time. It does not heal the account: only a successful call does.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from integrations import registry
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.health import writer
from integrations.http.hosts import HostRefused
from integrations.models import Integration
from jobs.deadline import Deadline

VALID_FOR = timedelta(minutes=30)
LINK_MS = 5_000
NOT_OFFERED = (
    "This provider has no reconnect page. Enter the new key in the account’s settings, then check again."
)
NOT_NEEDED = "The account is connected, so there’s nothing to reconnect."


@dataclass(frozen=True, slots=True)
class Link:
    """A link to the provider's page, or a `sentence` with the reason why there is no link."""

    url: str = ""
    sentence: str = ""


def hosted_link(integration: Integration, back_url: str) -> Link:
    """Requests the provider's page, which leads back to `back_url`, within 5 s. `sentence` reports a failure."""
    page = registry.spec_of(integration.provider).reconnect
    if not page:
        return Link(sentence=NOT_OFFERED)
    try:
        # A successful link does not prove that the account works, so this call must not heal it.
        with writer.unobserved():
            url = page(integration, timezone.now() + VALID_FOR, back_url, Deadline.after_ms(LINK_MS))
    except (ProviderError, ProviderMisconfigured, HostRefused) as error:
        return Link(sentence=f"Couldn’t create a link: {error}")
    return Link(url=url)
