"""The link that an admin sends to an account's owner: no log-in, short-lived, and done with once it has helped.

It names the account and the outage it was made in. The provider's hosted page is asked for only when somebody presses
the button behind it: a chat's link preview would else use that page up. When the account has come back, or another
outage has begun, the link opens nothing any more.
"""

from datetime import timedelta

from django.core import signing
from django.urls import reverse

from integrations.models import HealthState, Integration, WorkspaceIntegrationHealth

SALT = "holdfast.owner-link"
VALID_FOR = timedelta(hours=24)


class LinkExpired(Exception):
    """The link is no longer good, or never was. `back`: because the account works again."""

    def __init__(self, back: bool = False) -> None:
        super().__init__("link expired")
        self.back = back


def path(integration: Integration) -> str:
    """Where the owner of `integration` reconnects it, while it is down as it is now."""
    health = WorkspaceIntegrationHealth.objects.get(integration=integration)
    token = signing.dumps([str(integration.pk), health.version], salt=SALT)
    return reverse("owner-reconnect", args=[token])


def read(token: str) -> WorkspaceIntegrationHealth:
    """The health of the account that the link is about, which needs reconnecting. Raises LinkExpired."""
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
