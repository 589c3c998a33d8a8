"""Creates and checks the link that an admin sends to an account's owner, so that they can reconnect it without a login
here. The link expires after 24 hours, when the account recovers, and when another outage begins. The provider's page is
requested only when the owner presses the button, because a chat's link preview would use it up.
"""

from datetime import timedelta

from django.core import signing
from django.urls import reverse

from integrations.models import HealthState, Integration, WorkspaceIntegrationHealth

SALT = "holdfast.owner-link"
VALID_FOR = timedelta(hours=24)


class LinkExpired(Exception):
    """An owner's link is invalid or has expired. `back`: whether the account works again."""

    def __init__(self, back: bool = False) -> None:
        super().__init__("link expired")
        self.back = back


def path(integration: Integration) -> str:
    """The path of the page to reconnect this account, valid for 24 hours and the current outage only."""
    health = WorkspaceIntegrationHealth.objects.get(integration=integration)
    token = signing.dumps([str(integration.pk), health.version], salt=SALT)
    return reverse("owner-reconnect", args=[token])


def read(token: str) -> WorkspaceIntegrationHealth:
    """The health of the account in the link's token. Raises LinkExpired for a forged or old token, for an account that
    is switched off, or for another outage.
    """
    try:
        integration_id, version = signing.loads(token, salt=SALT, max_age=VALID_FOR)
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
