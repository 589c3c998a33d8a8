"""Requests a link to a provider's hosted page, on which the owner of an account logs in again. The link works once, for
30 minutes. The login does not make the account healthy: only a successful call does.

An admin can also send the owner a link to a page of ours, on which the owner need not log in. That link expires after
24 hours, when the account recovers, and when another outage begins. The provider's link is requested only when the
owner presses the button, because a chat's link preview would use it up.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.urls import reverse
from django.utils import timezone

from integrations import registry
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.health import writer
from integrations.http.hosts import HostRefused
from integrations.models import HealthState, Integration, WorkspaceIntegrationHealth
from jobs.deadline import Deadline

VALID_FOR = timedelta(minutes=30)
LINK_MS = 5_000
NOT_OFFERED = (
    "This provider has no reconnect page. Enter the new key in the account’s settings, then check again."
)
NOT_NEEDED = "The account is connected, so there’s nothing to reconnect."


@dataclass(frozen=True, slots=True)
class Link:
    """A link to the provider's page (`url`), or a `sentence` for users with the reason why there is no link."""

    url: str = ""
    sentence: str = ""


def hosted_link(integration: Integration, back_url: str) -> Link:
    """Requests, within 5 s, a link to the provider's page, which leads back to `back_url`. Raises no provider error."""
    page = registry.spec_of(integration.provider).reconnect
    if not page:
        return Link(sentence=NOT_OFFERED)
    try:
        # A link that works does not prove that the account works, so this call must not mark the account as healthy.
        with writer.unobserved():
            url = page(integration, timezone.now() + VALID_FOR, back_url, Deadline.after_ms(LINK_MS))
    except (ProviderError, ProviderMisconfigured, HostRefused) as error:
        return Link(sentence=f"Couldn’t create a link: {error}")
    return Link(url=url)


SALT = "holdfast.owner-link"
OWNER_LINK_VALID_FOR = timedelta(hours=24)


class LinkExpired(Exception):
    """An owner's link is invalid or has expired. `back` is True if the account works again."""

    def __init__(self, back: bool = False) -> None:
        super().__init__("link expired")
        self.back = back


def owner_path(integration: Integration) -> str:
    """Returns the path of our page for reconnecting this account, valid for 24 hours and the current outage only."""
    health = WorkspaceIntegrationHealth.objects.get(integration=integration)
    token = signing.dumps([str(integration.pk), health.version], salt=SALT)
    return reverse("owner-reconnect", args=[token])


def read_owner_link(token: str) -> WorkspaceIntegrationHealth:
    """Returns the health of the account in `token`. Raises LinkExpired if the token is forged or too old, if the
    account is switched off, or if the outage for which the link was made is over.
    """
    try:
        integration_id, version = signing.loads(token, salt=SALT, max_age=OWNER_LINK_VALID_FOR)
    except signing.BadSignature:
        raise LinkExpired() from None
    health = (
        WorkspaceIntegrationHealth.objects.select_related("integration", "workspace")
        .filter(integration=integration_id, integration__enabled=True)
        .first()
    )
    if health is None:
        raise LinkExpired()
    if health.version != version or health.state != HealthState.DISCONNECTED:
        raise LinkExpired(back=health.state == HealthState.CONNECTED)
    return health
